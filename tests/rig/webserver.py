"""A web server on loopback that answers as a test says, and a little proxy.

Both note what they were asked. A route is bytes, or a function that gets the
handler and answers by itself; files may be read in ranges, as web seeds are.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from urllib.parse import unquote, urlsplit

from tests.rig.loopback_server import LoopbackServer, QuietHandler

Route = bytes | Callable[[BaseHTTPRequestHandler], None]


class WebServer(LoopbackServer):
    """A context manager; `routes` may be changed at any time.

    `requests` are (path, headers); `closing` is set when it stops, for routes
    that hold a client up.
    """

    def __init__(
        self, routes: Mapping[str, Route] | None = None, *, host: str = "127.0.0.1"
    ) -> None:
        self.routes: dict[str, Route] = dict(routes or {})
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.closing = threading.Event()
        super().__init__(host)

    def url(self, path: str) -> str:
        return f"http://{self.host}:{self.port}{path}"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        super().__exit__(kind, error, trace)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        web = self

        class Handler(QuietHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                web.requests.append((self.path, dict(self.headers)))
                # A proxy is asked for the whole URL.
                path = unquote(urlsplit(self.path).path)
                route = web.routes.get(self.path) or web.routes.get(path)
                if route is None:
                    answer(self, 404, b"nothing here")
                elif isinstance(route, bytes):
                    _answer_ranges(self, route)
                else:
                    route(self)

        return Handler


def answer(
    handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str
) -> None:
    """Answer; `Content_Encoding="gzip"` is how headers are named."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    if "Content_Length" not in headers:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
    handler.close_connection = headers.get("Connection") == "close"


def redirect(location: str) -> Route:
    """A route that leads elsewhere."""
    return lambda handler: answer(handler, 302, b"", Location=location)


def _answer_ranges(handler: BaseHTTPRequestHandler, body: bytes) -> None:
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("Range", ""))
    if asked is None:
        return answer(handler, 200, body)
    start, stop = int(asked[1]), int(asked[2] or len(body) - 1) + 1
    span = f"bytes {start}-{min(stop, len(body)) - 1}/{len(body)}"
    return answer(handler, 206, body[start:stop], Content_Range=span)


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
