"""``POST /vozduxan/api/<command>``: the commands over HTTP, in JSON.

Runs on Mopidy's Tornado loop and waits through the bridge only. Knows no
command: names and arguments are :mod:`mopidy_vozduxan.commands.streaming`' affair.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Callable
from typing import cast

from tornado.concurrent import Future
from tornado.http1connection import HTTP1Connection
from tornado.web import stream_request_body

from mopidy_vozduxan.commands.arguments import MAX_BODY_BYTES, read_object
from mopidy_vozduxan.commands.library import LIBRARY_COMMANDS
from mopidy_vozduxan.commands.streaming import COMMANDS
from mopidy_vozduxan.exceptions import ShuttingDown, VozduxanError
from mopidy_vozduxan.web.csrf import CrossSiteRules
from mopidy_vozduxan.web.handler import Handler
from mopidy_vozduxan.web.running import Running

logger = logging.getLogger(__name__)

#: From 100 MB on Tornado hangs up without an answer: that many digits.
_HOPELESS_DIGITS = 9
_MOST_HEARD = 10**_HOPELESS_DIGITS


class NoSuchCommand(VozduxanError):
    """The path names no command."""

    code = "NO_SUCH_COMMAND"
    status = 404


class WrongKey(VozduxanError):
    """The request does not come from a program of the server's own user."""

    code = "FORBIDDEN"
    status = 403


class TooLarge(VozduxanError):
    """The body is larger than that of any command."""

    code = "TOO_LARGE"
    status = 413


class GuardedHandler(Handler):
    """A handler that answers the pages Mopidy's own RPC would answer."""

    def initialize(self, find: Callable[[], Running], rules: CrossSiteRules) -> None:
        """Take the way to the running backend, and who may come."""
        self._find = find
        self._rules = rules
        self._work: asyncio.Task[object] | None = None

    def options(self, *_: str) -> None:
        """Answer a browser that asks whether a page may come here."""
        try:
            self.check_origin()
        except VozduxanError as error:
            return self.refuse(error)
        self.set_status(204)
        self.finish()
        return None

    def check_origin(self) -> None:
        """Raise why the request is refused, if it is."""
        self._rules.check(self.request.method or "", self._headers_given())

    def finish(
        self, chunk: str | bytes | dict[str, object] | None = None
    ) -> Future[None]:
        """Let the page read the answer, errors too, where it may."""
        self.let_page_read()
        return super().finish(chunk)

    def let_page_read(self) -> None:
        """Set the headers without which a browser hides the answer."""
        allow = self._rules.headers(self.request.method or "", self._headers_given())
        for name, value in allow.items():
            if not self._headers_written:
                self.set_header(name, value)

    def on_connection_close(self) -> None:
        """Give up: nobody is there to read the answer."""
        super().on_connection_close()
        if self._work:
            self._work.cancel()

    def _headers_given(self) -> dict[str, str]:
        names = "Origin", "Host", "Content-Type"
        given = self.request.headers
        return {name: given[name] for name in names if name in given}


@stream_request_body
class CommandHandler(GuardedHandler):
    """Runs one command for each request; a client that goes ends its wait.

    A body is taken as it comes, so that one that is refused is never kept.
    """

    SUPPORTED_METHODS = ("POST", "OPTIONS")

    def prepare(self) -> None:
        """Decide whether to listen to the body."""
        self._body = bytearray()
        self._refusal: VozduxanError | None = None
        try:
            self.check_origin()
        except VozduxanError as error:
            self._refusal = error
        if len(self.request.headers.get("Content-Length", "")) >= _HOPELESS_DIGITS:
            self.refuse(_too_large())

    def data_received(self, chunk: bytes) -> None:
        """Take a part of the body, as long as there is any use for it."""
        if self._refusal is None:
            self._body += chunk
        if len(self._body) > MAX_BODY_BYTES:
            self._refusal = _too_large()
            self._body.clear()

    async def post(self, command: str) -> None:
        """Run the command and answer."""
        try:
            if self._refusal:
                raise self._refusal
            self._work = asyncio.create_task(self._run(command))
            answer = json.dumps(await self._work)
        except VozduxanError as error:
            return self.refuse(error)
        except asyncio.CancelledError:  # the client, or the whole server, goes
            self._auto_finish = False
            return None
        except Exception:
            logger.exception("Vozduxan: The command %s failed", command)
            return self.refuse(VozduxanError("The command failed."))
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(answer)
        return None

    async def _run(self, command: str) -> object:
        if command not in (*COMMANDS, *LIBRARY_COMMANDS):
            names = ", ".join((*COMMANDS, *LIBRARY_COMMANDS))
            raise NoSuchCommand(f"There is no such command, but {names}.")
        running = self._find()
        given = read_object(bytes(self._body))
        if command in LIBRARY_COMMANDS and running.library:
            return await running.bridge.call(running.library.run(command, given))
        if command in COMMANDS and running.commands:
            commands = running.commands(self._url_for)
            return await running.bridge.call(commands.run(command, given))
        raise ShuttingDown("Mopidy-Vozduxan is not running.")

    def _url_for(self, token: str) -> str:
        """Return a stream's URL at the door that this client came through."""
        request = self.request
        return f"{request.protocol}://{request.host}/vozduxan/stream/{token}"


@stream_request_body
class KeyedCommandHandler(CommandHandler):
    """The same for programs of this user, who know ``key``; never for pages."""

    def initialize(
        self, find: Callable[[], Running], rules: CrossSiteRules, key: str = ""
    ) -> None:
        """Take the key besides."""
        super().initialize(find, rules)
        self._key = key

    def prepare(self) -> None:
        """Let nobody in without the key, nor listen to them."""
        given = self.request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._key}".encode()):
            return self.refuse(WrongKey("The key of the running Mopidy is missing."))
        # The player's door takes no bodies otherwise.
        connection = cast(HTTP1Connection, self.request.connection)
        connection.set_max_body_size(_MOST_HEARD)
        return super().prepare()


def _too_large() -> TooLarge:
    return TooLarge(f"The request's body is larger than {MAX_BODY_BYTES} bytes.")
