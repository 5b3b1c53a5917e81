"""The commands about what is kept and exported.

Lives on our event loop, beside the library's commands. Checks its arguments, asks the
other parts, and answers with values for JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.commands import arguments
from mopidy_vozduxan.commands.streaming_commands import Result
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.exceptions import (
    BadInput,
    MetadataTimeout,
    NoSuchExport,
    NoSuchKeep,
    NoSuchTorrent,
    ShuttingDown,
)
from mopidy_vozduxan.keeping import which_keep
from mopidy_vozduxan.keeping.exporting import Export, Exporter, ExportRequest
from mopidy_vozduxan.keeping.keeping import Keeping, KeptProgress
from mopidy_vozduxan.keeping.kept_files import including
from mopidy_vozduxan.sources.adding import Adder
from mopidy_vozduxan.sources.which_torrent import link_of
from mopidy_vozduxan.torrent.uris import Keep

#: What adds a torrent that is not in the library.
LINKS = ("magnet:", "http://", "https://", "vozduxan:add:")
#: How long to wait for the torrent behind a URL; a magnet link names it at once.
LINK_S = 10.0


class KeepingCommands:
    """The commands. Each may raise :class:`BadInput`, and what its docstring names."""

    def __init__(
        self,
        catalog: Catalog,
        disk: DiskStore,
        keeping: Keeping,
        adder: Adder,
        exporter: Exporter | None = None,
    ) -> None:
        self._exporter = exporter
        self._catalog = catalog
        self._disk = disk
        self._adder = adder
        self._keeping = keeping

    async def run(self, command: str, given: Mapping[str, object]) -> Result:
        """Run one of :data:`KEEPING_COMMANDS` with arguments from JSON."""
        method = KEEPING_COMMANDS[command]
        arguments.check_for(method, given)
        return await method(self, **given)

    async def torrent_keep(self, source: object = None) -> Result:
        """Keep a torrent, an album or a track: fetch it whole, and never evict it.

        A link adds its torrent to the library. Raises :class:`NoSuchTorrent`,
        :class:`NoSuchFile`, :class:`FetchFailed`, :class:`MetadataTimeout`,
        :class:`StorageFailed`.
        """
        keep = await self._named(await self._added(source))
        if not await self._catalog.on_loop.torrents.has(keep.infohash):
            raise NoSuchTorrent("It has left the library; add it again to keep it.")
        await self._catalog.on_loop.run(self._catalog.keeps.add, keep)
        self._keeping.look_again()
        return await self._row_of(keep)

    async def torrent_unkeep(self, source: object = None) -> Result:
        """Keep it no longer; what is here stays until its place is needed.

        Raises :class:`NoSuchKeep`, and what :meth:`torrent_keep` raises.
        """
        keep = await self._named(source)
        row = await self._row_of(keep)
        if not await self._catalog.on_loop.run(self._catalog.keeps.remove, keep):
            raise NoSuchKeep(self._why_not(keep))
        await asyncio.to_thread(self._keeping.kept.look)
        self._keeping.look_again()
        return row

    # --- exporting

    async def torrent_export(
        self,
        source: object = None,
        directory: object = None,
        fetch: object = False,
        copy: object = False,
    ) -> Result:
        """Begin to export files to a folder; answers at once.

        ``fetch`` fetches first what is missing, ``copy`` never makes hard links. Raises
        what :meth:`torrent_keep` raises.
        """
        where = arguments.text("directory", directory)
        if where is None:
            raise BadInput("directory is missing.")
        flags = arguments.flag("fetch", fetch), arguments.flag("copy", copy)
        request = ExportRequest(await self._named(source), where, *flags)
        return export_row(self._exports.begin(request))

    async def torrent_export_progress(
        self, export: object = None, wait: object = 0
    ) -> Result:
        """Return how far an export is; wait up to ``wait`` seconds for its end.

        Raises :class:`NoSuchExport`.
        """
        found = self._exported(export)
        seconds = arguments.seconds("wait", wait)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await found.ended.wait()
        return export_row(found)

    async def torrent_export_cancel(self, export: object = None) -> Result:
        """Stop an export; what was exported stays. Raises :class:`NoSuchExport`."""
        found = self._exported(export)
        self._exports.cancel(found.id)
        await found.ended.wait()
        return export_row(found)

    @property
    def _exports(self) -> Exporter:
        if self._exporter is None:
            raise ShuttingDown("Mopidy is not running, and an export needs it.")
        return self._exporter

    def _exported(self, export: object) -> Export:
        found = self._exports.get(arguments.token("export", export))
        if found is None:
            raise NoSuchExport("There is no such export, or none any more.")
        return found

    # --- what is meant

    async def _added(self, source: object) -> object:
        """Add the torrent of a link; return what names it from now on."""
        text = arguments.text("source", source) or ""
        if not text.lower().startswith(LINKS):
            return source
        wait_s = 0.0 if text.lower().startswith("magnet:") else LINK_S
        added = await asyncio.to_thread(self._adder.add, link_of(text), wait_s)
        if added.infohash is None:
            raise MetadataTimeout(f"“{added.name}” could not be read in time.")
        return added.infohash

    async def _named(self, source: object) -> Keep:
        text = arguments.text("source", source)
        if text is None:
            raise BadInput("source is missing.")
        return await asyncio.to_thread(which_keep.find, self._catalog, self._disk, text)

    async def _row_of(self, keep: Keep) -> dict[str, object]:
        rows = await self._keeping.progress()
        found = (row_of(one) for one in rows if one.kept.keep == keep)
        return next(found, {"uri": str(keep), "infohash": keep.infohash})

    def _why_not(self, keep: Keep) -> str:
        for one in self._keeping.kept.kept:
            if one.keep == keep:
                return f"“{one.name}” is kept by vozduxan/keep in the configuration."
        if more := including(self._keeping.kept.kept, keep):
            return f"It is kept as a part of “{more.name}” ({more.keep})."
        return f"{keep} is not kept."


def row_of(progress: KeptProgress) -> dict[str, object]:
    """Return a keep for JSON; amounts are in bytes."""
    kept = progress.kept
    return {
        "uri": str(kept.keep),
        "infohash": kept.keep.infohash,
        "name": kept.name,
        "files": len(kept.files),
        "size": kept.size,
        "heldBytes": sum(progress.held.values()),
        "fetching": progress.is_fetched,
        "trouble": progress.trouble,
        "configured": kept.configured,
    }


def export_row(export: Export) -> dict[str, object]:
    """Return an export for JSON; ``results`` has every file that is done."""
    return {
        "export": export.id,
        "state": export.state,
        "directory": export.request.directory,
        "files": export.files,
        "size": export.size,
        "doneBytes": export.done_bytes,
        "current": export.current,
        "message": export.message,
        "results": [
            {
                "path": one.path,
                "fileIdx": one.file.index,
                "size": one.file.size,
                "outcome": one.outcome.value,
                "message": one.message,
            }
            for one in export.results
        ],
    }


def totals(rows: Iterable[KeptProgress]) -> dict[str, dict[str, object]]:
    """Return how much of each torrent is kept, and how much of that is here."""
    held: dict[str, dict[int, int]] = defaultdict(dict)
    sizes: dict[str, dict[int, int]] = defaultdict(dict)
    for row in rows:
        infohash = row.kept.keep.infohash
        held[infohash] |= row.held
        sizes[infohash] |= {file.index: file.size for file in row.kept.files}
    return {
        infohash: {
            "size": sum(sizes[infohash].values()) if sizes[infohash] else None,
            "heldBytes": sum(held[infohash].values()),
        }
        for infohash in held
    }


#: The commands by name.
KEEPING_COMMANDS: dict[str, Callable[..., Awaitable[Result]]] = {
    method.__name__: method
    for method in (
        KeepingCommands.torrent_keep,
        KeepingCommands.torrent_unkeep,
        KeepingCommands.torrent_export,
        KeepingCommands.torrent_export_progress,
        KeepingCommands.torrent_export_cancel,
    )
}
#: Those that write to any folder: only for programs of the server's own user.
PRIVATE_COMMANDS = frozenset(
    name for name in KEEPING_COMMANDS if name.startswith("torrent_export")
)
