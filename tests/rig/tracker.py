"""The smallest HTTP tracker: tells every announcer the peers a test gave it.

It answers at `/announce` (libtorrent refuses other paths on loopback) with compact
IPv4 peers, counts announces and keeps their parameters. It learns no peer by itself.
While it is `down`, it hangs up instead.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, urlsplit

from tests.rig.loopback_server import LoopbackServer, QuietHandler

Address = tuple[str, int]


class Tracker(LoopbackServer):
    """A context manager; `peers` may be replaced at any time."""

    def __init__(
        self,
        peers: Iterable[Address] = (),
        *,
        interval: int = 1800,
        host: str = "127.0.0.1",
    ) -> None:
        self.peers = list(peers)
        self.interval = interval
        self.down = False
        self.refusal = ""  # what it answers everybody
        self.announces: list[dict[str, str]] = []
        self._heard = threading.Condition()
        super().__init__(host)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}/announce"

    def wait_for_announce(self, count: int = 1, timeout: float = 30) -> None:
        """Return when `count` announces have come; TimeoutError after `timeout` s."""
        with self._heard:
            if not self._heard.wait_for(lambda: len(self.announces) >= count, timeout):
                raise TimeoutError(f"{len(self.announces)} of {count} announces")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        tracker = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                if url.path != "/announce":
                    self.send_error(404)
                    return
                body = tracker._answer(dict(parse_qsl(url.query, encoding="latin-1")))
                if tracker.down:
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler

    def _answer(self, parameters: dict[str, str]) -> bytes:
        with self._heard:
            self.announces.append(parameters)
            self._heard.notify_all()
        peers = b"".join(
            socket.inet_aton(host) + struct.pack("!H", port)
            for host, port in self.peers
        )
        if self.refusal:
            words = self.refusal.encode()
            return b"d14:failure reason%d:%se" % (len(words), words)
        head = f"d8:intervali{self.interval}e5:peers{len(peers)}:"
        return head.encode() + peers + b"e"
