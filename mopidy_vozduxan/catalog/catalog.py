"""Our record of torrents and their tracks; safe to call from any thread.

It never fetches and never touches payload. Every call is synchronous; reads
take well under a millisecond, searches tens. All raise :class:`StorageFailed`
when the disk fails.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from mopidy_vozduxan.catalog import (
    inventory,
    playlists,
    sheets,
    torrents,
    tracks,
)
from mopidy_vozduxan.catalog.entries import read_layout
from mopidy_vozduxan.catalog.file import CatalogFile
from mopidy_vozduxan.catalog.kept import KeptLayouts
from mopidy_vozduxan.catalog.playlists import Playlist
from mopidy_vozduxan.catalog.recovery import ReadTorrent, recover
from mopidy_vozduxan.catalog.search import Finder
from mopidy_vozduxan.catalog.torrents import FoundAt, TorrentSummary
from mopidy_vozduxan.engine.protocol import Metainfo, TorrentSource
from mopidy_vozduxan.layout import Layout, audio_folders
from mopidy_vozduxan.tags import Part, Tags
from mopidy_vozduxan.uris import PlaylistUri

#: Torrents added in one transaction: other writers wait for its end, 0.1 s.
BATCH = 32


class Catalog:
    """The catalog at ``path``; raises :class:`StorageFailed` if it cannot open."""

    def __init__(self, path: Path) -> None:
        #: These count how often torrents came or went, and how often albums came
        #: to look different: what was computed from them is good until then.
        self.torrents_version = self.albums_version = 0
        #: Called, on whatever thread, once a damaged file was set aside.
        self.on_damaged: Callable[[], None] = lambda: None
        self._layouts = KeptLayouts()
        self._file = CatalogFile(path, self._replaced)
        self.finder = Finder(self._file)

    # --- torrents

    def add(
        self,
        source: TorrentSource,
        metainfo: Metainfo | None,
        found_at: FoundAt | None = None,
    ) -> None:
        """Keep what is known of a torrent; nothing known before is lost.

        Where the metadata names the torrent otherwise than the source did (a
        hybrid's magnet may hold its v2 hash alone), both names find it from now on.
        """
        self.add_all([(source, metainfo, found_at)])

    def add_all(
        self,
        known: Iterable[tuple[TorrentSource, Metainfo | None, FoundAt | None]],
    ) -> None:
        """Keep what is known of many torrents; see :meth:`add`."""
        batch = []
        for one in known:
            batch.append(one)
            if len(batch) == BATCH:
                self._add_batch(batch)
                batch = []
        self._add_batch(batch)

    def remove(self, infohash: str) -> None:
        """Forget a torrent. Its ``.torrent`` file is read again only when changed."""

        def write(db: sqlite3.Connection) -> bool:
            name = torrents.name_of(db, infohash)
            tracks.delete_tracks(db, name)
            torrents.delete_torrent(db, name)
            return True

        self.change(write, self.name_of(infohash))
        self.torrents_version += 1

    def name_of(self, infohash: str) -> str:
        """Return the infohash the torrent is kept under, itself where unknown."""
        return self._file.read(lambda db: torrents.name_of(db, infohash))

    def also_call(self, name: str, infohash: str) -> None:
        """Have another name, such as a URL, find the torrent from now on."""
        self._file.write(lambda db: torrents.write_alias(db, name, infohash))

    def source(self, infohash: str) -> TorrentSource | None:
        """Return where the torrent's metadata comes from; None if unknown."""
        return self._file.read(lambda db: torrents.read_source(db, infohash))

    def metainfo(self, infohash: str) -> Metainfo | None:
        """Return what the torrent says of itself; None while that is unknown."""
        if layout := self._layouts.get(infohash):
            return layout.metainfo

        def read(db: sqlite3.Connection) -> tuple[Metainfo, int] | None:
            return torrents.read_metainfo(db, torrents.name_of(db, infohash))

        known = self._file.read(read)
        return known[0] if known else None

    def torrents(self) -> list[TorrentSummary]:
        """Return every torrent known to have a track, in no order."""
        return self._file.read(torrents.list_torrents)

    def inventory(self) -> list[inventory.Entry]:
        """Return every torrent, also those without metadata, in no order."""
        return self._file.read(inventory.list_entries)

    def names_like(self, start: str, most: int = 2) -> list[str]:
        """Return torrents whose infohash starts like that, a few hex digits."""
        return self._file.read(lambda db: inventory.names_like(db, start, most))

    def names_of(self, infohash: str) -> frozenset[str]:
        """Return every infohash of a torrent: a hybrid may be met by its v2 name."""
        return self._file.read(
            lambda db: inventory.names_of(db, torrents.name_of(db, infohash))
        )

    def found(self) -> dict[Path, tuple[int, int, str]]:
        """Return (mtime_ns, size, infohash) of every ``.torrent`` file read so far."""
        rows = self._file.read(torrents.list_found)
        return {Path(os.fsdecode(row[0])): row[1:] for row in rows}

    def withdraw(self, gone: Sequence[Path], outdated: Iterable[str] = ()) -> list[str]:
        """Note that ``.torrent`` files are gone; return the torrents that left.

        A torrent leaves with its last file, unless a listener has added it too: it
        then has a magnet link. ``outdated`` are torrents whose files hold others.
        """
        left = self._withdraw([], frozenset(outdated)) if outdated else []
        for start in range(0, len(gone), BATCH):
            left += self._withdraw(gone[start : start + BATCH], frozenset())
        return left

    # --- tracks

    def layout(self, infohash: str) -> Layout | None:
        """Return the torrent's tracks by folder; None while they are unknown."""
        kept = self._layouts.get(infohash)
        if kept:
            return kept
        read_at = self._layouts.now()

        def read(db: sqlite3.Connection) -> Layout | None:
            return read_layout(db, torrents.name_of(db, infohash))

        layout = self._file.read(read)
        if layout and not layout.folders and audio_folders(layout.metainfo):
            self._name([layout.metainfo.infohash])
            read_at, layout = self._layouts.now(), self._file.read(read)
        if layout:
            self._layouts.keep(layout, read_at)
        return layout

    def complete(self, stop: threading.Event) -> None:
        """Name the tracks of torrents that an older version kept without any.

        Takes some 2 ms for each; ends early once ``stop`` is set.
        """
        while not stop.is_set():
            rest = self._file.read(lambda db: tracks.unnamed(db, BATCH))
            if not rest:
                break
            self._name(rest)

    def unscanned(self, infohash: str, *, tried: bool = False) -> list[int]:
        """Return the files whose tags were not read, in the order of play.

        Those that could not be read come again a day later; at once with ``tried``.
        """
        return self._file.read(lambda db: tracks.unread(db, infohash, tried=tried))

    def unscanned_torrents(self, limit: int) -> list[str]:
        """Return torrents that have such files, the newest first."""
        return self._file.read(lambda db: tracks.unread_torrents(db, limit))

    def keep_tags(self, infohash: str, index: int, tags: Tags) -> None:
        """Keep what a file says of itself; where it is silent, its name counts."""
        self.change(lambda db: tracks.write_tags(db, infohash, index, tags), infohash)

    def note_unreadable(self, infohash: str, index: int) -> None:
        """Note that a file's tags could not be read; it is left alone for a day."""
        self._file.write(lambda db: tracks.note_unreadable(db, infohash, index))

    def leave_alone(self, infohash: str) -> None:
        """Note that no tags of a torrent could be read; see `note_unreadable`."""
        self._file.write(lambda db: tracks.leave_alone(db, infohash))

    def scan_again(self, infohash: str) -> None:
        """Let all tags of a torrent be read again; what is known stays until then."""
        self._file.write(lambda db: tracks.forget_read(db, infohash))

    def keep_sheet(self, infohash: str, index: int, parts: Sequence[Part]) -> None:
        """Keep that a CUE sheet divides a file: its parts are the tracks now."""
        self.change(lambda db: sheets.write_sheet(db, infohash, index, parts), infohash)

    def part(self, infohash: str, index: int, number: int) -> Part | None:
        """Return a part of a file; ``number`` is the sheet's. None if unknown."""
        return self._file.read(
            lambda db: sheets.read_part(
                db, torrents.name_of(db, infohash), index, number
            )
        )

    # --- playlists

    def keep_playlist(
        self, infohash: str, index: int, name: str, tracks: Sequence[str]
    ) -> None:
        """Keep that file ``index`` is a playlist of these track URIs."""
        uri = PlaylistUri(infohash, index)
        self._file.write(lambda db: playlists.write_playlist(db, uri, name, tracks))

    def playlists(self) -> list[Playlist]:
        """Return every playlist without its tracks, in a stable order."""
        return self._file.read(playlists.list_playlists)

    def playlist(self, infohash: str, index: int) -> Playlist | None:
        """Return one playlist; None where it is unknown."""
        uri = PlaylistUri(infohash, index)
        return self._file.read(lambda db: playlists.read_playlist(db, uri))

    # --- damage

    def recover(self, read_torrent: ReadTorrent) -> int:
        """Bring back what can be read of damaged files that were set aside.

        Returns how many torrents that were. Takes some 5 ms for each.
        """
        aside = self._file.take_aside()
        return sum(recover(self, path, read_torrent) for path in aside)

    def _replaced(self) -> None:
        self._layouts.forget_all()
        self.torrents_version += 1
        self.albums_version += 1
        self.on_damaged()

    def close(self) -> None:
        """Close the file; every later call that needs it raises."""
        self._file.close()

    # --- what follows from a change

    def _add_batch(
        self, batch: Sequence[tuple[TorrentSource, Metainfo | None, FoundAt | None]]
    ) -> None:
        def write(db: sqlite3.Connection) -> bool:
            return sum(_add(db, *one) for one in batch) > 0

        if batch:
            named = (metainfo or source for source, metainfo, _ in batch)
            self.change(write, *(one.infohash for one in named))
            self.torrents_version += 1

    def _withdraw(self, gone: Sequence[Path], outdated: frozenset[str]) -> list[str]:
        def write(db: sqlite3.Connection) -> list[str]:
            lost = outdated | torrents.delete_found(db, gone)
            left = torrents.unfounded(db, lost)
            for infohash in left:
                tracks.delete_tracks(db, infohash)
                torrents.delete_torrent(db, infohash)
            return left

        left = self._file.write(write)
        if left:
            self._layouts.forget(*left)
            self.torrents_version += 1
            self.albums_version += 1
        return left

    def _name(self, infohashes: Sequence[str]) -> None:
        def write(db: sqlite3.Connection) -> bool:
            for infohash in infohashes:
                if known := torrents.read_metainfo(db, infohash):
                    tracks.write_names(db, known[0])
            return True

        self.change(write, *infohashes)

    def change(
        self, work: Callable[[sqlite3.Connection], object], *infohashes: str
    ) -> None:
        """Do ``work`` on tracks of these torrents, in one transaction.

        It returns whether albums look different after it.
        """
        different = True
        try:
            different = bool(self._file.write(work))
        finally:
            self._layouts.forget(*infohashes)
            self.albums_version += different


def _add(
    db: sqlite3.Connection,
    source: TorrentSource,
    metainfo: Metainfo | None,
    found_at: FoundAt | None,
) -> bool:
    """Return whether a torrent came or looks different."""
    given = source.infohash
    infohash = metainfo.infohash if metainfo else torrents.name_of(db, given)
    torrents.write_source(db, infohash, source)
    news = False
    if metainfo:
        kept = torrents.storable(metainfo)
        news = torrents.write_metainfo(db, kept)
        if news:
            tracks.write_names(db, kept)
    if given != infohash:
        torrents.write_alias(db, given, infohash)
    if found_at:
        torrents.write_found(db, infohash, found_at)
    return news
