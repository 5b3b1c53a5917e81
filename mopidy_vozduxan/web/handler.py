"""The base of our HTTP handlers: errors are JSON, and nothing is guessed.

Never sends a traceback, and no CORS header of its own accord: pages of other
origins may not read what we serve, unless :mod:`mopidy_vozduxan.web.csrf` lets them.
"""

from __future__ import annotations

from http import HTTPStatus

from tornado.web import RequestHandler

from mopidy_vozduxan.exceptions import VozduxanError

_RETRY_SECONDS = "2"


class Handler(RequestHandler):
    """A Tornado handler that refuses with ``{"error": {"code", "message"}}``."""

    def set_default_headers(self) -> None:
        """Forbid browsers to guess a content type, and caches to keep errors."""
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")

    def refuse(self, error: VozduxanError) -> None:
        """Finish the response with an error; only before anything was sent."""
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
