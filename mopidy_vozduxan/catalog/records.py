"""What is known of one torrent, asked for by its infohash: safe on any thread.

What has left the library is kept too, in a file of its own beside the catalog,
and is found here as before: by whoever has its infohash. Nothing here lists.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from mopidy_vozduxan.catalog import inventory, playlists, sheets, torrents, tracks
from mopidy_vozduxan.catalog.database import CatalogFile, Work
from mopidy_vozduxan.catalog.entries import read_layout
from mopidy_vozduxan.catalog.kept_layouts import KeptLayouts
from mopidy_vozduxan.naming.audio_folders import audio_folders
from mopidy_vozduxan.torrent.layout import Layout
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentSource
from mopidy_vozduxan.torrent.tags import Part, Tags
from mopidy_vozduxan.torrent.uris import PlaylistUri

T = TypeVar("T")


class Records:
    """The catalog at ``path``, and beside it what has left the library.

    All raise :class:`StorageFailed` when the disk fails.
    """

    def __init__(self, path: Path) -> None:
        #: These count how often torrents came or went, and how often albums came
        #: to look different: what was computed from them is good until then.
        self.torrents_version = self.albums_version = 0
        #: Called, on whatever thread, once a damaged file was set aside.
        self.on_damaged: Callable[[], None] = lambda: None
        self._layouts = KeptLayouts()
        self._file = CatalogFile(path, self._replaced)
        self._left = CatalogFile(
            path.with_name(f"{path.stem}-left{path.suffix}"), self._replaced
        )

    def close(self) -> None:
        """Close the files; every later call that needs them raises."""
        self._file.close()
        self._left.close()

    # --- torrents

    def has(self, infohash: str) -> bool:
        """Return whether a torrent is in the library."""
        return self._file.read(lambda db: _holds(db, infohash))

    def name_of(self, infohash: str) -> str:
        """Return the infohash the torrent is kept under, itself where unknown."""
        return self._file.read(lambda db: torrents.name_of(db, infohash))

    def names_of(self, infohash: str) -> frozenset[str]:
        """Return every infohash of a torrent: a hybrid may be met by its v2 name."""
        return self._file.read(
            lambda db: inventory.names_of(db, torrents.name_of(db, infohash))
        )

    def also_call(self, name: str, infohash: str) -> None:
        """Have another name, such as a URL, find the torrent from now on."""
        self._file.write(lambda db: torrents.write_alias(db, name, infohash))

    def source(self, infohash: str) -> TorrentSource | None:
        """Return where the torrent's metadata comes from; None if unknown."""
        return self._read(infohash, lambda db: torrents.read_source(db, infohash))

    def metainfo(self, infohash: str) -> Metainfo | None:
        """Return what the torrent says of itself; None while that is unknown."""
        if layout := self._layouts.get(infohash):
            return layout.metainfo

        def read(db: sqlite3.Connection) -> tuple[Metainfo, int] | None:
            return torrents.read_metainfo(db, torrents.name_of(db, infohash))

        known = self._read(infohash, read)
        return known[0] if known else None

    # --- tracks

    def layout(self, infohash: str) -> Layout | None:
        """Return the torrent's tracks by folder; None while they are unknown."""
        kept = self._layouts.get(infohash)
        if kept:
            return kept
        read_at = self._layouts.now()

        def read(db: sqlite3.Connection) -> Layout | None:
            return read_layout(db, torrents.name_of(db, infohash))

        layout = self._read(infohash, read)
        if layout and not layout.folders and audio_folders(layout.metainfo):
            self._name(self._home(infohash), [layout.metainfo.infohash])
            read_at, layout = self._layouts.now(), self._read(infohash, read)
        if layout:
            self._layouts.keep(layout, read_at)
        return layout

    def unscanned(self, infohash: str, *, tried: bool = False) -> list[int]:
        """Return the files whose tags were not read, in the order of play.

        Those that nobody gave us come again a day later; at once with ``tried``.
        """
        return self._read(infohash, lambda db: tracks.unread(db, infohash, tried=tried))

    def keep_tags(self, infohash: str, index: int, tags: Tags) -> None:
        """Keep what a file says of itself; where it is silent, its name counts."""
        self._change(lambda db: tracks.write_tags(db, infohash, index, tags), infohash)

    def note_missing(self, infohash: str, index: int) -> None:
        """Note that nobody gave us a file's tags; it is left alone for a day."""
        self._home(infohash).write(lambda db: tracks.note_missing(db, infohash, index))

    def note_unreadable(self, infohash: str, index: int) -> None:
        """Note that a file holds no tags we can read: never again (`scan_again`)."""
        self._home(infohash).write(
            lambda db: tracks.note_unreadable(db, infohash, index)
        )

    def leave_alone(self, infohash: str) -> None:
        """Note that no tags of a torrent could be read; see `note_missing`."""
        self._home(infohash).write(lambda db: tracks.leave_alone(db, infohash))

    def scan_again(self, infohash: str) -> None:
        """Let all tags of a torrent be read again; what is known stays until then."""
        self._home(infohash).write(lambda db: tracks.forget_read(db, infohash))

    def keep_sheet(self, infohash: str, index: int, parts: Sequence[Part]) -> None:
        """Keep that a CUE sheet divides a file: its parts are the tracks now."""
        self._change(
            lambda db: sheets.write_sheet(db, infohash, index, parts), infohash
        )

    def part(self, infohash: str, index: int, number: int) -> Part | None:
        """Return a part of a file; ``number`` is the sheet's. None if unknown."""

        def read(db: sqlite3.Connection) -> Part | None:
            return sheets.read_part(db, torrents.name_of(db, infohash), index, number)

        return self._read(infohash, read)

    def keep_playlist(
        self, infohash: str, index: int, name: str, tracks: Sequence[str]
    ) -> None:
        """Keep that file ``index`` is a playlist of these track URIs."""
        uri = PlaylistUri(infohash, index)
        self._home(infohash).write(
            lambda db: playlists.write_playlist(db, uri, name, tracks)
        )

    # --- where, and what follows from a change

    def _home(self, infohash: str) -> CatalogFile:
        """Return the file a torrent is in; the catalog for one that is unknown."""
        if self.has(infohash) or not self._has_left(infohash):
            return self._file
        return self._left

    def _read(self, infohash: str, work: Work[T]) -> T:
        """Return what ``work`` reads of a torrent, wherever it is."""
        found = self._file.read(work)
        if not found and self._home(infohash) is self._left:
            return self._left.read(work)
        return found

    def _has_left(self, infohash: str) -> bool:
        return self._left.read(lambda db: _holds(db, infohash))

    def _name(self, file: CatalogFile, infohashes: Sequence[str]) -> None:
        def write(db: sqlite3.Connection) -> bool:
            for infohash in infohashes:
                if known := torrents.read_metainfo(db, infohash):
                    tracks.write_names(db, known[0])
            return True

        self._change_in(file, write, infohashes)

    def _change(
        self, work: Callable[[sqlite3.Connection], object], infohash: str
    ) -> None:
        self._change_in(self._home(infohash), work, [infohash])

    def _change_in(
        self,
        file: CatalogFile,
        work: Callable[[sqlite3.Connection], object],
        infohashes: Sequence[str],
    ) -> bool:
        """Do ``work`` on tracks of these torrents, in one transaction.

        It returns whether albums look different after it, and so does this.
        """
        different = True
        try:
            different = bool(file.write(work))
        finally:
            self._layouts.forget(*infohashes)
            self.albums_version += different
        return different

    def _replaced(self) -> None:
        self._layouts.forget_all()
        self.torrents_version += 1
        self.albums_version += 1
        self.on_damaged()


def _holds(db: sqlite3.Connection, infohash: str) -> bool:
    return torrents.is_kept(db, torrents.name_of(db, infohash))
