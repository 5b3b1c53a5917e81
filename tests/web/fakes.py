"""Streams whose pieces arrive when the test says so, and a raw HTTP client."""

from __future__ import annotations

import asyncio
import functools
import queue
import socket
import threading
from dataclasses import dataclass, field

from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.exceptions import NoSuchStream, VozduxanError
from mopidy_vozduxan.streaming.stream_info import StreamInfo

WAIT = 20.0  #: seconds; a bound for a wait, never a pause
PIECE = 64 * 1024


@functools.cache
def content(size: int) -> bytes:
    """Bytes in which every offset of 4 differs from every other."""
    return b"".join(i.to_bytes(4, "big") for i in range(-(-size // 4)))[:size]


class FakeStream:
    """One stream. All methods but ``wait_*`` run on the bridge's loop."""

    def __init__(self, info: StreamInfo, data: bytes, *, held: bool) -> None:
        self.info = info
        self.data = data
        self.held = held  # every piece is there
        self.metadata = True
        self.pieces: set[int] = set()
        self.failure: VozduxanError | None = None
        self.changed = asyncio.Condition()
        self.released = False
        self.touched = 0
        self.reads: queue.Queue[int] = queue.Queue()
        self.opened: queue.Queue[FakeReader] = queue.Queue()

    async def until(self, ready) -> None:
        async with self.changed:
            await self.changed.wait_for(ready)


class PlainFiles:
    """What the player's door knows of files: all are served as they are."""

    async def of(self, *_: object) -> None:
        return None


class FakeReader:
    """Counts reads, and tells when it was closed."""

    def __init__(self, stream: FakeStream, start: int, stop: int, player: bool):
        self.stream, self.offset, self.stop = stream, start, stop
        self.player = player
        self.reads = 0
        self.closed = threading.Event()

    async def next(self) -> bytes | None:
        assert not self.closed.is_set()
        if self.offset >= self.stop:
            return None
        self.reads += 1
        piece = self.offset // PIECE
        self.stream.reads.put(piece)
        stream = self.stream
        await stream.until(
            lambda: stream.held or piece in stream.pieces or stream.failure
        )
        if not stream.held and piece not in stream.pieces:
            assert stream.failure
            raise stream.failure
        start, end = self.offset, min(self.stop, (piece + 1) * PIECE)
        self.offset = end
        return stream.data[start:end]

    def close(self) -> None:
        self.closed.set()


@dataclass
class FakeStreams:
    """Implements the protocol, and lets the test thread pull the strings."""

    bridge: Bridge
    streams: dict[str, FakeStream] = field(default_factory=dict)
    failed: queue.Queue[tuple[str, str]] = field(default_factory=queue.Queue)

    def known(self, token: str) -> StreamInfo | None:
        stream = self._find(token)
        return stream.info if stream.metadata else None

    async def describe(self, token: str) -> StreamInfo:
        stream = self._find(token)
        stream.touched += 1
        await stream.until(lambda: stream.metadata or stream.failure)
        if not stream.metadata:
            assert stream.failure
            raise stream.failure
        return stream.info

    async def released(self, token: str) -> None:
        if token in self.streams:
            stream = self.streams[token]
            await stream.until(lambda: stream.released)

    def fail(self, token: str, error: VozduxanError) -> None:
        self.failed.put((token, str(error)))

    def open_reader(
        self, token: str, start: int, stop: int, *, player: bool
    ) -> FakeReader:
        stream = self._find(token)
        reader = FakeReader(stream, start, stop, player)
        stream.opened.put(reader)
        return reader

    def _find(self, token: str) -> FakeStream:
        if token not in self.streams:
            raise NoSuchStream("No such stream.")
        return self.streams[token]

    # what the test thread calls

    def add(self, token: str, size: int, *, held: bool = True, **info: str):
        described = {
            "name": "01 - Song.flac",
            "content_type": "audio/flac",
            "etag": "ab12-3",
            **info,
        }

        async def make() -> FakeStream:
            made = FakeStream(
                StreamInfo(size=size, **described), content(size), held=held
            )
            self.streams[token] = made
            return made

        return self.bridge.ask(make()).result(WAIT)

    def change(self, token: str, **attributes: object) -> None:
        async def apply() -> None:
            stream = self.streams[token]
            async with stream.changed:
                for name, value in attributes.items():
                    setattr(stream, name, value)
                stream.changed.notify_all()

        self.bridge.ask(apply()).result(WAIT)

    def release(self, token: str) -> None:
        async def apply() -> None:
            stream = self.streams.pop(token)
            async with stream.changed:
                stream.released = True
                stream.changed.notify_all()

        self.bridge.ask(apply()).result(WAIT)


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes
    complete: bool  # as many bytes as Content-Length says


class Client:
    """One connection, by hand, so that the test sees what is on the wire."""

    def __init__(self, port: int, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(WAIT)
        self.socket.connect(("127.0.0.1", port))
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def send(self, path: str, method: str = "GET", **headers: str) -> None:
        lines = [f"{method} {path} HTTP/1.1"]
        headers = {"Host": "localhost"} | headers
        lines += [f"{name.replace('_', '-')}: {v}" for name, v in headers.items()]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def head(self) -> tuple[int, dict[str, str]]:
        status = int(self.file.readline().split()[1])
        headers = {}
        while line := self.file.readline().strip().decode("latin-1"):
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
        return status, headers

    def ended_silently(self) -> bool:
        return self.file.read(1) == b""

    def get(self, path: str, method: str = "GET", **headers: str) -> Reply:
        self.send(path, method, **headers)
        status, received = self.head()
        length = int(received.get("content-length", 0))
        no_body = method == "HEAD" or status == 304
        body = b"" if no_body else self.file.read(length)
        return Reply(status, received, body, no_body or len(body) == length)
