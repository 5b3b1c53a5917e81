"""Exports torrents, albums and tracks to a folder, one after the other.

Lives on our event loop. Reads only through the swarms, so that every byte is proven.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.finished import names_on_disk
from mopidy_vozduxan.exceptions import (
    MetadataTimeout,
    NoSuchTorrent,
    StorageFailed,
    VozduxanError,
)
from mopidy_vozduxan.keeping.file_export import Outcome, Parts, export_file
from mopidy_vozduxan.keeping.holdings import Holdings, held_bytes, is_here
from mopidy_vozduxan.keeping.target_folder import TargetFolder
from mopidy_vozduxan.naming.files_named import files_named
from mopidy_vozduxan.naming.portable_names import paths_for
from mopidy_vozduxan.streaming.background import Background
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile, TorrentSource
from mopidy_vozduxan.torrent.uris import Keep

logger = logging.getLogger(__name__)

_MESSAGES = {Outcome.CONFLICT: "another file is there, and was left as it is"}
_HOPELESS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ENODEV}
State = Literal["waiting", "running", "done", "failed", "cancelled"]
#: How long an export that ended can be asked about, in seconds.
REMEMBERED_S = 600.0


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export, and where to.

    ``fetch`` fetches what is missing first; ``copy`` never links.
    """

    keep: Keep
    directory: str
    fetch: bool = False
    copy: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """How it went with a file; ``path`` is below the folder."""

    file: TorrentFile
    path: str
    outcome: Outcome
    message: str = ""


