"""Our record of torrents and their files; safe to call from any thread.

It never fetches and never touches payload. Every call is synchronous; reads
take well under a millisecond. All raise :class:`StorageFailed` when the disk
fails.
"""

from __future__ import annotations

import os
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from mopidy_vozduxan.catalog_file import CatalogFile
from mopidy_vozduxan.engine.protocol import Metainfo, TorrentFile, TorrentSource
from mopidy_vozduxan.formats import is_playable
from mopidy_vozduxan.layout import Layout, layout_of
from mopidy_vozduxan.names import folded

#: Layouts kept in memory: clients ask for single tracks, of a few torrents at
#: a time. A layout takes about 0.5 kB per file.
LAYOUTS_KEPT = 64


@dataclass(frozen=True, slots=True)
class FoundAt:
    """A ``.torrent`` file as it was when we read it; ``mtime_ns`` as in stat."""

    path: Path
    mtime_ns: int
    size: int


@dataclass(frozen=True, slots=True)
class TorrentSummary:
    """One line of the list of torrents; ``added_ms`` is since the epoch."""

    infohash: str
    name: str
    folder_count: int
    added_ms: int


class Catalog:
    """The catalog at ``path``; raises :class:`StorageFailed` if it cannot open."""

    def __init__(self, path: Path) -> None:
        self._file = CatalogFile(path)
        self._layouts: dict[str, Layout] = {}  # filled under the reading lock

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
        infohash = metainfo.infohash if metainfo else self.name_of(source.infohash)

        def write(db: sqlite3.Connection) -> None:
            _write_source(db, infohash, source)
            if metainfo:
                _write_metainfo(db, metainfo)
            if source.infohash != infohash:
                _write_alias(db, source.infohash, infohash)
            if found_at:
                _write_found(db, infohash, found_at)

        self._file.write(write)
        self._forget_layout(infohash)

    def remove(self, infohash: str) -> None:
        """Forget a torrent. Its ``.torrent`` file is read again only when changed."""
        infohash = self.name_of(infohash)

        def write(db: sqlite3.Connection) -> None:
            for table in ("torrent", "metadata", "file"):
                db.execute(f"DELETE FROM {table} WHERE infohash = ?", (infohash,))

        self._file.write(write)
        self._forget_layout(infohash)

    def name_of(self, infohash: str) -> str:
        """Return the infohash the torrent is kept under, itself where unknown."""
        row = self._file.read(
            lambda db: db.execute(
                "SELECT name FROM alias WHERE infohash = ?", (infohash,)
            ).fetchone()
        )
        return str(row[0]) if row else infohash

    def source(self, infohash: str) -> TorrentSource | None:
        """Return where the torrent's metadata comes from; None if unknown."""
        name = self.name_of(infohash)
        row = self._file.read(lambda db: db.execute(_SOURCE, (name,)).fetchone())
        return TorrentSource(name, *row) if row else None

    def metainfo(self, infohash: str) -> Metainfo | None:
        """Return what the torrent says of itself; None while that is unknown."""
        layout = self.layout(infohash)
        return layout.metainfo if layout else None

    def layout(self, infohash: str) -> Layout | None:
        """Return the torrent's tracks by folder; None while they are unknown."""
        kept = self._layouts.get(infohash)
        if kept:
            return kept
        name = self.name_of(infohash)
        return self._file.read(lambda db: self._load_layout(db, name))

    def torrents(self) -> list[TorrentSummary]:
        """Return every torrent known to have a track, in no order."""
        rows = self._file.read(lambda db: db.execute(_TORRENTS).fetchall())
        return [TorrentSummary(*row) for row in rows]

    def found(self) -> dict[Path, tuple[int, int]]:
        """Return (mtime_ns, size) of every ``.torrent`` file read so far."""
        rows = self._file.read(
            lambda db: db.execute("SELECT path, mtime_ns, size FROM found").fetchall()
        )
        return {Path(os.fsdecode(path)): (mtime, size) for path, mtime, size in rows}

    def search(self, words: list[str], limit: int) -> list[tuple[str, int]]:
        """Return (infohash, index) of tracks whose path contains every word."""
        tests = " AND instr(fold(path), ?)" * len(words)
        sql = f"SELECT infohash, idx FROM file WHERE playable{tests} LIMIT ?"
        values = [*map(folded, words), limit]
        return self._file.read(lambda db: db.execute(sql, values).fetchall())

    def close(self) -> None:
        """Close the file; every later call that needs it raises."""
        self._file.close()

    def _load_layout(self, db: sqlite3.Connection, infohash: str) -> Layout | None:
        row = db.execute(_METAINFO, (infohash,)).fetchone()
        if row is None:
            return None
        name, piece_length, size, private, added_ms = row
        files = tuple(
            TorrentFile(index, path, offset, length, bool(padding))
            for index, path, offset, length, padding in db.execute(_FILES, (infohash,))
        )
        metainfo = Metainfo(infohash, name, piece_length, size, files, bool(private))
        layout = layout_of(metainfo, added_ms)
        if len(self._layouts) >= LAYOUTS_KEPT:
            del self._layouts[next(iter(self._layouts))]
        self._layouts[infohash] = layout
        return layout

    def _forget_layout(self, infohash: str) -> None:
        # Under the reading lock: no reader can put back what it read before.
        self._file.read(lambda _db: self._layouts.pop(infohash, None))


