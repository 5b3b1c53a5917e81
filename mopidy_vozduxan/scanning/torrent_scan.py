"""Reads one torrent: its sheets, its playlists, then every track.

Runs on our event loop, and sends blocking work to threads. The scanner decides when
it is a torrent's turn.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import defaultdict
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Iterator,
    Mapping,
    Sequence,
    Set,
)
from contextlib import AbstractAsyncContextManager, contextmanager
from functools import partial
from typing import Any

from mopidy_vozduxan.audio.formats import extension, is_playable
from mopidy_vozduxan.exceptions import BadInput, Stalled, VozduxanError
from mopidy_vozduxan.planning.spans import PieceMap
from mopidy_vozduxan.scanning.gate import Gate
from mopidy_vozduxan.scanning.gstreamer import Scan
from mopidy_vozduxan.scanning.means import Means, Outcome
from mopidy_vozduxan.streaming.background_reading import Reading
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile, TorrentSource
from mopidy_vozduxan.torrent.tags import Part, Tags

logger = logging.getLogger(__name__)

#: How many texts of an album's other files are enough to recognise the encoding.
MOST_BESIDE = 64
#: A sheet of 99 tracks takes 10 kB, a playlist of 1000 tracks 100 kB.
LARGEST_TEXT = 256 * 1024
#: Some torrents have a sheet for every encoding, and a playlist for every folder.
MOST_TEXTS = 200


async def read_torrent(
    means: Means, infohash: str, *, opened: bool, budget: int
) -> tuple[Outcome, int]:
    """Read what is unknown about a torrent; return how that ended and what it cost.

    If somebody ``opened`` it, that includes files that could not be read within the
    last day, and torrents of private trackers, which watch who takes and does not
    give. At most ``budget`` bytes of first pieces are requested. May be cancelled at
    any time. Raises :class:`StorageFailed` if the catalog fails.
    """
    catalog = means.catalog
    source = await catalog.torrents.source(infohash)
    metainfo = await catalog.torrents.metainfo(infohash)
    if source is None or metainfo is None:
        return Outcome.TOO_EARLY, 0
    infohash = metainfo.infohash
    if not await catalog.scans.unscanned(infohash, tried=opened):
        return Outcome.DONE, 0
    if metainfo.private and not opened:
        await catalog.scans.leave_alone(infohash)
        return Outcome.DONE, 0
    visit = _Visit(means, source, metainfo, opened=opened)
    try:
        await visit.read_sheets()
        await visit.read_playlists()
        rest = await catalog.scans.unscanned(infohash, tried=opened)
        files = _affordable(metainfo, rest, budget)
        await visit.read_tracks(files)
    except VozduxanError as exc:
        logger.debug("Giving up on %s: %s", metainfo.name, exc)
        await catalog.scans.leave_alone(infohash)
        return Outcome.DEAD, 0
    if len(files) < len(rest):
        await catalog.scans.leave_alone(infohash)
    return Outcome.DONE, len(files) * metainfo.piece_length


class _Visit:
    """One torrent being read."""

    def __init__(
        self, means: Means, source: TorrentSource, metainfo: Metainfo, *, opened: bool
    ) -> None:
        self._means = means
        self._catalog = means.catalog
        self._opened = opened
        self._source = source
        self._metainfo = metainfo
        self._infohash = metainfo.infohash
        self._read = 0  # files that arrived
        self._stalled: list[TorrentFile] = []  # files that nobody gave us
        self._divided: set[int] = set()  # files with a sheet of their torrent
        self._named: dict[int, Tags] = {}  # by a sheet for files of one track each
        self._pictured: set[str] = set()  # folders with a picture
        self._scans: dict[TorrentFile, Scan] = {}
        self._kept: dict[TorrentFile, Tags] = {}

    # --- what divides and orders files

    async def read_sheets(self) -> None:
        """Divide files by their CUE sheets."""
        beside: dict[int, list[tuple[Part, ...]]] = defaultdict(list)
        elsewhere: dict[int, list[tuple[Part, ...]]] = defaultdict(list)
        async for file, data in self._texts({"cue"}):
            try:
                read = self._means.readers.sheet  # 0.5 s among 100,000 files
                sheets = await asyncio.to_thread(read, data, file.path, self._metainfo)
            except BadInput as exc:
                logger.debug("No sheet: %s", exc)
                continue
            for index, parts in sheets.items():
                near = _folder(file) == _folder(self._metainfo.files[index])
                (beside if near else elsewhere)[index].append(parts)
        for index, several in {**elsewhere, **beside}.items():
            parts = self._means.readers.best_sheet(several)
            if len(parts) == 1:
                self._named[index] = parts[0].tags
                continue
            self._divided.add(index)
            await self._keep(self._catalog.sheets.keep(self._infohash, index, parts))

    async def read_playlists(self) -> None:
        """Keep the playlists."""
        async for file, data in self._texts({"m3u", "m3u8"}):
            keep = self._means.readers.playlist
            try:
                await asyncio.to_thread(keep, self._metainfo, file.index, data)
            except BadInput as exc:
                logger.debug("No playlist: %s", exc)

    async def _texts(
        self, endings: Set[str]
    ) -> AsyncIterator[tuple[TorrentFile, bytes]]:
        """Yield the contents of the small files with these extensions."""
        files = [
            file
            for file in self._metainfo.files
            if extension(file.path) in endings
            and not file.padding
            and 0 < file.size <= LARGEST_TEXT
        ]
        for file in files[:MOST_TEXTS]:
            with self._bearing(file):
                async with self._open(file) as reading:
                    data = await reading.span(0, file.size)
                yield file, data

    # --- tracks

    async def read_tracks(self, files: Sequence[TorrentFile]) -> None:
        """Read the tags and lengths of ``files``, a few at a time, in order."""
        background = self._means.background
        gate = Gate(lambda: background.is_playing, hurry=self._opened)
        tasks = [asyncio.ensure_future(self._in(gate, file)) for file in files]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for file in self._scans:  # together they show their encoding more surely
            await self._keep_tags(file)
        for file in self._stalled:
            await self._keep(
                self._catalog.scans.note_missing(self._infohash, file.index)
            )

    async def _in(self, gate: Gate, file: TorrentFile) -> None:
        async with gate:
            with self._bearing(file):
                await self._read_track(file)

    async def _read_track(self, file: TorrentFile) -> None:
        async with self._open(file) as reading:
            scan = await self._means.files.scan(reading, file)
        if scan is None:
            name, of = _name(file), self._metainfo.name
            logger.info("Vozduxan: Cannot read the tags of “%s” of “%s”", name, of)
            await self._keep(
                self._catalog.scans.note_unreadable(self._infohash, file.index)
            )
            return
        await self._divide(file, scan)
        self._scans[file] = Scan(_without_pictures(scan.tags), scan.length_ms)
        await self._keep_tags(file)
        await self._keep_picture(file, scan)

    async def _divide(self, file: TorrentFile, scan: Scan) -> None:
        """Divide a file by its embedded sheet, or its chapters.

        A sheet that the torrent has for it takes precedence.
        """
        if file.index in self._divided:
            return
        parts = self._embedded(file, scan)
        if not parts and not scan.chapters:
            return
        readers, heard = self._means.readers, scan.length_ms
        tags = await asyncio.to_thread(readers.tags, scan.tags, heard, (), file.path)
        if parts:
            whole = [part.completed(tags) for part in parts]
        else:
            whole = list(readers.chapters(scan.chapters, heard, tags))
        if whole:
            keep = self._catalog.sheets.keep(self._infohash, file.index, whole)
            await self._keep(keep)

    def _embedded(self, file: TorrentFile, scan: Scan) -> tuple[Part, ...]:
        """Return the parts by an embedded sheet; () without one of its own."""
        read = self._means.readers.embedded
        try:
            parts = read(file.path, scan.tags, scan.head, scan.length_ms)
        except BadInput as exc:
            logger.debug("No sheet in %s: %s", file.path, exc)
            return ()
        if parts and self._count_beside(file) >= len(parts):
            logger.debug("No sheet in %s: it is that of the whole album", file.path)
            return ()
        return parts

    def _count_beside(self, file: TorrentFile) -> int:
        """Return the number of tracks in a file's folder, including itself."""
        beside = (f for f in self._metainfo.files if _folder(f) == _folder(file))
        return sum(map(is_playable, beside))

    async def _keep_tags(self, file: TorrentFile) -> None:
        beside = self._texts_beside(file)
        if file in self._kept and not beside:
            return
        scan = self._scans[file]
        read = self._means.readers.tags  # takes up to 10 ms
        tags = await asyncio.to_thread(
            read, scan.tags, scan.length_ms, beside, file.path
        )
        if file.index in self._named:
            tags = tags.completed(self._named[file.index])
        if tags != self._kept.get(file):
            self._kept[file] = tags
            await self._keep(
                self._catalog.scans.keep_tags(self._infohash, file.index, tags)
            )

    def _texts_beside(self, file: TorrentFile) -> list[str]:
        """Return texts that help to recognise a file's encoding."""
        if not self._puzzling(file):
            return []
        folder = (other for other in self._scans if _folder(other) == _folder(file))
        texts = (t for f in folder if f is not file for t in self._puzzling(f))
        return list(itertools.islice(texts, MOST_BESIDE))

    def _puzzling(self, file: TorrentFile) -> list[str]:
        texts = self._means.readers.texts(self._scans[file].tags)
        return [text for text in texts if not text.isascii()]

    async def _keep_picture(self, file: TorrentFile, scan: Scan) -> None:
        if scan.pictures and _folder(file) not in self._pictured:
            self._pictured.add(_folder(file))
            picture = scan.pictures[0]
            keep = self._means.readers.picture
            await self._keep(
                asyncio.to_thread(keep, self._infohash, file.index, picture)
            )

    # --- all of them

    def _open(self, file: TorrentFile) -> AbstractAsyncContextManager[Reading]:
        target = Target(self._source, self._metainfo, file.index)
        moved = partial(self._means.moved, self._infohash)
        return self._means.background.reading(target, moved)

    @contextmanager
    def _bearing(self, file: TorrentFile) -> Iterator[None]:
        """Tolerate a file that nobody has, if others arrived."""
        try:
            yield
            self._read += 1
        except Stalled:
            self._stalled.append(file)
            if len(self._stalled) > self._read + 1:
                raise

    async def _keep(self, keeping: Awaitable[object]) -> None:
        await keeping
        self._means.found(self._infohash)


def _name(file: TorrentFile) -> str:
    return file.path.rpartition("/")[2]


def _folder(file: TorrentFile) -> str:
    return file.path.rpartition("/")[0]


def _without_pictures(tags: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    return {
        name: values
        for name, values in tags.items()
        if not any(isinstance(value, bytes) for value in values)
    }


def _affordable(
    metainfo: Metainfo, indexes: Sequence[int], budget: int
) -> list[TorrentFile]:
    """Return the first files whose first pieces fit into ``budget`` bytes."""
    files, pieces = [], set()
    for index in indexes:
        file = metainfo.files[index]
        where = PieceMap(file.offset, file.size, metainfo.piece_length)
        pieces.add(where.piece_at(0))
        if len(pieces) * metainfo.piece_length > budget:
            break
        files.append(file)
    return files
