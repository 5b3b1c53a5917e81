"""The protocol between a job and the server, over a socket.

A message is its kind (one byte), the length of its body, and the body. The job's side
blocks; the server's is asynchronous (:mod:`~.jobs`). A job reads untrusted bytes, so we
do not trust its messages: bodies are JSON or bytes, never pickles.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from base64 import b64decode, b64encode
from typing import Any

HEAD = struct.Struct(">cI")
SPAN = struct.Struct(">QI")

#: From the job: it runs; it needs bytes (:data:`SPAN`); samples; an answer in JSON, or
#: a sentence about its failure, each as its last message.
BEGUN, NEEDS, SAMPLES, DONE, FAILED = b"B", b"N", b"S", b"D", b"F"
#: To the job: the bytes that it needs.
BYTES = b"b"

#: No message is longer. Pictures in tags are the longest.
LONGEST = 64 * 1024 * 1024


class JobsEnd:
    """The job's end of the socket. Any thread may send, one thread reads."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._sending = threading.Lock()

    def send(self, kind: bytes, body: bytes = b"") -> None:
        """Send a message; blocks until the server takes it."""
        with self._sending:
            self._sock.sendall(HEAD.pack(kind, len(body)) + body)

    def bytes_of(self, offset: int, length: int) -> bytes:
        """Return bytes of the file, fewer at its end; waits for the swarm."""
        self.send(NEEDS, SPAN.pack(offset, length))
        _, size = HEAD.unpack(self._receive(HEAD.size))
        return self._receive(size)

    def _receive(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            more = self._sock.recv(size - len(data))
            if not more:
                raise EOFError("the server has hung up")
            data += more
        return bytes(data)


def dump(value: Any) -> bytes:
    """Return plain values and bytes as JSON."""
    return json.dumps(value, default=_dump_bytes).encode()


def load(data: bytes) -> Any:
    """Return the value that :func:`dump` encoded. Raises :class:`ValueError`."""
    return json.loads(data, object_hook=_load_bytes)


def _dump_bytes(value: object) -> dict[str, str]:
    if isinstance(value, bytes):
        return {"bytes": b64encode(value).decode()}
    raise TypeError(type(value))


def _load_bytes(value: dict[str, Any]) -> Any:
    return b64decode(value["bytes"]) if value.keys() == {"bytes"} else value
