"""Copies everything known about a torrent from one catalog file to another.

Every function works in its callers' transactions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from mopidy_vozduxan.catalog import torrent_rows, track_rows
from mopidy_vozduxan.catalog.upkeep import refresh

_TABLES = ("torrent", "metadata", "file", "playlist")
Row = Sequence[Any]


def copy(old: sqlite3.Connection, new: sqlite3.Connection, infohash: str) -> bool:
    """Copy a torrent with all its names; return whether ``old`` has it.

    The full-text index is not copied: see :func:`index`.
    """
    if not torrent_rows.is_kept(old, infohash):
        return False
    delete(new, infohash)  # from before a crash
    for table in _TABLES:
        rows = old.execute(f"SELECT * FROM {table} WHERE infohash = ?", (infohash,))
        for row in rows.fetchall():
            _insert(new, table, row)
    for alias in old.execute("SELECT * FROM alias WHERE name = ?", (infohash,)):
        new.execute("INSERT OR REPLACE INTO alias VALUES (?, ?)", alias)
    _copy_albums(old, new, infohash)
    return True


def index(db: sqlite3.Connection, infohash: str) -> None:
    """Add the tracks of a copied torrent to the full-text index."""
    for (album,) in _albums(db, infohash, "id"):
        refresh(db, album, None)


def delete(db: sqlite3.Connection, infohash: str) -> None:
    """Delete a torrent; its names go on leading to it, wherever it is."""
    track_rows.delete_tracks(db, infohash)
    torrent_rows.delete_torrent(db, infohash)


def _copy_albums(
    old: sqlite3.Connection, new: sqlite3.Connection, infohash: str
) -> None:
    for id_, *album in _albums(old, infohash, "*"):
        place = _insert(new, "album", (None, *album))
        rows = old.execute("SELECT * FROM track WHERE album = ? ORDER BY id", (id_,))
        for _, _, *track in rows.fetchall():
            _insert(new, "track", (None, place, *track))


def _albums(db: sqlite3.Connection, infohash: str, columns: str) -> list[Row]:
    return db.execute(
        f"SELECT {columns} FROM album WHERE infohash = ? ORDER BY id", (infohash,)
    ).fetchall()


def _insert(db: sqlite3.Connection, table: str, row: Row) -> int | None:
    marks = ", ".join("?" * len(row))
    return db.execute(f"INSERT INTO {table} VALUES ({marks})", row).lastrowid
