"""The smallest HTTP tracker: tells every announcer the peers a test gave it.

It answers at `/announce` (libtorrent refuses other paths on loopback) with compact
IPv4 peers, counts announces and keeps their parameters. It learns no peer by itself.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

Address = tuple[str, int]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up on its last announce is not worth a traceback."""


class Tracker:
    """A context manager; `peers` may be replaced at any time."""

    def __init__(self, peers: Iterable[Address] = (), *, interval: int = 1800) -> None:
        self.peers = list(peers)
        self.interval = interval
        self.announces: list[dict[str, str]] = []
        self._heard = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/announce"

    def wait_for_announce(self, count: int = 1, timeout: float = 30) -> None:
        """Return when `count` announces have come; TimeoutError after `timeout` s."""
        with self._heard:
            if not self._heard.wait_for(lambda: len(self.announces) >= count, timeout):
                raise TimeoutError(f"{len(self.announces)} of {count} announces")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        tracker = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                if url.path != "/announce":
                    self.send_error(404)
                    return
                body = tracker._answer(dict(parse_qsl(url.query, encoding="latin-1")))
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler

    def _answer(self, parameters: dict[str, str]) -> bytes:
        with self._heard:
            self.announces.append(parameters)
            self._heard.notify_all()
        peers = b"".join(
            socket.inet_aton(host) + struct.pack("!H", port)
            for host, port in self.peers
        )
        head = f"d8:intervali{self.interval}e5:peers{len(peers)}:"
        return head.encode() + peers + b"e"
