"""The network devices of this machine, and their changes, from Linux' rtnetlink.

Nothing here waits: the kernel answers at once. Without permission to ask, there are
no devices.
"""

from __future__ import annotations

import ipaddress
import socket
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h
_NEWLINK, _GETLINK, _NEWADDR, _GETADDR, _NEWROUTE = 16, 18, 20, 22, 24
_DONE, _ERROR = 3, 2
_REQUEST_DUMP = 0x301
_IFNAME, _IFA_ADDRESS, _IFA_LOCAL = 3, 1, 2
_UP_AND_RUNNING = 0x41
#: Links, addresses and routes, IPv4 and IPv6.
_GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400
_RTA_OIF = 4
_HEADER = struct.Struct("=IHHII")
_LINK_HEAD = struct.Struct("=BxHiII")
_ADDRESS_HEAD = struct.Struct("=BBBBi")
_ROUTE_HEAD = struct.Struct("=BBBBBBBBI")


@dataclass(frozen=True, slots=True)
class Device:
    """A device at one moment. A device that is made again has another ``index``."""

    name: str
    index: int
    up: bool
    addresses: tuple[Address, ...] = ()


Devices = Mapping[str, Device]


def look() -> Devices:
    """Return the devices by name, as they are now; none if the kernel does not say."""
    try:
        with closing(_open(0)) as kernel:
            links = list(_ask(kernel, _GETLINK, _NEWLINK))
            addresses = list(_ask(kernel, _GETADDR, _NEWADDR))
    except (OSError, AttributeError):  # not allowed to, or not Linux
        return {}
    return {device.name: device for device in _devices(links, addresses)}


class Watch:
    """Signals changes through ``fileno``, as sockets do."""

    def __init__(self) -> None:
        """Start; raises OSError if that is not allowed."""
        self._kernel = _open(_GROUPS)
        self._kernel.setblocking(False)

    def fileno(self) -> int:
        """Return the descriptor that becomes readable with every change."""
        return self._kernel.fileno()

    def routed(self) -> set[int]:
        """Read the messages; return the indexes of devices that have new routes."""
        indexes: set[int] = set()
        # OSError: nothing is left, or the kernel dropped messages. Callers look at
        # the devices again in any case.
        with suppress(OSError):
            while data := self._kernel.recv(65536):
                routes = (body for kind, body in _messages(data) if kind == _NEWROUTE)
                indexes |= set(map(_device_of, routes))
        return indexes

    def close(self) -> None:
        """Stop."""
        self._kernel.close()


def _open(groups: int) -> socket.socket:
    kernel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    try:
        kernel.bind((0, groups))
    except OSError:
        kernel.close()
        raise
    return kernel


def _ask(kernel: socket.socket, request: int, wanted: int) -> Iterator[bytes]:
    """Ask the kernel for everything of one kind."""
    body = b"\0" * 16  # of any family
    length = _HEADER.size + len(body)
    kernel.send(_HEADER.pack(length, request, _REQUEST_DUMP, 0, 0) + body)
    while True:
        for kind, message in _messages(kernel.recv(65536)):
            if kind in (_DONE, _ERROR):
                return
            if kind == wanted:
                yield message


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(data)
        yield kind, data[_HEADER.size : length]
        data = data[(max(length, _HEADER.size) + 3) & ~3 :]


def _attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        found[kind] = data[4:length]
        data = data[(max(length, 4) + 3) & ~3 :]
    return found


def _device_of(route: bytes) -> int:
    """Return the index of a route's device; 0 for none, or several."""
    index = _attributes(route[_ROUTE_HEAD.size :]).get(_RTA_OIF)
    return int.from_bytes(index, sys.byteorder) if index else 0


def _devices(links: list[bytes], addresses: list[bytes]) -> Iterator[Device]:
    on: dict[int, list[Address]] = {}
    for message in addresses:
        index = _ADDRESS_HEAD.unpack_from(message)[4]
        attributes = _attributes(message[_ADDRESS_HEAD.size :])
        # A tunnel's IFA_ADDRESS is its other end.
        packed = attributes.get(_IFA_LOCAL) or attributes[_IFA_ADDRESS]
        on.setdefault(index, []).append(ipaddress.ip_address(packed))
    for message in links:
        _, _, index, flags, _ = _LINK_HEAD.unpack_from(message)
        name = _attributes(message[_LINK_HEAD.size :])[_IFNAME].rstrip(b"\0").decode()
        up = flags & _UP_AND_RUNNING == _UP_AND_RUNNING
        yield Device(name, index, up, tuple(on.get(index, ())))
