"""The interfaces that we are bound to: which of them exist now, and what is wrong.

Pure. An address stands for the device that has it. A socket bound to an address
alone still leaves by whatever device the routes say, also while the device with that
address is down (Linux 6.18: a default route over eth0 took everything).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from mopidy_vozduxan.network.devices import Device, Devices
from mopidy_vozduxan.network.interfaces import Interface


@dataclass(frozen=True, slots=True)
class Standing:
    """The named interfaces that exist now, in their order.

    ``troubles`` has a phrase for each one that does not. ``bound`` says whether any
    is named at all.
    """

    bound: bool
    there: tuple[tuple[Interface, Device], ...]
    troubles: tuple[str, ...]

    @property
    def devices(self) -> tuple[str, ...]:
        """The names of the devices by which traffic may leave."""
        return tuple(dict.fromkeys(device.name for _, device in self.there))

    @property
    def lost(self) -> bool:
        """Whether there is no way out at all."""
        return self.bound and not self.there

    @property
    def sentence(self) -> str | None:
        """What a listener should know, if anything is wrong."""
        if not self.troubles:
            return None
        troubles = "; ".join(self.troubles)
        meanwhile = " and ".join(self.devices) or "no other way"
        if self.lost:
            return f"{_capital(troubles)}: torrents wait, and use {meanwhile}."
        return f"{_capital(troubles)}: torrents use only {meanwhile}."


def standing_of(named: Sequence[Interface], devices: Devices) -> Standing:
    """Return which of the named interfaces exist, given these devices."""
    there, troubles = [], []
    for interface in named:
        device = _holder(interface, devices)
        trouble = _trouble(interface, device)
        if device is None or trouble:
            troubles.append(trouble)
        else:
            there.append((interface, device))
    return Standing(bool(named), tuple(there), tuple(dict.fromkeys(troubles)))


def _holder(interface: Interface, devices: Devices) -> Device | None:
    if interface.address is None:
        return devices.get(interface.host)
    bare, _, scope = interface.host.partition("%")
    address = ipaddress.ip_address(bare)
    for device in devices.values():
        if address in device.addresses and scope in ("", device.name):
            return device
    return None


def _trouble(interface: Interface, device: Device | None) -> str:
    host = interface.host
    if interface.address is None:
        if device is None:
            return f"there is no device {host}"
        if not device.up:
            return f"the device {host} is down"
        far = (a for a in device.addresses if not a.is_link_local)
        return "" if any(far) else f"the device {host} has no address"
    if device is None:
        return f"no device has the address {host}"
    return "" if device.up else f"the device of {host}, {device.name}, is down"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