_SOURCE = """
SELECT metadata.torrent, magnet, display_name
FROM torrent LEFT JOIN metadata USING (infohash) WHERE infohash = ?
"""
_TORRENTS = """
SELECT infohash, name, folder_count, added_ms FROM torrent WHERE folder_count > 0
"""
_METAINFO = """
SELECT name, piece_length, size, private, added_ms
FROM torrent WHERE infohash = ? AND name IS NOT NULL
"""
_FILES = """
SELECT idx, path, offset, size, padding FROM file WHERE infohash = ? ORDER BY idx
"""


def _write_source(db: sqlite3.Connection, infohash: str, source: TorrentSource) -> None:
    added_ms = time.time_ns() // 1_000_000
    db.execute(
        "INSERT INTO torrent (infohash, display_name, magnet, added_ms)"
        " VALUES (?, ?, ?, ?) ON CONFLICT (infohash) DO UPDATE SET"
        " display_name = coalesce(excluded.display_name, display_name),"
        # The later magnet: its trackers are the fresher ones.
        " magnet = coalesce(excluded.magnet, magnet)",
        (infohash, _stored(source.display_name), _stored(source.magnet), added_ms),
    )
    if source.torrent:
        db.execute(
            "INSERT OR REPLACE INTO metadata VALUES (?, ?)", (infohash, source.torrent)
        )


def _write_metainfo(db: sqlite3.Connection, metainfo: Metainfo) -> None:
    db.execute(
        "UPDATE torrent SET name = ?, piece_length = ?, size = ?, private = ?,"
        " folder_count = ? WHERE infohash = ?",
        (
            _stored(metainfo.name),
            metainfo.piece_length,
            metainfo.size,
            metainfo.private,
            len(layout_of(metainfo, 0).folders),
            metainfo.infohash,
        ),
    )
    db.execute("DELETE FROM file WHERE infohash = ?", (metainfo.infohash,))
    db.executemany(
        "INSERT INTO file VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                metainfo.infohash,
                file.index,
                _stored(file.path),
                file.offset,
                file.size,
                file.padding,
                is_playable(file),
            )
            for file in metainfo.files
        ],
    )


def _write_alias(db: sqlite3.Connection, infohash: str, name: str) -> None:
    db.execute("INSERT OR REPLACE INTO alias VALUES (?, ?)", (infohash, name))
    for table in ("torrent", "metadata"):  # what the other name was known for
        db.execute(f"DELETE FROM {table} WHERE infohash = ?", (infohash,))


def _write_found(db: sqlite3.Connection, infohash: str, place: FoundAt) -> None:
    db.execute(
        "INSERT OR REPLACE INTO found VALUES (?, ?, ?, ?)",
        (os.fsencode(place.path), place.mtime_ns, place.size, infohash),
    )


def _stored(text: str | None) -> str | None:
    """SQLite takes no lone surrogates, which names in old torrents decode to."""
    return None if text is None else text.encode("utf-8", "replace").decode()
