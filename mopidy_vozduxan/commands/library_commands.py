"""The commands that manage the library: add, list, files, remove, status, purge.

Lives on our event loop, beside the eight streaming commands. Checks its arguments,
asks the other parts, and answers with values for JSON.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.commands import arguments
from mopidy_vozduxan.commands.disk_status import disk_row, entries_of
from mopidy_vozduxan.commands.keeping_commands import row_of, totals
from mopidy_vozduxan.commands.network_state import NetworkState
from mopidy_vozduxan.commands.removal import Removal, Remover
from mopidy_vozduxan.commands.streaming_commands import Result, explained
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.exceptions import BadInput, MetadataTimeout, StorageFailed
from mopidy_vozduxan.keeping.keeping import Keeping, KeptProgress
from mopidy_vozduxan.naming.magnet_links import read_magnet
from mopidy_vozduxan.naming.names import natural_path_key
from mopidy_vozduxan.planning.eviction import CacheWishes
from mopidy_vozduxan.sources.adding import Adder
from mopidy_vozduxan.sources.which_torrent import find, is_beginning, link_of
from mopidy_vozduxan.sources.wishes import Added
from mopidy_vozduxan.streaming import status
from mopidy_vozduxan.streaming.manager import Manager
from mopidy_vozduxan.streaming.progress import MetadataBoard
from mopidy_vozduxan.torrent.metainfo import Metainfo, ReadTorrent, TorrentSource
from mopidy_vozduxan.torrent.uris import (
    AddUri,
    MagnetUri,
    is_infohash,
    magnet_of,
    parse,
)

if TYPE_CHECKING:
    from mopidy_vozduxan.catalog.inventory import InventoryLine

#: How long to wait for a URL by default.
LOOKED_IN_S = 60.0
#: How many requests may wait for added torrents at a time.
ADDERS = 8


class LibraryCommands:
    """The commands. Each may raise :class:`BadInput`, and what its docstring names."""

    def __init__(
        self,
        manager: Manager,
        catalog: Catalog,
        disk: DiskStore,
        adder: Adder,
        removal: Removal,
        network: NetworkState,
        read_torrent: ReadTorrent,
        keeping: Keeping,
        wishes: CacheWishes,
        *,
        running: bool = True,
    ) -> None:
        self._manager = manager
        self._catalog = catalog
        self._read_torrent = read_torrent
        self._disk = disk
        self._adder = adder
        self._keeping = keeping
        self._wishes = wishes
        self._network = network
        self._remover = Remover(manager, catalog, disk, removal, log=running)
        self._running = running
        # Their own pool: adders wait for swarms, and others must not wait for them.
        self._adders = ThreadPoolExecutor(ADDERS, thread_name_prefix="VozduxanAdder")

    async def run(self, command: str, given: Mapping[str, object]) -> Result:
        """Run one of :data:`LIBRARY_COMMANDS` with arguments from JSON."""
        method = LIBRARY_COMMANDS[command]
        arguments.check_for(method, given)
        return await method(self, **given)

    # --- adding, and looking in

    async def torrent_add(
        self, source: object = None, torrentFileB64: object = None, wait: object = 0
    ) -> Result:
        """Add a torrent; wait up to ``wait`` seconds for its metadata.

        Raises :class:`FetchFailed` and :class:`StorageFailed`.
        """
        seconds = arguments.seconds("wait", wait)
        text = arguments.text("source", source)
        encoded = arguments.text("torrentFileB64", torrentFileB64)
        if (text is None) == (encoded is None):
            raise BadInput("Either source or torrentFileB64 must be given.")
        if encoded is not None:
            added = await asyncio.to_thread(self._add_torrent, encoded)
        else:
            added = await self._add(link_of(text or ""), seconds)
        return await self._result_of(added, text)

    async def torrent_files(
        self, source: object = None, torrentFileB64: object = None, wait: object = None
    ) -> Result:
        """Return the files of a torrent, as ``torrent_magnet_list_files`` does.

        ``source`` may also be an infohash, or an unambiguous prefix of one in the
        library.
        Raises :class:`NoSuchTorrent`, :class:`MetadataTimeout`.
        """
        seconds = None if wait is None else arguments.seconds("wait", wait)
        text = arguments.text("source", source)
        encoded = arguments.text("torrentFileB64", torrentFileB64)
        if (text is None) == (encoded is None):
            raise BadInput("Either source or torrentFileB64 must be given.")
        if encoded is not None:
            return explained(await asyncio.to_thread(self._read, encoded))
        return explained(await self._metainfo_of(text or "", seconds))

    async def torrent_list(self) -> Result:
        """Return every torrent of the library, in natural order of names."""
        kept = await self._keeping.progress()
        return await asyncio.to_thread(self._list, kept)

    def _list(self, progress: Sequence[KeptProgress]) -> Result:
        kept = totals(progress)
        on_disk = self._by_torrent(self._disk.sizes())
        entries = self._catalog.collection.inventory()
        rows = [
            {**_row(entry, on_disk[entry.infohash]), "kept": kept.get(entry.infohash)}
            for entry in entries
        ]
        return sorted(rows, key=lambda row: natural_path_key(str(row["name"])))

    async def follow(self, infohash: str) -> MetadataBoard:
        """Return a board that shows the progress of a torrent's metadata; close it.

        Raises :class:`BadInput`.
        """
        if not is_infohash(infohash):
            raise BadInput(f"This is not a whole infohash: {infohash[:80]!r}.")
        known = await self._catalog.on_loop.torrents.metainfo(infohash)
        swarms = (s for s in self._manager.swarms.all() if infohash in s.names)
        return MetadataBoard(next(swarms, None), known=known is not None)

    # --- taking away

    async def torrent_remove(
        self, infohash: object = None, deleteData: object = False
    ) -> Result:
        """Remove a torrent from the library; ``deleteData`` deletes its data too.

        Playback skips to the next track of another torrent, and its entries leave the
        tracklist. A torrent that had left before is forgotten for good. Raises
        :class:`NoSuchTorrent`, :class:`StorageFailed`.
        """
        delete = arguments.flag("deleteData", deleteData)
        name = arguments.text("infohash", infohash)
        if name is None:
            raise BadInput("infohash is missing.")
        found = await self._catalog.on_loop.run(self._find, name)
        return await self._remover.remove(found, delete_data=delete)

    async def torrent_purge(self) -> Result:
        """Delete the data of all torrents that nothing uses now; they stay listed.

        Raises :class:`StorageFailed`.
        """
        return await self._remover.purge()

    # --- how it stands

    async def torrent_status(self) -> Result:
        """Return the current state: rates in bytes/s, amounts in bytes."""
        troubles = [swarm.disk_trouble for swarm in self._manager.swarms.all()]
        entries, disk, (used, cache), kept = await asyncio.gather(
            self._catalog.on_loop.run(entries_of, self._catalog),
            asyncio.to_thread(disk_row, self._disk, self._catalog, troubles),
            asyncio.to_thread(self._cache),
            self._kept(),
        )
        return {
            "running": self._running,
            "versions": status.versions(),
            "library": {
                "torrents": len(entries),
                "tracks": sum(entry.track_count for entry in entries),
                "waitingForMetadata": sum(not entry.known for entry in entries),
            },
            "bytesOnDisk": used,
            "cache": cache,
            "disk": disk,
            "kept": [row_of(one) for one in kept],
            "network": self._network.row(),
            "streams": status.streams(self._manager),
            "swarms": status.swarms(self._manager),
        }

    async def _kept(self) -> list[KeptProgress]:
        with suppress(StorageFailed):  # the status of the disk says why
            return await self._keeping.progress()
        return []

    def _cache(self) -> tuple[int, Result]:
        """Return what the cache takes, and its limits; blocks."""
        used = sum(self._disk.sizes().values())
        room = self._manager.cache.allowance.room
        return used, status.cache(self._disk, self._wishes, room)

    async def torrent_limits(
        self,
        downloadLimit: object = None,
        uploadLimit: object = None,
        connectionsLimit: object = None,
        torrentConnectionsLimit: object = None,
        uploadSlots: object = None,
    ) -> Result:
        """Change limits until the next start; return those in force.

        Rates are numbers of bytes/s, or texts such as ``500 kB/s``.
        """
        self._network.change_limits(
            {
                "downloadLimit": downloadLimit,
                "uploadLimit": uploadLimit,
                "connectionsLimit": connectionsLimit,
                "torrentConnectionsLimit": torrentConnectionsLimit,
                "uploadSlots": uploadSlots,
            }
        )
        return self._network.limits_row()

    # --- which torrent is meant

    async def _metainfo_of(self, text: str, seconds: float | None) -> Metainfo:
        if is_beginning(text):
            text = await self._catalog.on_loop.run(self._find, text)
        text = link_of(text)
        match parse(text):
            case MagnetUri():
                source = read_magnet(text)
            case AddUri():
                added = await self._add(
                    text, LOOKED_IN_S if seconds is None else seconds
                )
                if added.infohash is None:
                    raise MetadataTimeout(f"“{added.name}” could not be read in time.")
                source = TorrentSource(added.infohash)
            case uri:
                infohash = getattr(uri, "infohash", None)
                if infohash is None:
                    raise BadInput(f"{text} names no torrent.")
                source = read_magnet(magnet_of(infohash))
        known = await self._catalog.on_loop.torrents.metainfo(source.infohash)
        if known:
            return known
        kept = await self._catalog.on_loop.torrents.source(source.infohash)
        return await self._manager.metadata.fetch(kept or source, seconds)

    def _find(self, start: str) -> str:
        return find(self._catalog, self._disk, start)

    # --- what is answered

    def _read(self, encoded: str) -> Metainfo:
        return self._read_torrent(arguments.decoded("torrentFileB64", encoded))[1]

    def _add_torrent(self, encoded: str) -> Added:
        return self._adder.add_torrent(arguments.decoded("torrentFileB64", encoded))

    async def _add(self, link: str, seconds: float) -> Added:
        if not seconds:
            return await asyncio.to_thread(self._adder.add, link, 0.0)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._adders, self._adder.add, link, seconds)

    async def _result_of(self, added: Added, text: str | None) -> Result:
        uri = link_of(text or "")
        if added.infohash:
            uri = await self._catalog.on_loop.run(self._uri_of, added.infohash)
        return {
            "infohash": added.infohash,
            "name": added.name,
            "known": added.known,
            "uri": uri,
            "numPeers": self._peers_of(added.infohash),
        }

    def _peers_of(self, infohash: str | None) -> int:
        swarms = (s for s in self._manager.swarms.all() if infohash in s.names)
        return sum(swarm.statistics.num_peers for swarm in swarms)

    def _uri_of(self, infohash: str) -> str:
        """Return the URI by which clients look the torrent up."""
        layout = self._catalog.tracks.layout(infohash)
        if layout:
            return str(layout.uri)
        source = self._catalog.torrents.source(infohash)
        return (source and source.magnet) or magnet_of(infohash)

    def _by_torrent(self, sizes: Mapping[str, int]) -> Counter[str]:
        """Return bytes by the catalog's infohash; the data may have another one."""
        on_disk: Counter[str] = Counter()
        for infohash, size in sizes.items():
            on_disk[self._catalog.torrents.name_of(infohash)] += size
        return on_disk


def _row(entry: InventoryLine, on_disk: int) -> dict[str, object]:
    return {
        "infohash": entry.infohash,
        "name": entry.name or entry.infohash,
        "known": entry.known,
        "tracks": entry.track_count,
        "size": entry.size,
        "bytesOnDisk": on_disk,
        "addedMs": entry.added_ms,
    }


#: The commands by name.
LIBRARY_COMMANDS: dict[str, Callable[..., Awaitable[Result]]] = {
    method.__name__: method
    for method in (
        LibraryCommands.torrent_add,
        LibraryCommands.torrent_list,
        LibraryCommands.torrent_files,
        LibraryCommands.torrent_remove,
        LibraryCommands.torrent_status,
        LibraryCommands.torrent_purge,
        LibraryCommands.torrent_limits,
    )
}
