"""Removes torrents from the library, from playback, and from the disk.

Lives on our event loop. A removal that was started is always completed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Set
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
    """The other parts that have to let go of a torrent.

    ``vacate`` takes it, by all its names (infohashes and URLs), out of Mopidy's
    queue. ``forget`` drops derived data of a torrent to forget, such as its covers.
    Both block, as does ``kept``, which returns the torrents that purging spares.
    ``leave`` ends background reads of one, at once and on our loop.
    """

    vacate: Callable[[frozenset[str]], None] = lambda _: None
    leave: Callable[[str], None] = lambda _: None
    forget: Callable[[str], None] = lambda _: None
    kept: Callable[[], Set[str]] = frozenset


class Remover:
    """Removes torrents. With ``log`` it logs that; else the caller reports it."""

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
        """Remove a torrent from the library and from playback.

        ``delete_data`` deletes its data too; the answer has the number of freed
        bytes. A torrent that had left before is forgotten for good. Raises
        :class:`StorageFailed`.
        """
        return await self._to_the_end(self._remove(infohash, delete_data))

    async def purge(self) -> Answer:
        """Delete the data of all torrents that nothing uses now, and nobody keeps.

        Answers with the number of torrents and of freed bytes. Raises
        :class:`StorageFailed`.
        """
        return await self._to_the_end(self._purge())

    async def _remove(self, infohash: str, delete: bool) -> Answer:
        names = await self._catalog.on_loop.torrents.names_of(infohash)
        hashes = frozenset(filter(is_infohash, names))
        title = await self._catalog.on_loop.run(self._title_of, infohash)
        has_left = not await self._catalog.on_loop.torrents.has(infohash)
        freed = await asyncio.to_thread(self._size_of, hashes) if delete else 0
        with contextlib.suppress(StorageFailed) if delete else contextlib.nullcontext():
            # Perhaps the disk is full: once the data is gone, this is written below.
            await self._catalog.on_loop.run(self._take_out, infohash, hashes)
        await asyncio.to_thread(self._removal.vacate, names)
        for name in hashes:
            self._removal.leave(name)
        await self._manager.remove(hashes, delete_data=delete)
        # Metadata that arrived meanwhile may have put it back.
        await self._catalog.on_loop.run(self._take_out, infohash, hashes)
        if has_left:
            await asyncio.to_thread(self._forget, infohash)
        if self._log:  # else the command line reports it
            did = "Forgot" if has_left else "Removed"
            also = " and its data" if delete else "; its data stays on disk"
            logger.info("Vozduxan: %s “%s”%s", did, title, also)
        return {"infohash": infohash, "freedBytes": freed, "forgotten": has_left}

    def _take_out(self, infohash: str, hashes: frozenset[str]) -> None:
        self._catalog.keeps.remove_torrent(hashes)
        self._catalog.collection.remove(infohash)

    def _forget(self, infohash: str) -> None:
        self._catalog.collection.forget(infohash)
        self._removal.forget(infohash)

    async def _purge(self) -> Answer:
        sizes = await asyncio.to_thread(self._disk.sizes)
        kept = await asyncio.to_thread(self._removal.kept)
        used = self._manager.is_used
        unused = {name for name in sizes.keys() - kept if not used(name)}
        await self._manager.remove(unused, delete_data=True)
        freed = sum(sizes[name] for name in unused)
        return {"torrents": len(unused), "freedBytes": freed}

    async def _to_the_end(self, work: Coroutine[object, object, Answer]) -> Answer:
        """Complete the work even if the client disconnects."""
        task = asyncio.ensure_future(work)
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        return await asyncio.shield(task)

    def _title_of(self, infohash: str) -> str:
        """Return a torrent's name for listeners, known or not."""
        known = self._catalog.torrents.metainfo(infohash)
        source = None if known else self._catalog.torrents.source(infohash)
        return known.name if known else (source and source.display_name) or infohash

    def _size_of(self, infohashes: frozenset[str]) -> int:
        return sum(map(self._disk.size, infohashes))
