"""``GET`` and ``HEAD`` of one stream, the same on both doors.

A response is either complete or visibly broken off: there is no short body that looks
complete, and no invented byte. It ends when the bytes are sent, when the client
disconnects, or when the token is released, whichever comes first.

The two doors differ in one thing, ``player``. A browser that is refused tries again.
Mopidy's core never recovers from an HTTP error or a short body: it stays "playing
0:00" forever. So the player gets its headers at once, and then waits as long as it
likes; our watchdog decides when to move on.

Design notes: origins are not checked. A token is unguessable and names one stream, so
only clients that may give commands know one, and ``<audio>`` in a front end of an
allowed origin sends no ``Origin``. Writes are 64 KiB, because GStreamer 1.26 gives up
seeking in an Ogg file that arrives in one burst.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Callable, Coroutine
from functools import partial
from urllib.parse import quote

from tornado.iostream import StreamClosedError

from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.exceptions import Cancelled, NoSuchStream, VozduxanError
from mopidy_vozduxan.listener import end_seek
from mopidy_vozduxan.running import StreamsHere
from mopidy_vozduxan.streaming.serving_protocol import Reader
from mopidy_vozduxan.streaming.stream_info import StreamInfo
from mopidy_vozduxan.web.csrf import CrossSiteRules, UnknownHost
from mopidy_vozduxan.web.handler import Handler
from mopidy_vozduxan.web.ranges import Answer, Conditions, content_range, decide

logger = logging.getLogger(__name__)

WRITE_BYTES = 64 * 1024

#: Everything else is served as octets: a torrent must not bring a page or a script to
#: the origin of Mopidy's own web clients.
_MEDIA_TYPE = re.compile(r"(?:audio|video)/[A-Za-z0-9.+-]+|application/ogg")

#: What is served, and a function that opens a reader over a span ``[start, stop)``.
Body = tuple[StreamInfo, Callable[[int, int], Reader]]

#: How long the player may take to leave a released stream. On an error, Mopidy 3 stops
#: its pipeline on the main thread; if core stops it on another thread meanwhile,
#: GStreamer hangs, and all of Mopidy with it.
LEAVE_S = 2.0

#: The other two ways a response ends, as numbers for :func:`_first_of`.
_RELEASED, _GONE = 1, 2


class StreamHandler(Handler):
    """Serves ``/stream/<token>``. Lives on the event loop of its server."""

    SUPPORTED_METHODS: tuple[str, ...] = ("GET", "HEAD")

    def initialize(
        self, find: Callable[[], StreamsHere], rules: CrossSiteRules | None = None
    ) -> None:
        """Take the way to the running backend; no ``rules`` at the player's door."""
        self._find = find
        self._rules = rules
        self._player = rules is None
        self._gone = asyncio.Event()

    async def prepare(self) -> None:
        """Refuse unknown host names."""
        try:
            if self._rules:
                await self.check_host(self._rules)
        except UnknownHost as error:
            self.refuse(error)

    def on_connection_close(self) -> None:
        """End the response: nobody will read it."""
        self._gone.set()

    async def head(self, token: str) -> None:
        """Answer from memory, or say that it is too early to tell."""
        try:
            here = self._find()
            info = await here.bridge.call(_known(here, token))
        except VozduxanError as error:
            return self.refuse(error)
        if info is None:
            return self.refuse(_NotYet("The torrent's metadata is not here yet."))
        self._describe_body(info, self._decide(info))
        return None

    async def get(self, token: str, *_: str) -> None:
        """Send the stream, or the requested span of it."""
        try:
            here = self._find()
        except VozduxanError as error:
            return self.refuse(error)
        released = here.bridge.call(here.serving.released(token))
        try:
            first = await _first_of(
                self._serve(here, token), released, self._gone.wait()
            )
        except VozduxanError as error:  # no release to wait for: it is closing
            return self._end(error)
        except asyncio.CancelledError:  # our loop is closing
            return self._break_off()
        if first == _RELEASED:
            await self._let_leave()
            self._end(NoSuchStream("No such stream."))
        elif first == _GONE:
            self._break_off()
        return None

    async def _serve(self, here: StreamsHere, token: str) -> None:
        try:
            info, open_reader = await here.bridge.call(self._body(here, token))
            answer = self._decide(info)
            self._describe_body(info, answer)
            if answer.start < answer.stop:
                opened = partial(open_reader, answer.start, answer.stop)
                await self._send(RemoteReader(here.bridge, opened), answer)
        except StreamClosedError:
            self._break_off()
        except VozduxanError as error:
            await self._fail(error)
        except Exception:
            logger.exception("Serving a stream failed.")
            await self._fail(VozduxanError("Serving the stream failed."))

    async def _body(self, here: StreamsHere, token: str) -> Body:
        """Return what is served, and how to read spans of it."""
        info = await here.serving.describe(token)
        return info, partial(here.serving.open_reader, token, player=self._player)

    def _decide(self, info: StreamInfo) -> Answer:
        header = self.request.headers.get
        conditions = Conditions(
            range=header("Range"),
            if_range=header("If-Range"),
            if_match=header("If-Match"),
            if_none_match=header("If-None-Match"),
        )
        head = self.request.method == "HEAD"
        answer = decide(conditions, size=info.size, etag=info.etag, head=head)
        if answer.status == 416 and self._player:
            # A seek beyond the end, because the length was guessed: the track is over.
            end_seek(0)
            return Answer(206, info.size, info.size)
        return answer

    def _describe_body(self, info: StreamInfo, answer: Answer) -> None:
        self.set_status(answer.status)
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("ETag", f'"{info.etag}"')
        if answer.status in (200, 206, 304):
            # The URL alone gives access, so no shared cache may keep it. The bytes
            # behind a token never change.
            self.set_header("Cache-Control", "private, max-age=3600, immutable")
        if (content := content_range(answer, info.size)) is not None:
            self.set_header("Content-Range", content)
        if answer.status in (200, 206):
            self.set_header("Content-Length", str(answer.stop - answer.start))
            self.set_header("Content-Type", _media_type(info.content_type))
            self.set_header("Content-Disposition", _disposition(info.name))

    async def _send(self, reader: RemoteReader, answer: Answer) -> None:
        try:
            if self._player:
                await self.flush()
            left = answer.stop - answer.start
            while sent := await self._pass_on(reader):
                left -= sent
        finally:
            reader.close()
        if left:
            raise VozduxanError("The stream ended early.")

    async def _pass_on(self, reader: RemoteReader) -> int:
        """Send the next bytes, and hold no others meanwhile."""
        data = await reader.next()
        if data is None:
            return 0
        for start in range(0, len(data), WRITE_BYTES):
            self.write(data[start : start + WRITE_BYTES])
            await self.flush()  # ends when the socket has taken it: back-pressure
        return len(data)

    async def _let_leave(self) -> None:
        """At the player's door, wait until the player has left: core makes it do so."""
        if self._player:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_S):
                    await self._gone.wait()

    async def _fail(self, error: VozduxanError) -> None:
        if self._player and not isinstance(error, NoSuchStream):
            logger.debug("holding the player's request: %s", error)
            await asyncio.Event().wait()  # until the client goes or the release
        self._end(error)

    def _end(self, error: VozduxanError) -> None:
        """Answer with the error if that is still possible."""
        if self._headers_written:
            logger.debug("stream broken off: %s", error)
            self._break_off()
        else:
            self.refuse(error)

    def _break_off(self) -> None:
        """Close the connection, so that no client takes the response for complete."""
        if not self._finished:
            self.detach().close()


