"""The player's door: streams on a private loopback port, on our own loop.

Mopidy's own HTTP server is blocked while any client's slow call runs, may be turned
off, and is not up yet when Mopidy resumes playback at its start. So the player gets a
server that depends on none of that. It serves streams to the player, and commands to
holders of the key (:mod:`mopidy_vozduxan.web.server_file`). It ignores forwarding
headers, and is reachable from this machine only.
"""

from __future__ import annotations

import logging
import secrets
import socket
import threading

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from mopidy_vozduxan import running
from mopidy_vozduxan.allocator import give_back
from mopidy_vozduxan.decoding.registry import get_ready
from mopidy_vozduxan.decoding.served import Kind
from mopidy_vozduxan.exceptions import ShuttingDown
from mopidy_vozduxan.jobs.jobs import Jobs
from mopidy_vozduxan.running import StreamsHere
from mopidy_vozduxan.streaming.target import Cut
from mopidy_vozduxan.web.api import KeyedCommandHandler
from mopidy_vozduxan.web.csrf import CrossSiteRules
from mopidy_vozduxan.web.cut import PATTERN, CutHandler, Heads, WholeHandler, path_of
from mopidy_vozduxan.web.server_file import ServerAddress

logger = logging.getLogger(__name__)

_HOST = "127.0.0.1"

#: GStreamer reads as far ahead as the kernel buffers: with the default it was
#: 10-18 MB at 9 s of music, with this 2.5-12 MB. Accepted sockets inherit it.
_SEND_BUFFER_BYTES = 64 * 1024

#: An idle connection between two requests; soup reuses it for the next track.
_IDLE_SECONDS = 60

#: Mopidy has the processor to itself for this long when it starts. A track that is
#: played sooner loads by itself what the first start needs.
READY_AFTER_S = 0.5
#: Loading modules has left 2 to 6 MB free by then.
CALM_AFTER_S = 4.0


class PlayerDoor:
    """A Tornado server for the player. ``start`` once, ``stop`` once.

    Its ``jobs`` decode files that the player cannot get as they are, and end with it.
    ``kinds`` is what is already known about files.
    """

    def __init__(self, served: StreamsHere, kinds: Heads[Kind] | None = None) -> None:
        self._served = served
        self._kinds = kinds or Heads()
        self.jobs = Jobs()
        self._sockets: list[socket.socket] = []
        self._port: int | None = None
        self._server: HTTPServer | None = None
        self._key = secrets.token_urlsafe(32)
        self._later = [
            threading.Timer(READY_AFTER_S, get_ready),
            threading.Timer(CALM_AFTER_S, give_back),
        ]
        for timer in self._later:
            timer.daemon = True

    def start(self) -> None:
        """Bind a free port, on any thread; URLs are valid from now on."""
        self._sockets = bind_sockets(0, _HOST, family=socket.AF_INET)
        for sock in self._sockets:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        self._port = self._sockets[0].getsockname()[1]
        self._served.bridge.tell(self._serve)
        for timer in self._later:
            timer.start()

    def url_for(self, token: str, cut: Cut | None = None) -> str:
        """Return the URL of a stream, or of a cut of it, for the player.

        From any thread.
        """
        if self._port is None:
            raise ShuttingDown("The player's door is not open.")
        url = f"http://{_HOST}:{self._port}/vozduxan/stream/{token}"
        return url + path_of(cut) if cut else url

    @property
    def address(self) -> ServerAddress:
        """The URL for commands, and its key."""
        return ServerAddress(f"http://{_HOST}:{self._port}/vozduxan/api/", self._key)

    @property
    def proxy(self) -> dict[str, object]:
        """This door as the proxy for its own URLs, as Mopidy's ``[proxy]`` section.

        For readers that would otherwise use the environment's proxy, and whose HTTP
        source nobody can reach to unset it.
        """
        return {"scheme": "http", "hostname": _HOST, "port": self._port}

    async def stop(self) -> None:
        """Close the port and every connection. Runs on the bridge's loop."""
        self._port = None
        for timer in self._later:
            timer.cancel()
        self.jobs.close()
        if self._server is None:
            for sock in self._sockets:
                sock.close()
            return
        self._server.stop()
        await self._server.close_all_connections()

    def _serve(self) -> None:
        find: dict[str, object] = {"find": lambda: self._served}
        # A request to a proxy names the whole URL: see `proxy`.
        pattern = r"(?:http://[^/]+)?/vozduxan/stream/([A-Za-z0-9_-]+)"
        keyed = {"find": running.find, "rules": CrossSiteRules(), "key": self._key}
        routes = [
            (pattern, WholeHandler, {**find, "kinds": self._kinds, "jobs": self.jobs}),
            (
                pattern + PATTERN,
                CutHandler,
                {**find, "heads": Heads(), "jobs": self.jobs},
            ),
            (r"/vozduxan/api/(.*)", KeyedCommandHandler, keyed),
        ]
        self._server = HTTPServer(
            Application(routes, log_function=_log_request),
            idle_connection_timeout=_IDLE_SECONDS,
            max_header_size=16 * 1024,
            max_body_size=1024,
        )
        self._server.add_sockets(self._sockets)


def _log_request(handler: RequestHandler) -> None:
    request = handler.request
    asked = request.headers.get("Range", "whole")
    place = (request.path or "").removeprefix("/vozduxan/")
    status = handler.get_status()
    logger.debug("player: %s %s %s of %s", status, request.method, asked, place)
