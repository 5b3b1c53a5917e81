"""Carries out evictions: swarms that are used leave for a moment, and come back.

Belongs to the manager and lives on our event loop. ``planning`` decides what leaves.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from mopidy_vozduxan.engine.protocol import Engine
from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.planning.eviction import CachedFile, Holdings
from mopidy_vozduxan.planning.quiet import is_quiet
from mopidy_vozduxan.streaming.cache_stock import Torrents
from mopidy_vozduxan.streaming.open_streams import OpenStreams
from mopidy_vozduxan.streaming.swarm import Swarm
from mopidy_vozduxan.streaming.swarms import Swarms
from mopidy_vozduxan.torrent.metainfo import TorrentSource

logger = logging.getLogger(__name__)

#: When to evict a file again that did not leave, in seconds; its disk may be
#: read-only.
AGAIN_S = 30.0


class Evictions:
    """``changed(soon)`` is called when swarms have to be joined again."""

    def __init__(
        self,
        engine: Engine,
        streams: OpenStreams,
        swarms: Swarms,
        clock: Callable[[], float],
        changed: Callable[[bool], None],
    ) -> None:
        self._engine = engine
        self._streams = streams
        self._swarms = swarms
        self._clock = clock
        self._changed = changed
        self._tried: Mapping[CachedFile, float] = {}  # as they were, and when
        self._said = ""

    def worth_trying(self, files: Iterable[CachedFile]) -> list[CachedFile]:
        """Return the files that are not just as they were when they were evicted.

        After a while those are tried again: their swarm may have been about to join.
        May be called from any thread.
        """
        tried, since = self._tried, self._clock() - AGAIN_S
        return [file for file in files if tried.get(_as_is(file), since) <= since]

    async def carry_out(
        self,
        files: Sequence[CachedFile],
        torrents: Torrents,
        holdings: Callable[[], Holdings],
        may_interrupt: Callable[[int], bool | None],
    ) -> list[CachedFile]:
        """Evict files; return those that have to wait for a quiet moment.

        ``torrents`` has the bytes of theirs, and which files lose no piece.
        ``holdings`` says what is held by now. ``may_interrupt`` says for an amount of
        bytes whether a swarm that is used may leave for them: at once, in a quiet
        moment (``None``), or not at all.
        """
        waiting: list[CachedFile] = []
        for infohash in dict.fromkeys(file.infohash for file in files):
            swarm = self._swarms.joined_by(infohash)
            is_used = swarm is not None and self._is_used(swarm)
            if not is_used and not await self._has_left(infohash, swarm):
                continue
            now, (torrent, spared) = holdings(), torrents[infohash]
            own = [f for f in files if f.infohash == infohash and not now.protect(f)]
            if swarm and is_used:
                may = may_interrupt(sum(file.frees for file in own))
                if may is False or torrent is None or not own:
                    continue
                if not may and not self._is_quiet(swarm):
                    waiting += own
                    continue
                swarm.begin_anew(self._clock())
            if own:
                spared |= now.spared(infohash)
                await self._evict(TorrentSource(infohash, torrent), own, spared)
        return waiting

    async def _has_left(self, infohash: str, swarm: Swarm | None) -> bool:
        """Leave a swarm that nobody uses, if we are in it, and wait until it has left.

        Return whether nobody has joined it meanwhile.
        """
        leaving = self._swarms.leave(swarm) if swarm else self._engine.remove(infohash)
        with contextlib.suppress(VozduxanError):
            await asyncio.shield(leaving)
        return self._swarms.joined_by(infohash) is None

    async def _evict(
        self,
        source: TorrentSource,
        files: Sequence[CachedFile],
        spared: frozenset[int],
    ) -> None:
        infohash, began = source.infohash, self._clock()
        indexes = {file.index for file in files if file.index is not None}
        if indexes and source.torrent:
            ending = self._engine.evict(source, indexes, spared - indexes)
        else:  # nobody knows which file is which
            ending = self._engine.remove(infohash, delete_data=True)
        self._changed(True)
        try:
            await asyncio.shield(ending)
        except VozduxanError as exc:
            level = logging.DEBUG if str(exc) == self._said else logging.WARNING
            logger.log(level, "Vozduxan: The cache cannot be tidied up: %s", exc)
            self._said = str(exc)
            self._note(files)
            return
        self._note(files)
        logger.info(
            "Vozduxan: %d file(s), %d MB, left the cache, as it has a limit",
            len(files),
            sum(file.frees for file in files) // 1_000_000,
        )
        logger.debug("That took %.2f s", self._clock() - began)

    def _note(self, files: Sequence[CachedFile]) -> None:
        """Note that files were tried now."""
        now = self._clock()
        recent = {f: at for f, at in self._tried.items() if at > now - AGAIN_S}
        self._tried = recent | {_as_is(file): now for file in files}

    def _is_used(self, swarm: Swarm) -> bool:
        return swarm.is_waited_for or swarm.infohash in self._streams.used()

    def _is_quiet(self, swarm: Swarm) -> bool:
        view = self._swarms.views().get(swarm.infohash)
        demands = self._streams.demands()
        own = [d for d in demands if d.infohash == swarm.infohash]
        return view is None or is_quiet(own, view)


def _as_is(file: CachedFile) -> CachedFile:
    """Return what only changes with the file itself."""
    return replace(file, frees=0, heard_at=None)