@dataclass(slots=True)
class Export:
    """One export: how far it is; amounts are in bytes."""

    id: str
    request: ExportRequest
    state: State = "waiting"
    files: int = 0
    size: int = 0
    done_bytes: int = 0
    current: str = ""
    message: str = ""
    results: list[Exported] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Exporter:
    """Exports what is asked for; ``forbidden`` are folders of ours."""

    def __init__(
        self,
        background: Background,
        catalog: Catalog,
        disk: DiskStore,
        holdings: Holdings,
        forbidden: Sequence[Path],
    ) -> None:
        self._background = background
        self._catalog = catalog
        self._disk = disk
        self._holdings = holdings
        self._forbidden = forbidden
        self._exports: dict[str, Export] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Lock()  # two would only slow each other down

    def begin(self, request: ExportRequest) -> Export:
        """Begin an export, or return the one that does the same."""
        for export in self._exports.values():
            if export.request == request and not export.ended.is_set():
                return export
        export = Export(secrets.token_urlsafe(12), request)
        self._exports[export.id] = export
        task = asyncio.ensure_future(self._run(export))
        self._tasks[export.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(export.id, None))
        return export

    def get(self, name: str) -> Export | None:
        """Return an export by its id, also for a while after its end."""
        return self._exports.get(name)

    def cancel(self, name: str) -> None:
        """Stop an export; files that are complete stay."""
        if task := self._tasks.get(name):
            task.cancel()

    async def close(self) -> None:
        """Stop all exports."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, export: Export) -> None:
        try:
            async with self._turn:
                export.state = "running"
                await self._export(export)
            export.state = "done"
        except asyncio.CancelledError:
            export.state, export.message = "cancelled", "The export was cancelled."
        except VozduxanError as exc:
            export.state, export.message = "failed", str(exc)
        except OSError as exc:
            folder = export.request.directory
            export.state = "failed"
            export.message = f"Cannot write to {folder}: {exc.strerror}."
        except Exception:
            logger.exception("Vozduxan: The export failed")
            export.state, export.message = "failed", "The export failed."
        finally:
            export.ended.set()
            loop = asyncio.get_running_loop()
            loop.call_later(REMEMBERED_S, self._exports.pop, export.id, None)

    async def _export(self, export: Export) -> None:
        request = export.request
        run = self._catalog.on_loop.run
        source, metainfo = await run(self._known, request.keep.infohash)
        files = files_named(metainfo, request.keep)
        export.files, export.size = len(files), sum(file.size for file in files)
        folder = await asyncio.to_thread(
            TargetFolder, request.directory, self._forbidden
        )
        with contextlib.closing(folder):
            fat = await asyncio.to_thread(folder.takes_portable_names_only)
            # All of the torrent's, so that a file's path is always the same.
            paths = await asyncio.to_thread(paths_for, _real(metainfo), fat=fat)
            links = await self._links(request, source)
            work = _Work(export, folder, source, metainfo, links)
            for file in files:
                await self._file(work, file, paths[file.index])

    def _known(self, infohash: str) -> tuple[TorrentSource, Metainfo]:
        source = self._catalog.torrents.source(infohash)
        metainfo = self._catalog.torrents.metainfo(infohash)
        if source is None:
            raise NoSuchTorrent(f"There is no torrent {infohash}.")
        if metainfo is None:
            name = source.display_name or infohash
            raise MetadataTimeout(f"The metadata of “{name}” is not here yet.")
        return source, metainfo

    async def _links(
        self, request: ExportRequest, source: TorrentSource
    ) -> dict[int, Path]:
        """Return the files of the torrent in the cache, to be linked."""
        if request.copy or source.torrent is None:
            return {}
        names = await asyncio.to_thread(names_on_disk, source.torrent)
        folder = Path(self._disk.folder_of(source.infohash))
        return {index: folder / name for index, name in names.items()}

    async def _file(self, work: _Work, file: TorrentFile, path: Sequence[str]) -> None:
        export, before = work.export, work.export.done_bytes
        export.current = "/".join(path)
        try:
            outcome, message = await self._outcome(work, file, path)
        except OSError as exc:
            outcome, message = Outcome.FAILED, f"{exc.strerror}"
            work.fail_if_full(exc)
        except VozduxanError as exc:
            outcome, message = Outcome.MISSING, str(exc)
        export.done_bytes = before + file.size
        export.results.append(Exported(file, export.current, outcome, message))

    async def _outcome(
        self, work: _Work, file: TorrentFile, path: Sequence[str]
    ) -> tuple[Outcome, str]:
        metainfo = work.metainfo
        names = await self._catalog.on_loop.torrents.names_of(metainfo.infohash)
        held = await asyncio.to_thread(self._holdings.asking(names))
        there = is_here(metainfo, file, held)
        if not work.export.request.fetch and not there:
            here = held_bytes(metainfo, [file], held)[file.index]
            return Outcome.MISSING, f"{here * 100 // file.size} % of it is here"
        mark = f"{metainfo.infohash[:12]}-{file.index}"
        with work.folder.place(path, mark) as place:
            async with self._background.reading(work.target(file)) as reading:
                parts = work.counted(lambda: reading.parts(0, file.size))
                if not there:  # there is nothing to link before it has come
                    async for _ in parts():
                        pass
                link = work.links.get(file.index)
                outcome = await export_file(place, file.size, parts, link)
        return outcome, _MESSAGES.get(outcome, "")


@dataclass(frozen=True, slots=True)
class _Work:
    """What exporting each file needs."""

    export: Export
    folder: TargetFolder
    source: TorrentSource
    metainfo: Metainfo
    links: dict[int, Path]

    def target(self, file: TorrentFile) -> Target:
        return Target(self.source, self.metainfo, file.index)

    def counted(self, parts: Parts) -> Parts:
        """Return the same parts, counted for the progress."""
        before = self.export.done_bytes

        async def counting() -> AsyncIterator[memoryview]:
            done = before
            async for part in parts():
                yield part
                done += len(part)
                self.export.done_bytes = max(done, self.export.done_bytes)

        return counting

    def fail_if_full(self, error: OSError) -> None:
        """Stop the export if no other file can be written either."""
        if error.errno in _HOPELESS:
            reason = f"Cannot write to {self.folder.path}: {error.strerror}."
            raise StorageFailed(reason) from error


def _real(metainfo: Metainfo) -> list[TorrentFile]:
    return [file for file in metainfo.files if not file.padding]
