"""``GET`` of a stream for the player: all of it, or one part.

``/stream/<token>`` is the file itself, or something that the player can play instead
(:mod:`mopidy_vozduxan.decoding`). ``/stream/<token>/cut/<from>-<to>`` is a part of it
as a file of its own. ``from`` and ``to`` are in CUE frames; without ``to`` the part
ends with the file. Both follow the rules of :mod:`mopidy_vozduxan.web.stream_handler`.
Only our own loop serves them.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Generic, TypeVar

from mopidy_vozduxan.audio.sound import CutFailed
from mopidy_vozduxan.cue.cutter import Cut as Served
from mopidy_vozduxan.cue.source import Source
from mopidy_vozduxan.decoding.registry import get_ready_for
from mopidy_vozduxan.decoding.served import (
    Cuttable,
    Kind,
    Unready,
    cuttable,
    kind_of,
    part_of,
    served,
)
from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.jobs.jobs import Jobs
from mopidy_vozduxan.running import StreamsHere
from mopidy_vozduxan.streaming.stream_info import StreamInfo
from mopidy_vozduxan.streaming.target import Cut
from mopidy_vozduxan.web.stream_handler import Body, StreamHandler

logger = logging.getLogger(__name__)

T = TypeVar("T")

PATTERN = r"/cut/([0-9]{1,9})-([0-9]{0,9})"


def path_of(cut: Cut) -> str:
    """Return the suffix that turns a stream's URL into that of a cut."""
    start, stop = cut
    return f"/cut/{start}-{'' if stop is None else stop}"


#: How many files' heads are kept, some kilobytes each.
_HEADS_KEPT = 16
_TELL_S = 1.0


class Heads(Generic[T]):
    """What the heads of files said, by the name that HTTP uses for them."""

    def __init__(self) -> None:
        self._kept: dict[str, T] = {}

    async def of(
        self,
        info: StreamInfo,
        open_source: Callable[[], Source],
        read: Callable[[Source], Awaitable[T]],
    ) -> T:
        """Return what a file is. The first call waits for its first bytes."""
        if info.etag in self._kept:
            known = self._kept.pop(info.etag)
        else:
            source = open_source()
            try:
                known = await read(source)
            finally:
                source.close()
        if not isinstance(known, Unready):
            self._kept[info.etag] = known
        if len(self._kept) > _HEADS_KEPT:
            del self._kept[next(iter(self._kept))]
        return known


class _PlayerHandler(StreamHandler):
    """Lives on the event loop of the player's door, which is ours."""

    async def _file(
        self, here: StreamsHere, token: str
    ) -> tuple[Body, Callable[[], Source]]:
        body = await super()._body(here, token)
        info, open_reader = body
        return body, partial(Source, open_reader, info.size)

    async def _fail(self, error: VozduxanError) -> None:
        """Hold the request; the frontend skips what cannot be played."""
        while isinstance(error, CutFailed) or type(error) is VozduxanError:
            here = self._find()
            here.serving.fail(self.path_args[0], error)
            await asyncio.sleep(_TELL_S)
        await super()._fail(error)


class WholeHandler(_PlayerHandler):
    """Serves whole files."""

    def initialize(  # type: ignore[override]
        self, find: Callable[[], StreamsHere], kinds: Heads[Kind], jobs: Jobs
    ) -> None:
        """Take the way to the running backend, and what is known about files."""
        super().initialize(find)
        self._kinds = kinds
        self._jobs = jobs

    async def _body(self, here: StreamsHere, token: str) -> Body:
        body, open_source = await self._file(here, token)
        info = body[0]

        async def read(source: Source) -> Kind:
            loop = asyncio.get_running_loop()
            loop.run_in_executor(None, get_ready_for, info.name)
            return await kind_of(info.size, source, self._jobs)

        kind = await self._kinds.of(info, open_source, read)
        instead = await served(kind, info, open_source, self._jobs)
        return _as_file(info, instead, "") if instead else body


class CutHandler(_PlayerHandler):
    """Serves parts."""

    SUPPORTED_METHODS = ("GET",)

    def initialize(  # type: ignore[override]
        self,
        find: Callable[[], StreamsHere],
        heads: Heads[Cuttable],
        jobs: Jobs,
    ) -> None:
        """Take the way to the running backend, and the heads it has read."""
        super().initialize(find)
        self._heads = heads
        self._jobs = jobs

    async def _body(self, here: StreamsHere, token: str) -> Body:
        (info, _), open_source = await self._file(here, token)
        _, start, stop = self.path_args

        def read(source: Source) -> Awaitable[Cuttable]:
            return cuttable(info.name, info.size, source, self._jobs)

        file = await self._heads.of(info, open_source, read)
        ends = int(start), int(stop) if stop else None
        cut = await part_of(file, open_source, self._jobs, *ends)
        return _as_file(info, cut, f"-{start}-{stop}")


def _as_file(info: StreamInfo, what: Served, mark: str) -> Body:
    described = dataclasses.replace(
        info,
        size=what.size,
        content_type=what.content_type,
        etag=f"{info.etag}-as{mark}",
    )
    return described, what.open
