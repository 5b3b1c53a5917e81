"""Network namespaces: a home with two ways to a far host, and ears on either way.

Everything is the kernel's own and leaves with the processes that hold it; nothing of
the machine's network is seen or changed. Needs root and iproute2.

::

    home                                        router          far
    eth0  192.0.2.2, the default route  <--->   192.0.2.1
                                                  198.51.100.254  <--->  198.51.100.1
    vpn0  10.8.0.2, a route of its own  <--->   10.8.0.1
"""

from __future__ import annotations

import ctypes
import ipaddress
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

#: Where peers, trackers and web servers live: not on a network of either way.
FAR = "198.51.100.1"
ETH, VPN = "eth0", "vpn0"
_MAC = "02:00:00:00:00:01"  # of the router, on either way
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)
_RST = 4
_OUTGOING = 4  # PACKET_OUTGOING: what the side that listens has sent itself


class Namespace:
    """A network namespace, held open by a process that waits."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(
            ["unshare", "--net", "sh", "-c", "echo; exec cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._holder.stdout is not None
        self._holder.stdout.readline()
        self.pid = self._holder.pid
        self._file = Path(f"/proc/{self.pid}/ns/net")

    def ip(self, *words: str) -> None:
        """Run ``ip WORDS`` inside."""
        self.run("ip", *words)

    def run(self, *line: str) -> None:
        """Run a command inside."""
        inside = ["nsenter", f"--net={self._file}", *line]
        subprocess.run(inside, check=True, capture_output=True)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """This thread, and what it starts, lives inside."""
        with open("/proc/thread-self/ns/net") as before:
            with self._file.open() as inside:
                _enter(inside.fileno())
            try:
                yield
            finally:
                _enter(before.fileno())

    def close(self) -> None:
        self._holder.communicate()


def _enter(descriptor: int) -> None:
    if _libc.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class TwoWays:
    """A context manager: the two namespaces of this module, joined."""

    def __enter__(self) -> Self:
        self.home, self.router, self.far = Namespace(), Namespace(), Namespace()
        for side in (self.home, self.far):
            side.ip("link", "set", "lo", "up")
        self.router.run("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
        self._join(self.far, "far0", "198.51.100", metric=0)
        self._join(self.home, ETH, "192.0.2", metric=0)
        self.join_vpn()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for namespace in (self.home, self.router, self.far):
            namespace.close()

    def join_vpn(self, network: str = "10.8.0") -> None:
        """Make home's VPN device, with an address of that network."""
        self._join(self.home, VPN, network, metric=500)

    def _join(self, side: Namespace, device: str, network: str, *, metric: int) -> None:
        """Make a device between a side and the router, and a route over it."""
        peer = ("peer", "name", device, "address", _MAC, "netns", str(self.router.pid))
        side.ip("link", "add", device, "type", "veth", *peer)
        last = "254" if side is self.far else "1"
        self.router.ip("address", "add", f"{network}.{last}/24", "dev", device)
        self.router.ip("link", "set", device, "up")
        own = "1" if side is self.far else "2"
        side.ip("address", "add", f"{network}.{own}/24", "dev", device)
        if side is self.home:  # what is of IPv6 would be seen too
            six = f"fd00:{metric}::2/64"
            side.ip("address", "add", six, "dev", device, "nodad")
        self._up(side, device, f"{network}.{last}", metric)

    def vpn_up(self, network: str = "10.8.0") -> None:
        """Set home's VPN device up again, with the route that went with it."""
        self._up(self.home, VPN, f"{network}.1", metric=500)

    def vpn_down(self) -> None:
        """Set it down; it keeps its IPv4 address."""
        self.home.ip("link", "set", VPN, "down")

    def delete_vpn(self) -> None:
        """Take it away, with its addresses."""
        self.home.ip("link", "delete", VPN)

    def _up(self, side: Namespace, device: str, gateway: str, metric: int) -> None:
        side.ip("link", "set", device, "up")
        # Known for good, so that what leaves is seen itself and not a question first.
        side.ip("neighbour", "replace", gateway, "lladdr", _MAC, "dev", device)
        way = ("via", gateway, "dev", device, "metric", str(metric))
        side.ip("route", "replace", "default", *way)


class Capture:
    """A context manager that keeps what home sends over a device.

    Not what the kernel says by itself: of IPv6, where it looks for routers and
    neighbours, and TCP's resets. It answers with one to what still comes for a
    connection that has been closed, and that belongs to no socket any more, so
    nobody's binding counts for it (Linux 6.18).
    """

    def __init__(self, ways: TwoWays, device: str) -> None:
        self._heard: list[str] = []
        with ways.router.entered():
            # Of no protocol, and so deaf, until it is bound to the device.
            self._ears = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        self._ears.setblocking(False)
        self._ears.bind((device, 0x0003))  # ETH_P_ALL

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ears.close()

    @property
    def packets(self) -> list[str]:
        """All that was sent up to now; of very many the first."""
        with suppress(BlockingIOError):
            while True:
                packet, (_, protocol, kind, *_) = self._ears.recvfrom(65536)
                if kind != _OUTGOING and (told := _described(protocol, packet)):
                    self._heard.append(told)
        return self._heard


def _described(protocol: int, packet: bytes) -> str | None:
    """Who sends what to whom; None for what the kernel sends by itself."""
    match protocol:
        case 0x0800:
            return _ip(packet[9], packet[12:16], packet[16:20], packet, packet[0] % 16)
        case 0x86DD if packet[6] in (socket.IPPROTO_TCP, socket.IPPROTO_UDP):
            return _ip(packet[6], packet[8:24], packet[24:40], packet, 10)
        case 0x0806:
            return f"ARP for {socket.inet_ntoa(packet[24:28])}"
    return None


def _ip(
    kind: int, source: bytes, target: bytes, packet: bytes, words: int
) -> str | None:
    body = packet[words * 4 :]
    if kind == socket.IPPROTO_TCP and body[13] & _RST:
        return None
    hosts = (ipaddress.ip_address(source), ipaddress.ip_address(target))
    port = int.from_bytes(body[2:4], "big")
    return f"IP/{kind} {hosts[0]} > {hosts[1]} port {port}, {len(packet)} bytes"
