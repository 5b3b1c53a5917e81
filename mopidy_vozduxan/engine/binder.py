"""Binds a session to the configured devices and addresses.

libtorrent does half of it by itself. ``listen_interfaces`` binds its listen sockets,
trackers, DHT and uTP. TCP connections to peers and web seeds use the default route,
unless ``outgoing_interfaces`` says otherwise. 2.0.8 does not notice that an address
disappeared. In every version, sockets bound to a device stay bound to the dead one when
the device is made again with its old name and address. So we watch the devices, and
update the session.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from mopidy_vozduxan.network.binding import Binding
from mopidy_vozduxan.network.devices import Device, Watch
from mopidy_vozduxan.network.ways import Standing

logger = logging.getLogger(__name__)

#: A new device causes several messages: its state, its addresses, its routes.
_GATHER_S = 0.2
#: For this long after a device came, a missing route over it may still follow.
_ROUTES_FOLLOW_S = 30.0
#: Longer than the name of any device: nothing can be sent over it.
_NOWHERE = "no-device-has-so-long-a-name"
#: libtorrent does not bind these to a device: LSD's group messages, and over IPv6 its
#: packets too, left by the default route, and NAT-PMP's did while the device was down
#: (2.0.8, 2.1.1).
_UNBINDABLE = ("enable_lsd", "enable_upnp", "enable_natpmp")
_UNBOUND = Standing(False, (), ())


def bound_settings(standing: Standing, usual: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that differ from the ``usual`` ones while bound.

    Without any device no peer is called: libtorrent never again calls a peer that it
    could not reach three times.
    """
    if not standing.bound:
        return {}
    speed = 0 if standing.lost else usual["connection_speed"]
    return {
        "listen_interfaces": ",".join(one.text for one, _ in standing.there),
        "outgoing_interfaces": ",".join(standing.devices) or _NOWHERE,
        "connection_speed": speed,
        **dict.fromkeys(_UNBINDABLE, False),
    }


class Binder:
    """Binds one session. Start it with ``settings``.

    ``came_back`` is called when a device appears, and again when a route over it does:
    earlier connections are dead, and peers can be called now. ``is_there`` is called
    when the first way out appears, or the last one disappears.
    """

    def __init__(self, usual: Mapping[str, Any]) -> None:
        self._usual = usual
        self._binding = Binding(str(usual.get("listen_interfaces", "")))
        self._standing = self._binding.standing()
        self._watch: Watch | None = None
        self._soon: asyncio.TimerHandle | None = None
        self._routed: set[int] = set()
        self._routes_until = 0.0

    @property
    def settings(self) -> dict[str, Any]:
        """All settings, for the devices that exist now."""
        return {**self._usual, **bound_settings(self._standing, self._usual)}

    def start(
        self,
        session: Any,
        loop: asyncio.AbstractEventLoop,
        came_back: Callable[[], None],
        is_there: Callable[[bool], None],
    ) -> None:
        """Watch the devices, update the session, and log what is wrong."""
        if not self._standing.bound:
            return
        self._session, self._loop = session, loop
        self._came_back, self._is_there = came_back, is_there
        self._say(_UNBOUND)
        try:
            self._watch = Watch()
        except OSError as exc:
            logger.warning("Vozduxan: Cannot watch network devices: %s", exc)
            return
        loop.add_reader(self._watch, self._changed)
        self._changed()  # something may have changed since we looked

    def stop(self) -> None:
        """Stop watching."""
        if self._watch:
            self._loop.remove_reader(self._watch)
            self._watch.close()
            self._watch = None
        if self._soon:
            self._soon.cancel()

    def _changed(self) -> None:
        assert self._watch is not None
        self._routed |= self._watch.routed()
        if self._soon is None:
            self._soon = self._loop.call_later(_GATHER_S, self._look)

    def _look(self) -> None:
        self._soon = None
        routed, self._routed = self._routed, set()
        before, self._standing = self._standing, self._binding.standing()
        if self._standing != before:
            self._say(before)
            self._follow(before)
        elif self._loop.time() < self._routes_until and routed & self._indexes():
            self._came_back()

    def _indexes(self) -> set[int]:
        return {device.index for _, device in self._standing.there}

    def _say(self, before: Standing) -> None:
        if self._standing.lost != before.lost:
            self._is_there(not self._standing.lost)
        sentence = self._standing.sentence
        if sentence and sentence != before.sentence:
            logger.warning("Vozduxan: %s", sentence)
        elif before.sentence and not sentence:
            devices = " and ".join(self._standing.devices)
            logger.info("Vozduxan: Torrents use %s again.", devices)

    def _follow(self, before: Standing) -> None:
        earlier = dict(before.there)
        new = [
            interface
            for interface, device in self._standing.there
            if not _continues(earlier.get(interface), device)
        ]
        if new:
            # libtorrent sees no difference, but sockets may be bound to a dead device.
            self._session.apply_settings({"listen_interfaces": ""})
        self._session.apply_settings(bound_settings(self._standing, self._usual))
        if new:
            self._routes_until = self._loop.time() + _ROUTES_FOLLOW_S
            self._came_back()


def _continues(before: Device | None, after: Device) -> bool:
    """Return whether sockets bound to the device before still work."""
    return (
        before is not None
        and before.index == after.index
        and set(before.addresses) <= set(after.addresses)
    )
