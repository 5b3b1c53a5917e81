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

from mopidy_vozduxan.catalog import inventory, moving, playlists, torrents, tracks
from mopidy_vozduxan.catalog.playlists import Playlist
from mopidy_vozduxan.catalog.records import Records
from mopidy_vozduxan.catalog.recovery import recover
from mopidy_vozduxan.catalog.search import Finder
from mopidy_vozduxan.catalog.torrents import FoundAt, TorrentSummary
from mopidy_vozduxan.torrent.metainfo import Metainfo, ReadTorrent, TorrentSource
from mopidy_vozduxan.torrent.uris import PlaylistUri

#: Torrents added in one transaction: other writers wait for its end, 0.1 s.
BATCH = 32

Known = tuple[TorrentSource, Metainfo | None, FoundAt | None]


class Catalog(Records):
    """The catalog at ``path``; raises :class:`StorageFailed` if it cannot open.

    What lists and searches knows the library alone. What is asked for by its
    infohash is found also when it has left.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.finder = Finder(self._file)

    # --- coming

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

    def add_all(self, known: Iterable[Known]) -> None:
        """Keep what is known of many torrents; see :meth:`add`."""
        batch = []
        for one in known:
            batch.append(one)
            if len(batch) == BATCH:
                self._add_batch(batch)
                batch = []
        self._add_batch(batch)

    def learn(self, source: TorrentSource, metainfo: Metainfo) -> None:
        """Keep metadata that a swarm gave us; what has left stays away."""
        names = (metainfo.infohash, source.infohash)
        if any(map(self.has, names)) or not any(map(self._has_left, names)):
            self.add(source, metainfo)
            return
        self._left.write(lambda db: _add(db, source, metainfo, None))
        if len(set(names)) > 1:
            self.also_call(source.infohash, metainfo.infohash)
        self._layouts.forget(*names)

    def come_back(self, infohash: str) -> None:
        """Have a torrent that has left in the library again, as it was."""
        if not self.has(infohash) and self._has_left(infohash):
            self._change_library(lambda db: self._bring_back(db, infohash), infohash)

    # --- going

    def remove(self, infohash: str) -> None:
        """Take a torrent out of the library.

        What is known of it is kept, and plays on from playlists. Its ``.torrent``
        file is read again only when changed.
        """

        def write(db: sqlite3.Connection) -> bool:
            self._let_go(db, torrents.name_of(db, infohash))
            return True

        self._change_library(write, self.name_of(infohash))

    def forget(self, infohash: str) -> None:
        """Forget a torrent that has left; one in the library stays."""
        name = self.name_of(infohash)
        if self.has(name):
            return
        for file in (self._left, self._file):
            file.write(lambda db: _forget(db, name))
        self._layouts.forget(name)

    def withdraw(self, gone: Sequence[Path], outdated: Iterable[str] = ()) -> list[str]:
        """Note that ``.torrent`` files are gone; return the torrents that left.

        A torrent leaves with its last file, unless a listener has added it too: it
        then has a magnet link. ``outdated`` are torrents whose files hold others.
        """
        left = self._withdraw([], frozenset(outdated)) if outdated else []
        for start in range(0, len(gone), BATCH):
            left += self._withdraw(gone[start : start + BATCH], frozenset())
        return left

    # --- the library

    def torrents(self) -> list[TorrentSummary]:
        """Return every torrent known to have a track, in no order."""
        return self._file.read(torrents.list_torrents)

    def inventory(self) -> list[inventory.Entry]:
        """Return every torrent, also those without metadata, in no order."""
        return self._file.read(inventory.list_entries)

    def names_like(self, start: str, most: int = 2) -> list[str]:
        """Return torrents whose infohash starts like that, a few hex digits.

        They are in the library, or, where none there does, have left it.
        """

        def read(db: sqlite3.Connection) -> list[str]:
            return inventory.names_like(db, start, most)

        return self._file.read(read) or self._left.read(read)

    def found(self) -> dict[Path, tuple[int, int, str]]:
        """Return (mtime_ns, size, infohash) of every ``.torrent`` file read so far."""
        rows = self._file.read(torrents.list_found)
        return {Path(os.fsdecode(row[0])): row[1:] for row in rows}

    def refused(self) -> dict[FoundAt, str]:
        """Return why we refused ``.torrent`` files, as they were then."""
        return self._file.read(torrents.list_refused)

    def refuse(self, file: FoundAt, reason: str) -> None:
        """Remember that a file is refused; what was read of it before stays."""
        self._file.write(lambda db: torrents.write_refused(db, file, reason))

    def unscanned_torrents(self, limit: int) -> list[str]:
        """Return torrents with files whose tags were not read, the newest first."""
        return self._file.read(lambda db: tracks.unread_torrents(db, limit))

    def playlists(self) -> list[Playlist]:
        """Return every playlist without its tracks, in a stable order."""
        return self._file.read(playlists.list_playlists)

    def playlist(self, infohash: str, index: int) -> Playlist | None:
        """Return one playlist; None where it is unknown."""
        uri = PlaylistUri(infohash, index)
        return self._file.read(lambda db: playlists.read_playlist(db, uri))

    # --- upkeep

    def complete(self, stop: threading.Event) -> None:
        """Name the tracks of torrents that an older version kept without any.

        Takes some 2 ms for each; ends early once ``stop`` is set.
        """
        while not stop.is_set():
            rest = self._file.read(lambda db: tracks.unnamed(db, BATCH))
            if not rest:
                break
            self._name(self._file, rest)

    def recover(self, read_torrent: ReadTorrent) -> int:
        """Bring back what can be read of damaged files that were set aside.

        Returns how many torrents that were. Takes some 5 ms for each.
        """
        count = 0
        for path in self._file.take_aside():
            count += recover(self, path, read_torrent, left=False)
        for path in self._left.take_aside():
            count += recover(self, path, read_torrent, left=True)
        return count

    def restore(
        self, work: Callable[[sqlite3.Connection], object], infohash: str
    ) -> None:
        """Do ``work`` on a torrent of the library, in one transaction."""
        self._change_in(self._file, work, [infohash])

    # --- in transactions

    def _add_batch(self, batch: Sequence[Known]) -> None:
        def write(db: sqlite3.Connection) -> bool:
            return sum(self._add(db, *one) for one in batch) > 0

        if batch:
            named = [(metainfo or source).infohash for source, metainfo, _ in batch]
            self._change_library(write, *named)

    def _add(
        self,
        db: sqlite3.Connection,
        source: TorrentSource,
        metainfo: Metainfo | None,
        found_at: FoundAt | None,
    ) -> bool:
        """Return whether a torrent came or looks different."""
        names = {source.infohash, (metainfo or source).infohash}
        back = [name for name in names if self._bring_back(db, name)]
        if found_at and source.magnet is None:
            for name in back:
                torrents.forget_magnet(db, name)
        return _add(db, source, metainfo, found_at) or bool(back)

    def _bring_back(self, db: sqlite3.Connection, infohash: str) -> bool:
        """Return whether the torrent had left."""
        name = torrents.name_of(db, infohash)
        if torrents.is_kept(db, name):
            return False
        if not self._left.read(lambda aside: moving.copy(aside, db, name)):
            return False
        moving.index(db, name)
        return True

    def _let_go(self, db: sqlite3.Connection, name: str) -> None:
        self._left.write(lambda aside: moving.copy(db, aside, name))
        moving.delete(db, name)

    def _withdraw(self, gone: Sequence[Path], outdated: frozenset[str]) -> list[str]:
        def write(db: sqlite3.Connection) -> list[str]:
            lost = outdated | torrents.delete_found(db, gone)
            left = torrents.unfounded(db, lost)
            for infohash in left:
                self._let_go(db, infohash)
            return left

        left = self._file.write(write)
        if left:
            self._layouts.forget(*left)
            self.torrents_version += 1
            self.albums_version += 1
        return left

    def _change_library(
        self, work: Callable[[sqlite3.Connection], bool], *infohashes: str
    ) -> None:
        """Do ``work``; it returns whether torrents came, went or look different."""
        self.torrents_version += self._change_in(self._file, work, infohashes)


def _add(
    db: sqlite3.Connection,
    source: TorrentSource,
    metainfo: Metainfo | None,
    found_at: FoundAt | None,
) -> bool:
    """Return whether a torrent came or looks different."""
    given = source.infohash
    infohash = metainfo.infohash if metainfo else torrents.name_of(db, given)
    known = torrents.read_source(db, given)
    for one in (known, source) if known and given != infohash else (source,):
        torrents.write_source(db, infohash, one)
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


def _forget(db: sqlite3.Connection, name: str) -> None:
    moving.delete(db, name)
    torrents.delete_aliases(db, name)
