"""``GET`` of one part of a stream, for the player: ``/stream/<token>/cut/<from>-<to>``.

``from`` and ``to`` are in CUE frames, and without ``to`` the part ends with the
file. It is served as a file of its own, by the rules of
:mod:`mopidy_vozduxan.web.stream`; only our own loop serves it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable
from functools import partial

from mopidy_vozduxan.cue.cutter import Divisible, make_cut, read_divisible
from mopidy_vozduxan.cue.sound import CutFailed
from mopidy_vozduxan.cue.source import Source
from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.streaming.info import StreamInfo
from mopidy_vozduxan.streaming.target import Cut
from mopidy_vozduxan.web.running import Running
from mopidy_vozduxan.web.stream import Body, StreamHandler

logger = logging.getLogger(__name__)

PATTERN = r"/cut/([0-9]{1,9})-([0-9]{0,9})"


def path_of(cut: Cut) -> str:
    """Return what follows the URL of a stream in that of a cut of it."""
    start, stop = cut
    return f"/cut/{start}-{'' if stop is None else stop}"


#: The heads of so many files are kept, some kilobytes each.
_HEADS_KEPT = 16
_TELL_S = 1.0


class Heads:
    """What was read of the heads of files, by what HTTP knows them as."""

    def __init__(self) -> None:
        self._kept: dict[str, Divisible] = {}

    async def of(
        self, info: StreamInfo, open_source: Callable[[], Source]
    ) -> Divisible:
        """Return what a file is. Waits for its first bytes, the first time."""
        file = self._kept.pop(info.etag, None)
        if file is None:
            source = open_source()
            try:
                file = await source.answer(read_divisible(info.name, info.size))
            finally:
                source.close()
        self._kept[info.etag] = file
        if len(self._kept) > _HEADS_KEPT:
            del self._kept[next(iter(self._kept))]
        return file


class CutHandler(StreamHandler):
    """Serves parts. Lives on the event loop of the player's door, which is ours."""

    SUPPORTED_METHODS = ("GET",)

    def initialize(  # type: ignore[override]
        self, find: Callable[[], Running], heads: Heads
    ) -> None:
        """Take the way to the running backend, and the heads it has read."""
        super().initialize(find)
        self._heads = heads

    async def _body(self, running: Running, token: str) -> Body:
        info, open_reader = await super()._body(running, token)
        open_source = partial(Source, open_reader, info.size)
        _, start, stop = self.path_args
        file = await self._heads.of(info, open_source)
        cut = await make_cut(file, open_source, int(start), int(stop) if stop else None)
        described = dataclasses.replace(
            info,
            size=cut.size,
            content_type=cut.content_type,
            etag=f"{info.etag}-{start}-{stop}",
        )
        return described, cut.open

    async def _fail(self, error: VozduxanError) -> None:
        """Hold the request; what cannot be cut is for the frontend to skip."""
        while isinstance(error, CutFailed) or type(error) is VozduxanError:
            running = self._find()
            running.streams.fail(self.path_args[0], error)
            await asyncio.sleep(_TELL_S)
        await super()._fail(error)
