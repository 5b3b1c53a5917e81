"""A TCP and UDP relay that adds a fixed delay each way, and nothing else.

Every chunk is stamped when it comes and leaves when its time is due, so chunks in
flight do not wait for one another and throughput is not limited (a bound on what is
in flight only guards the memory). A connect costs a round trip as it would on a real
line: what the client sends first is held that much longer. UDP carries uTP, which many
clients try first. Runs on its caller's asyncio loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

IN_FLIGHT = 64 << 20  # bytes, each direction of a connection


class Line(asyncio.Protocol):
    """One direction: what this end receives is sent, later, by the other end."""

    def __init__(self, delay: float, hold: float = 0.0) -> None:
        self._loop = asyncio.get_running_loop()
        self._delay = delay
        self._open_at = self._loop.time() + hold
        self._flying: deque[tuple[float, bytes | None]] = deque()
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._reading = True
        self._sending = True
        self.transport: asyncio.Transport | None = None
        self.other: Line | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._fly(data)

    def eof_received(self) -> bool:
        self._fly(None)
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._fly(None)
        if self.other is not None:
            self.other.pause()

    def pause_writing(self) -> None:
        """This end's reader is slow: the other end's chunks wait."""
        assert self.other is not None
        self.other.pause()

    def resume_writing(self) -> None:
        assert self.other is not None
        self.other.go_on()

    def pause(self) -> None:
        self._sending = False

    def go_on(self) -> None:
        self._sending = True
        self._arm()

    def _fly(self, data: bytes | None) -> None:
        due = max(self._loop.time(), self._open_at) + self._delay
        self._flying.append((due, data))
        self._bytes += len(data or b"")
        self._throttle()
        self._arm()

    def _arm(self) -> None:
        if self._timer is None and self._flying and self._sending:
            self._timer = self._loop.call_at(self._flying[0][0], self._land)

    def _land(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._flying and self._sending and self._flying[0][0] <= now:
            self._send(self._flying.popleft()[1])
        self._throttle()
        self._arm()

    def _send(self, data: bytes | None) -> None:
        target = self.other.transport if self.other else None
        if target is None or target.is_closing():
            return
        if data is None:
            target.close()
        else:
            self._bytes -= len(data)
            target.write(data)

    def _throttle(self) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        if self._reading and self._bytes > IN_FLIGHT:
            self._reading = False
            self.transport.pause_reading()
        elif not self._reading and self._bytes < IN_FLIGHT // 2:
            self._reading = True
            self.transport.resume_reading()


class Datagrams(asyncio.DatagramProtocol):
    """The UDP side: one socket towards the target for every client."""

    def __init__(self, delay: float, target: tuple[str, int]) -> None:
        self._delay = delay
        self._target = target
        self._far: dict[tuple[str, int], asyncio.Task[asyncio.DatagramTransport]] = {}
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        if addr not in self._far:
            self._far[addr] = loop.create_task(self._open(addr))
        task = self._far[addr]
        loop.call_later(
            self._delay,
            task.add_done_callback,
            lambda opened: opened.result().sendto(data),
        )

    def _answer(self, data: bytes, client: tuple[str, int]) -> None:
        if self._transport is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(self._delay, self._transport.sendto, data, client)

    async def _open(self, client: tuple[str, int]) -> asyncio.DatagramTransport:
        class Far(asyncio.DatagramProtocol):
            def datagram_received(_, data: bytes, addr: object) -> None:
                self._answer(data, client)

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            Far, remote_addr=self._target
        )
        return transport


async def start_relay(
    host: str, target: tuple[str, int], delay: float
) -> tuple[asyncio.Server, int]:
    """Listen on a free port of `host`; `delay` is one way, in seconds.

    The port is free on TCP; on UDP it is then free too, as nobody else uses `host`.
    """
    loop = asyncio.get_running_loop()
    dialling: set[asyncio.Task[None]] = set()

    def accepted() -> Line:
        near, far = Line(delay, hold=2 * delay), Line(delay)
        near.other, far.other = far, near
        near.pause()  # until somebody is at the other end
        task = loop.create_task(_dial(near, far, target))
        dialling.add(task)
        task.add_done_callback(dialling.discard)
        return near

    server = await loop.create_server(accepted, host, 0)
    port = server.sockets[0].getsockname()[1]
    await loop.create_datagram_endpoint(
        lambda: Datagrams(delay, target), local_addr=(host, port)
    )
    return server, port


async def _dial(near: Line, far: Line, target: tuple[str, int]) -> None:
    loop = asyncio.get_running_loop()
    try:
        await loop.create_connection(lambda: far, *target)
    except OSError:
        if near.transport is not None:
            near.transport.abort()
    else:
        near.go_on()