class _NotYet(VozduxanError):
    code = "METADATA_MISSING"
    status = 503


class RemoteReader:
    """A reader on our loop, used from a handler's loop. Opens at the first read.

    Opening and closing both happen on our loop, in order: a handler that is cancelled
    at any moment leaves no reader behind.
    """

    def __init__(self, bridge: Bridge, opened: Callable[[], Reader]) -> None:
        self._bridge = bridge
        self._open = opened
        self._reader: Reader | None = None
        self._closed = False

    async def next(self) -> bytes | None:
        """Return the next bytes, or None at the end; raises what the reader raises."""
        return await self._bridge.call(self._next())

    def close(self) -> None:
        """Close the reader. Safe to call again, and never waits."""
        self._bridge.tell(self._close)

    async def _next(self) -> bytes | None:
        if self._closed:
            raise Cancelled("The reader is closed.")
        if self._reader is None:
            self._reader = self._open()
        return await self._reader.next()

    def _close(self) -> None:
        self._closed = True
        if self._reader is not None:
            self._reader.close()


async def _known(here: StreamsHere, token: str) -> StreamInfo | None:
    return here.serving.known(token)


async def _first_of(*works: Coroutine[object, object, object]) -> int:
    """Run all of them, cancel the rest when one ends; return that one's number."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        first = next(i for i, task in enumerate(tasks) if task.done())
        tasks[first].result()
        return first
    finally:
        for task in tasks:
            task.cancel()
            # A reader that was closed meanwhile raises instead of being cancelled.
            task.add_done_callback(lambda task: task.cancelled() or task.exception())


def _media_type(declared: str) -> str:
    known = _MEDIA_TYPE.fullmatch(declared)
    return declared if known else "application/octet-stream"


def _disposition(name: str) -> str:
    """Return an inline disposition with the last part of a name (RFC 6266)."""
    last = re.split(r"[/\\]", name)[-1]
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", last)
    encoded = quote(last.encode("utf-8", "replace"), safe="")
    return f"inline; filename=\"{plain}\"; filename*=UTF-8''{encoded}"
