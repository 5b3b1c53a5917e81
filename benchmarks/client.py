"""An HTTP client that times the first byte, and checks every byte."""

from __future__ import annotations

import socket
import time
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

READ_BYTES = 256 * 1024


class WrongBytesError(Exception):
    """The bytes that came differ from the source."""


class Download:
    """A request for ``source[start:]`` of ``url``; sent by the constructor."""

    def __init__(self, url: str, source: bytes, start: int, patience: float) -> None:
        parts = urlsplit(url)
        assert parts.hostname and parts.port
        self._source = source
        self._at = start
        self._give_up = time.monotonic() + patience
        self._socket = socket.create_connection((parts.hostname, parts.port), patience)
        self._socket.sendall(
            f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Range: bytes={start}-\r\n\r\n".encode()
        )

    def first_byte(self) -> float | None:
        """Return the monotonic time of the first byte; ``None`` if patience ended."""
        head = b""
        try:
            while b"\r\n\r\n" not in head:
                head += self._receive()
            head, _, body = head.partition(b"\r\n\r\n")
            status = head.split()[1]
            if status not in (b"200", b"206"):
                raise WrongBytesError(head.decode("latin-1"))
            while not body:
                body = self._receive()
        except TimeoutError:
            return None
        came = time.monotonic()
        self._compare(body)
        return came

    def read_for(self, seconds: float) -> None:
        """Read as fast as bytes come, for ``seconds`` or to the end."""
        until = min(time.monotonic() + seconds, self._give_up)
        try:
            while self._at < len(self._source) and time.monotonic() < until:
                self._socket.settimeout(max(0.001, until - time.monotonic()))
                self._compare(self._receive(until))
        except TimeoutError:
            pass

    def read_to_end(self) -> bool:
        """Read all; ``False`` if patience ended."""
        self.read_for(float("inf"))
        return self._at == len(self._source)

    def _receive(self, until: float | None = None) -> bytes:
        left = (until or self._give_up) - time.monotonic()
        self._socket.settimeout(max(0.001, left))
        data = self._socket.recv(READ_BYTES)
        if not data:
            raise WrongBytesError(f"the response broke off at {self._at}")
        return data

    def _compare(self, data: bytes) -> None:
        stop = self._at + len(data)
        if data != self._source[self._at : stop]:
            raise WrongBytesError(f"wrong bytes in {self._at}-{stop}")
        self._at = stop

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()
