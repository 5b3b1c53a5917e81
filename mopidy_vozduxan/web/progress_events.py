"""``GET /vozduxan/api/progress``: the progress of a prepare, as server-sent events.

With ``?infohash=…`` it follows a torrent's metadata instead. Runs on Mopidy's Tornado
loop. Each event is the whole state as JSON; a slow follower skips states in between,
and gets the latest.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict

from tornado.iostream import StreamClosedError

from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.running import Running
from mopidy_vozduxan.streaming.progress import Board
from mopidy_vozduxan.web.csrf import CrossSiteRules
from mopidy_vozduxan.web.handler import GuardedHandler

#: The limit of open connections: more than any household has screens.
MAX_FOLLOWERS = 32
#: How often to write to a follower, so that we notice when it is gone.
ALIVE_S = 15.0


class TooManyFollowers(VozduxanError):
    """The limit of followers is reached."""

    code = "TOO_MANY_FOLLOWERS"
    status = 503


class ProgressHandler(GuardedHandler):
    """Sends progress until the client disconnects; ``followers`` has all of them."""

    SUPPORTED_METHODS = ("GET", "OPTIONS")

    def initialize(
        self,
        find: Callable[[], Running],
        rules: CrossSiteRules,
        followers: set[ProgressHandler] | None = None,
    ) -> None:
        """Take the way to the backend, and the set of followers."""
        super().initialize(find, rules)
        self._followers = set() if followers is None else followers

    async def get(self) -> None:
        """Send events while the client is connected."""
        try:
            if len(self._followers) >= MAX_FOLLOWERS:
                raise TooManyFollowers("Too many clients follow already.")
            running = self._find()
        except VozduxanError as error:
            return self.refuse(error)
        self._followers.add(self)
        self._work = asyncio.create_task(self._follow(running))
        try:
            await self._work
        except (asyncio.CancelledError, StreamClosedError):
            self._auto_finish = False
        except VozduxanError as error:
            self._end(error)
        finally:
            self._followers.discard(self)
        return None

    def _end(self, error: VozduxanError) -> None:
        if self._headers_written:
            self.finish()  # Mopidy is stopping
        else:
            self.refuse(error)

    async def _follow(self, running: Running) -> object:
        board = await self._board(running)
        self.set_header("Content-Type", "text/event-stream")
        self.let_page_read()
        try:
            return await self._send(running, board)
        finally:
            running.bridge.tell(board.close)

    async def _board(self, running: Running) -> Board:
        infohash = self.get_query_argument("infohash", None)
        if infohash is None:
            return running.progress
        return await running.bridge.call(running.library_commands.follow(infohash))

    async def _send(self, running: Running, board: Board) -> object:
        version: int | None = None
        while True:
            try:
                async with asyncio.timeout(ALIVE_S):
                    news = running.bridge.call(board.after(version))
                    version, progress = await news
                self.write(f"data: {json.dumps(asdict(progress))}\n\n")
            except TimeoutError:
                self.write(": nothing new\n\n")
            await self.flush()
