"""Restores what can still be read of a damaged catalog.

Torrents are restored from the bytes of their ``.torrent`` files. Their infohash proves
those bytes, so nothing wrong gets into the new catalog.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from mopidy_vozduxan.catalog.collection import Collection
from mopidy_vozduxan.catalog.columns import COLUMNS
from mopidy_vozduxan.catalog.records import Records
from mopidy_vozduxan.catalog.torrents import Torrents
from mopidy_vozduxan.catalog.upkeep import refresh
from mopidy_vozduxan.exceptions import BadInput, StorageFailed
from mopidy_vozduxan.torrent.metainfo import Metainfo, ReadTorrent, TorrentSource

_TORRENTS = "SELECT infohash, magnet, display_name, added_ms FROM torrent"
_METADATA = "SELECT infohash, NULL, NULL, NULL FROM metadata"
_BY_START = " WHERE infohash >= ? AND infohash < ? ORDER BY infohash"
_STARTS = [(f"{number:02x}", f"{number:02x}g") for number in range(256)]
# From both ends up to the damage, in each 256th of the infohashes: damage in one of
# them does not affect the others.
_SOURCES: list[tuple[str, tuple[str, ...]]] = [
    (f"{select}{_BY_START}{order}", start)
    for select in (_TORRENTS, _METADATA)
    for start in _STARTS
    for order in ("", " DESC")
]
# Rows that even the index has lost.
_SOURCES += [(_METADATA, ()), (f"{_METADATA} ORDER BY rowid DESC", ())]
_KEPT = f"{', '.join(COLUMNS)}, length_known, start, stop, read, tried_ms"
_TRACKS = (
    f"SELECT idx, part, place, {_KEPT} FROM track WHERE album ="
    " (SELECT id FROM album WHERE infohash = ? AND folder = ?)"
)
_PAST = (("heard", 5), ("traffic", 3), ("clock", 2))
_INDEXES = "SELECT idx FROM track WHERE album = ?"
_MARKS = ", ".join("?" * (4 + _KEPT.count(",") + 1))


def recover(
    records: Records, torrents: Torrents, collection: Collection, read: ReadTorrent
) -> int:
    """Restore what can be read of damaged files that were set aside.

    Returns the number of torrents. Takes some 5 ms for each.
    """
    recovery = _Recovery(records, torrents, collection, read)
    kept = [recovery.take(path, left=False) for path in records.file.take_aside()]
    left = [recovery.take(path, left=True) for path in records.left.take_aside()]
    return sum(kept) + sum(left)


class _Recovery:
    """Adds what can be read of damaged files."""

    def __init__(
        self,
        records: Records,
        torrents: Torrents,
        collection: Collection,
        read: ReadTorrent,
    ) -> None:
        self._records = records
        self._torrents = torrents
        self._collection = collection
        self._read = read

    def take(self, path: Path, *, left: bool) -> int:
        """Add what can be read of a damaged file; return the number of torrents.

        ``left`` says that it is the file of torrents that have left the library, and
        that its torrents stay out of it.
        """
        if path.is_dir():
            return 0
        # It may have a WAL, whose index SQLite rebuilds: so do not open it read-only.
        db = sqlite3.connect(path)
        # Otherwise SQLite refuses a truncated file as a whole.
        db.execute("PRAGMA writable_schema = ON")
        damaged = Damaged(db)
        try:
            sources = damaged.sources()
            count = sum(self._add(damaged, *source, left=left) for source in sources)
            for alias, name in damaged.aliases():
                self._torrents.also_call(alias, name)
            for row in damaged.keeps():
                self._records.file.write(partial(_keep, row))
            self._records.file.write(damaged.restore_past)
        finally:
            damaged.close()
        return count

    def _add(
        self,
        damaged: Damaged,
        source: TorrentSource,
        added_ms: int | None,
        *,
        left: bool,
    ) -> bool:
        """Return whether the torrent can be read, and is in the catalog now."""
        infohash = source.infohash
        if left and self._torrents.has(infohash):
            return False
        torrent = damaged.torrent(infohash)
        metainfo = _proven(torrent, infohash, self._read)
        if metainfo is None and not source.magnet:
            return False
        torrent = torrent if metainfo else None
        self._collection.add(replace(source, torrent=torrent), metainfo)
        restore = partial(damaged.restore, infohash, added_ms)
        with suppress(StorageFailed):  # rows with damaged values
            self._records.change_in(self._records.file, restore, [infohash])
        if left:
            self._collection.remove(infohash)
        return True


def _keep(row: tuple[str, str, int], db: sqlite3.Connection) -> None:
    db.execute("INSERT OR IGNORE INTO keep VALUES (?, ?, ?)", row)


def _proven(torrent: bytes | None, infohash: str, read: ReadTorrent) -> Metainfo | None:
    """Return the metainfo in the bytes, if their infohash is right."""
    try:
        metainfo = read(torrent)[1] if torrent else None
    except BadInput:
        return None
    return metainfo if metainfo and metainfo.infohash == infohash else None


class Damaged:
    """A damaged catalog; what cannot be read is left out."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def close(self) -> None:
        """Close it; the file stays."""
        self._db.close()

    def sources(self) -> list[tuple[TorrentSource, int | None]]:
        """Return the readable sources, and when (ms) they were added."""
        found: dict[str, tuple[TorrentSource, int | None]] = {}
        for query, values in _SOURCES:
            for infohash, magnet, name, added_ms in self._rows(query, *values):
                if infohash not in found:
                    source = TorrentSource(infohash, None, magnet, name)
                    found[infohash] = source, added_ms
        return list(found.values())

    def torrent(self, infohash: str) -> bytes | None:
        """Return the bytes of a ``.torrent`` file."""
        sql = "SELECT torrent FROM metadata WHERE infohash = ?"
        return next((torrent for (torrent,) in self._rows(sql, infohash)), None)

    def aliases(self) -> list[tuple[str, str]]:
        """Return other names of torrents."""
        return list(self._rows("SELECT infohash, name FROM alias"))

    def keeps(self) -> list[tuple[str, str, int]]:
        """Return the rows of what listeners keep."""
        return list(self._rows("SELECT uri, infohash, added_ms FROM keep"))

    def restore(
        self, infohash: str, added_ms: int | None, db: sqlite3.Connection
    ) -> bool:
        """Put what was known about a torrent into ``db``, where it was just added."""
        db.execute(
            "UPDATE torrent SET added_ms = coalesce(?, added_ms) WHERE infohash = ?",
            (added_ms, infohash),
        )
        for row in self._rows("SELECT * FROM playlist WHERE infohash = ?", infohash):
            db.execute("INSERT OR REPLACE INTO playlist VALUES (?, ?, ?, ?)", row)
        self._restore_tracks(infohash, db)
        return True

    def restore_past(self, db: sqlite3.Connection) -> None:
        """Put what was heard, and how much came, into ``db``."""
        for table, columns in _PAST:
            marks = ", ".join("?" * columns)
            for row in self._rows(f"SELECT * FROM {table}"):
                with suppress(sqlite3.Error):  # rows with damaged values
                    db.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)

    def _restore_tracks(self, infohash: str, db: sqlite3.Connection) -> None:
        albums = db.execute(
            "SELECT id, folder FROM album WHERE infohash = ?", (infohash,)
        ).fetchall()
        for album, folder in albums:
            old = list(self._rows(_TRACKS, infohash, folder))
            new = {i for (i,) in db.execute(_INDEXES, (album,))}
            if {row[0] for row in old} != new:
                continue  # some are lost, and names are better than half of the tags
            ids = db.execute("SELECT id FROM track WHERE album = ?", (album,))
            db.executemany("DELETE FROM words WHERE rowid = ?", ids.fetchall())
            db.execute("DELETE FROM track WHERE album = ?", (album,))
            db.executemany(
                f"INSERT INTO track (album, idx, part, place, {_KEPT})"
                f" VALUES ({_MARKS})",
                [(album, *row) for row in old],
            )
            refresh(db, album, None)

    def _rows(self, sql: str, *values: object) -> Iterator[Any]:
        try:
            yield from self._db.execute(sql, values)
        except sqlite3.Error:
            return
