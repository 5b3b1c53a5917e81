"""The smallest SOCKS5 proxy: TCP only, with a password if it is given one.

It runs on a thread of its own, in the network namespace where it is started, and keeps
where it was asked to connect to.
"""

from __future__ import annotations

import asyncio
import ipaddress
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class SocksProxy:
    """``targets`` are hosts and ports; ``refused`` counts wrong passwords."""

    def __init__(self, user: str = "", password: str = "") -> None:
        self.targets: list[tuple[str, int]] = []
        self.refused = 0
        self._word = (user.encode(), password.encode()) if user else None

    @contextmanager
    def serving(self, host: str) -> Iterator[int]:
        """Serve there; yield the port."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        starting = asyncio.start_server(self._serve, host, 0)
        server = asyncio.run_coroutine_threadsafe(starting, loop).result(10)
        yield int(server.sockets[0].getsockname()[1])
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)

    async def _serve(
        self, near: asyncio.StreamReader, back: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            if await self._greeted(near, back):
                await self._connect(near, back)
        back.close()

    async def _greeted(
        self, near: asyncio.StreamReader, back: asyncio.StreamWriter
    ) -> bool:
        _, count = await near.readexactly(2)
        methods = await near.readexactly(count)
        method = 2 if self._word else 0
        if method not in methods:
            back.write(b"\5\xff")
            self.refused += 1
            return False
        back.write(bytes([5, method]))
        if not self._word:
            return True
        given = []
        await near.readexactly(1)
        for _ in range(2):
            (length,) = await near.readexactly(1)
            given.append(await near.readexactly(length))
        right = tuple(given) == self._word
        back.write(b"\1\0" if right else b"\1\1")
        self.refused += not right
        return right

    async def _connect(
        self, near: asyncio.StreamReader, back: asyncio.StreamWriter
    ) -> None:
        _, command, _, kind = await near.readexactly(4)
        if kind == 3:
            (length,) = await near.readexactly(1)
            host = (await near.readexactly(length)).decode()
        else:
            packed = await near.readexactly(4 if kind == 1 else 16)
            host = str(ipaddress.ip_address(packed))
        port = int.from_bytes(await near.readexactly(2), "big")
        if command != 1:  # UDP, or incoming connections
            back.write(b"\5\7\0\1" + bytes(6))
            return
        self.targets.append((host, port))
        far, onwards = await asyncio.open_connection(host, port)
        back.write(b"\5\0\0\1" + bytes(6))
        await asyncio.gather(_pass(near, onwards), _pass(far, back))


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.close()
