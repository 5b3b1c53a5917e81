"""What ``interface`` and ``listen_interfaces`` say: where to listen, what to bind to.

Pure: it does not look at this machine's devices.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass

_INTERFACE = re.compile(
    r"(?P<host>\[[^\]]*\]|[^\[\]:]+)"  # [IPv6], IPv4 or a device's name
    r":(?P<port>\d{1,5})(?P<flags>[sl]{0,2})",  # s is TLS, l is local
    re.IGNORECASE,
)
#: Linux allows 15 characters, any but ``/`` and space.
_DEVICE = re.compile(r"[\w.@-]{1,15}")


@dataclass(frozen=True, slots=True)
class Interface:
    """An address or a device of this machine, with a port: ``vpn0:6881``.

    ``host`` is an address (``fe80::1%eth0`` names the device too) or the name of a
    device; ``text`` is the original text.
    """

    host: str
    text: str

    @property
    def address(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """The address, if ``host`` is one."""
        return _address_of(self.host)

    @property
    def is_any(self) -> bool:
        """Whether it is ``0.0.0.0`` or ``[::]``, which mean every address."""
        return self.address is not None and self.address.is_unspecified


def interfaces_of(text: str) -> tuple[Interface, ...]:
    """Return the interfaces in a list; an empty text has none.

    Raises ValueError for invalid entries, and for a list that mixes named interfaces
    with ``0.0.0.0`` or ``[::]``.
    """
    parts = [part.strip() for part in text.split(",")] if text else []
    interfaces = tuple(map(_interface, parts))
    named = [one for one in interfaces if not one.is_any]
    if named and len(named) < len(interfaces):
        (every, *_) = (one for one in interfaces if one.is_any)
        raise ValueError(
            f"must not have {every.text} beside {named[0].text}: "
            "the one allows any route, the other binds all traffic"
        )
    return interfaces


def named_in(interfaces: tuple[Interface, ...]) -> tuple[Interface, ...]:
    """Return the devices and addresses that all traffic is bound to, if any."""
    return tuple(one for one in interfaces if not one.is_any)


def check_host(host: str) -> None:
    """Raise ValueError unless ``host`` is an address or the name of a device."""
    address = _address_of(host)
    if address is None and not _can_be_a_device(host):
        raise ValueError(f"must name an address or a device, not {host!r}")
    if address and address.is_unspecified:
        raise ValueError(f"must name one address or device; {host} means all of them")


def listening_of(config: Mapping[str, object]) -> str:
    """Return the interfaces to listen on, as ``listen_interfaces`` writes them.

    ``interface`` takes the place of all hosts there, and their ports stay. Raises
    ValueError as :func:`interfaces_of` does.
    """
    given, host = str(config["listen_interfaces"]), config.get("interface")
    if not host:
        return given
    shown = f"[{host}]" if ":" in str(host) else host
    ports = dict.fromkeys(one.text.rpartition(":")[2] for one in interfaces_of(given))
    return ",".join(f"{shown}:{port}" for port in ports)


def _address_of(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address, if ``host`` is one; ``fe80::1%eth0`` is."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _interface(text: str) -> Interface:
    match = _INTERFACE.fullmatch(text)
    if match is None or int(match["port"]) > 65535:
        raise ValueError(f"must be address:port, not {text!r}")
    interface = Interface(match["host"].strip("[]"), text)
    if interface.address is None and not _can_be_a_device(match["host"]):
        raise ValueError(f"must name an address or a device, not {match['host']!r}")
    return interface


def _can_be_a_device(host: str) -> bool:
    looks_like_an_address = re.fullmatch(r"[\d.]+", host) is not None
    return _DEVICE.fullmatch(host) is not None and not looks_like_an_address
