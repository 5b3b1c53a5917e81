"""The bases of our HTTP handlers: errors are JSON, and nothing is guessed.

They never send a traceback. They send CORS headers only if
:mod:`mopidy_vozduxan.web.csrf` says so: pages of other origins may not read what we
serve.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus

from tornado.concurrent import Future
from tornado.web import RequestHandler

from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.running import Running
from mopidy_vozduxan.web.csrf import CrossSiteRules, UnknownHost
from mopidy_vozduxan.web.hosts import name_in, own_names

logger = logging.getLogger(__name__)

#: Log no more than this many unknown names: a listener does not have so many.
_MOST_TOLD = 10
_told: set[str] = set()

_RETRY_SECONDS = "2"


class Handler(RequestHandler):
    """A Tornado handler that refuses with ``{"error": {"code", "message"}}``."""

    def set_default_headers(self) -> None:
        """Forbid browsers to guess a content type, and caches to keep errors."""
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")

    async def check_host(self, rules: CrossSiteRules) -> None:
        """Raise :class:`UnknownHost` unless the request names one of our host names."""
        name = name_in(self.request.headers.get("Host", ""))
        if rules.knows(name) or rules.knows(name, await asyncio.to_thread(own_names)):
            return
        error = UnknownHost(name)
        if name not in _told and len(_told) < _MOST_TOLD:
            _told.add(name)
            logger.warning("Vozduxan: %s", error)
        raise error

    def refuse(self, error: VozduxanError) -> None:
        """Finish the response with an error; only before anything is sent."""
        self._finish_error(error.status, error.code, str(error))

    def write_error(self, status_code: int, **_: object) -> None:
        """Answer Tornado's own errors (404, 405, …) the same way."""
        status = HTTPStatus(status_code)
        code = status.name if status_code < 500 else VozduxanError.code
        self._finish_error(status_code, code, f"{status.phrase}.")

    def _finish_error(self, status: int, code: str, message: str) -> None:
        self.clear()
        self.set_status(status)
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.set_header("Retry-After", _RETRY_SECONDS)
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", ", ".join(self.SUPPORTED_METHODS))
        self.finish({"error": {"code": code, "message": message}})


class GuardedHandler(Handler):
    """A handler that answers only the pages that the cross-site rules accept."""

    def initialize(self, find: Callable[[], Running], rules: CrossSiteRules) -> None:
        """Take the way to the running backend, and the rules."""
        self._find = find
        self._rules = rules
        self._work: asyncio.Task[object] | None = None

    def set_default_headers(self) -> None:
        """Hide even the existence of an answer from other origins."""
        super().set_default_headers()
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("Vary", "Origin")

    async def prepare(self) -> None:
        """Refuse the request, if the rules say so."""
        try:
            await self.check()
        except VozduxanError as error:
            self.refuse(error)

    def options(self, *_: str) -> None:
        """Tell a browser that its page may send the request."""
        self.set_status(204)
        self.finish()

    async def check(self) -> None:
        """Raise the reason for refusing the request, if there is one."""
        await self.check_host(self._rules)
        self._rules.check(self.request.method or "", self._headers_given())

    def finish(
        self, chunk: str | bytes | dict[str, object] | None = None
    ) -> Future[None]:
        """Let the page read the answer, including errors, if it may."""
        self.let_page_read()
        return super().finish(chunk)

    def let_page_read(self) -> None:
        """Set the headers without which a browser hides the answer."""
        allow = self._rules.headers(self.request.method or "", self._headers_given())
        for name, value in allow.items():
            if not self._headers_written:
                self.set_header(name, value)

    def on_connection_close(self) -> None:
        """Give up: nobody will read the answer."""
        super().on_connection_close()
        if self._work:
            self._work.cancel()

    def _headers_given(self) -> dict[str, str]:
        names = "Origin", "Referer", "Host", "Content-Type"
        given = self.request.headers
        return {name: given[name] for name in names if name in given}
