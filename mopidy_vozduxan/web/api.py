"""``POST /vozduxan/api/<command>``: the commands over HTTP, in JSON.

Runs on Mopidy's Tornado loop and waits through the bridge only. Knows no
command: :mod:`mopidy_vozduxan.commands.streaming_commands` knows names and arguments.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from collections.abc import Callable
from typing import cast

from tornado.http1connection import HTTP1Connection
from tornado.web import stream_request_body

from mopidy_vozduxan.commands.arguments import MAX_BODY_BYTES, read_object
from mopidy_vozduxan.commands.keeping_commands import (
    KEEPING_COMMANDS,
    PRIVATE_COMMANDS,
)
from mopidy_vozduxan.commands.library_commands import LIBRARY_COMMANDS
from mopidy_vozduxan.commands.streaming_commands import COMMANDS
from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.running import Running
from mopidy_vozduxan.web.csrf import CrossSiteRules
from mopidy_vozduxan.web.handler import GuardedHandler

logger = logging.getLogger(__name__)

#: From 100 MB on, a number of this many digits, Tornado hangs up without an answer.
_HOPELESS_DIGITS = 9
_MOST_HEARD = 10**_HOPELESS_DIGITS


ALL_COMMANDS = (*COMMANDS, *LIBRARY_COMMANDS, *KEEPING_COMMANDS)


class NoSuchCommand(VozduxanError):
    """The path names no command."""

    code = "NO_SUCH_COMMAND"
    status = 404


class NotFromHere(VozduxanError):
    """The command is not for clients in the network."""

    code = "FORBIDDEN"
    status = 403


class WrongKey(VozduxanError):
    """The request is not from a program of the server's own user."""

    code = "FORBIDDEN"
    status = 403


class TooLarge(VozduxanError):
    """The body is larger than any command needs."""

    code = "TOO_LARGE"
    status = 413


@stream_request_body
class CommandHandler(GuardedHandler):
    """Runs one command per request; a client that disconnects ends its wait.

    The body is read as it arrives, so that a refused one is never kept.
    """

    SUPPORTED_METHODS = ("POST", "OPTIONS")
    #: Whether only programs of the server's own user reach it.
    is_private = False

    async def prepare(self) -> None:
        """Decide whether to read the body."""
        if self.request.method != "POST":
            return await super().prepare()
        self._body = bytearray()
        self._refusal: VozduxanError | None = None
        try:
            await self.check()
        except VozduxanError as error:
            self._refusal = error
        if len(self.request.headers.get("Content-Length", "")) >= _HOPELESS_DIGITS:
            self.refuse(_too_large())
        return None

    def data_received(self, chunk: bytes) -> None:
        """Take a part of the body, while it is of any use."""
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
        except asyncio.CancelledError:  # the client disconnects, or the server stops
            self._auto_finish = False
            return None
        except Exception:
            logger.exception("Vozduxan: The command %s failed", command)
            return self.refuse(VozduxanError("The command failed."))
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        self.finish(answer)
        return None

    async def _run(self, command: str) -> object:
        if command not in ALL_COMMANDS:
            names = ", ".join(ALL_COMMANDS)
            raise NoSuchCommand(f"There is no such command; known ones: {names}.")
        if command in PRIVATE_COMMANDS and not self.is_private:
            raise NotFromHere(
                "Only the command line of Mopidy's own user may give this command:"
                " it writes to any folder."
            )
        running = self._find()
        given = read_object(bytes(self._body))
        if command in LIBRARY_COMMANDS:
            work = running.library_commands.run(command, given)
        elif command in KEEPING_COMMANDS:
            work = running.keeping_commands.run(command, given)
        else:
            work = running.streaming_commands(self._url_for).run(command, given)
        return await running.bridge.call(work)

    def _url_for(self, token: str) -> str:
        """Return a stream's URL at the door that this client uses."""
        request = self.request
        return f"{request.protocol}://{request.host}/vozduxan/stream/{token}"


@stream_request_body
class KeyedCommandHandler(CommandHandler):
    """The same for programs of this user, who know ``key``; never for web pages."""

    is_private = True

    def initialize(
        self, find: Callable[[], Running], rules: CrossSiteRules, key: str = ""
    ) -> None:
        """Take the key, too."""
        super().initialize(find, rules)
        self._key = key

    async def prepare(self) -> None:
        """Refuse requests without the key, and do not read their bodies."""
        given = self.request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._key}".encode()):
            return self.refuse(WrongKey("The key of the running Mopidy is missing."))
        # Otherwise the player's door accepts no bodies.
        connection = cast(HTTP1Connection, self.request.connection)
        connection.set_max_body_size(_MOST_HEARD)
        return await super().prepare()


def _too_large() -> TooLarge:
    return TooLarge(f"The request's body is larger than {MAX_BODY_BYTES} bytes.")
