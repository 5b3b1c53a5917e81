"""Takes torrents away: from the library, from what plays, and from the disk.

Lives on our event loop. What was begun is done to the end.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.exceptions import StorageFailed
from mopidy_vozduxan.streaming.manager import Manager
from mopidy_vozduxan.torrent.uris import is_infohash

logger = logging.getLogger(__name__)

Answer = dict[str, object]


@dataclass(frozen=True, slots=True)
class Removal:
    """What else has to let go of a torrent.

    ``vacate`` takes it, by all its names (infohashes and URLs), out of Mopidy's
    queue, and ``forget`` drops what was made of one that is to be forgotten, its
    covers say; both block. ``leave`` ends what reads it in the background, at once
    and on our loop.
    """

    vacate: Callable[[frozenset[str]], None] = lambda _: None
    leave: Callable[[str], None] = lambda _: None
    forget: Callable[[str], None] = lambda _: None


class Remover:
    """With ``log`` it says what it did; else whoever asked does."""

    def __init__(
        self,
        manager: Manager,
        catalog: Catalog,
        disk: DiskStore,
        removal: Removal,
        *,
        log: bool,
    ) -> None:
        self._manager = manager
        self._catalog = catalog
        self._disk = disk
        self._removal = removal
        self._log = log
        self._begun: set[asyncio.Future[Answer]] = set()

    async def remove(self, infohash: str, *, delete_data: bool) -> Answer:
        """Take a torrent out of the library and out of what plays.

        With ``delete_data`` also off the disk; the answer says how many bytes came
        free. One that has left before is forgotten for good. Raises
        :class:`StorageFailed`.
        """
        return await self._to_the_end(self._remove(infohash, delete_data))

    async def purge(self) -> Answer:
        """Delete the data of all torrents that nothing uses now.

        Answers how many, and how many bytes came free. Raises
        :class:`StorageFailed`.
        """
        return await self._to_the_end(self._purge())

    async def _remove(self, infohash: str, delete: bool) -> Answer:
        names = await asyncio.to_thread(self._catalog.names_of, infohash)
        hashes = frozenset(filter(is_infohash, names))
        title = await asyncio.to_thread(self._title_of, infohash)
        has_left = not await asyncio.to_thread(self._catalog.has, infohash)
        freed = await asyncio.to_thread(self._size_of, hashes) if delete else 0
        with contextlib.suppress(StorageFailed) if delete else contextlib.nullcontext():
            # A full disk may be why: with the data gone, it is written again below.
            await asyncio.to_thread(self._catalog.remove, infohash)
        await asyncio.to_thread(self._removal.vacate, names)
        for name in hashes:
            self._removal.leave(name)
        await self._manager.remove(hashes, delete_data=delete)
        # Metadata that came meanwhile has put it back.
        await asyncio.to_thread(self._catalog.remove, infohash)
        if has_left:
            await asyncio.to_thread(self._forget, infohash)
        if self._log:  # else the command line says so itself
            did = "Forgot" if has_left else "Removed"
            also = " and its data" if delete else "; its data stays on disk"
            logger.info("Vozduxan: %s “%s”%s", did, title, also)
        return {"infohash": infohash, "freedBytes": freed, "forgotten": has_left}

    def _forget(self, infohash: str) -> None:
        self._catalog.forget(infohash)
        self._removal.forget(infohash)

    async def _purge(self) -> Answer:
        sizes = await asyncio.to_thread(self._disk.sizes)
        unused = {name for name in sizes if not self._manager.is_used(name)}
        await self._manager.remove(unused, delete_data=True)
        freed = sum(sizes[name] for name in unused)
        return {"torrents": len(unused), "freedBytes": freed}

    async def _to_the_end(self, work: Coroutine[object, object, Answer]) -> Answer:
        """Do all of it, also when the client goes: half a removal is none."""
        task = asyncio.ensure_future(work)
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        return await asyncio.shield(task)

    def _title_of(self, infohash: str) -> str:
        """Return what a listener calls a torrent, known or not."""
        known = self._catalog.metainfo(infohash)
        source = None if known else self._catalog.source(infohash)
        return known.name if known else (source and source.display_name) or infohash

    def _size_of(self, infohashes: frozenset[str]) -> int:
        return sum(map(self._disk.size, infohashes))
