"""Rows of ``.torrent`` files: what was read of them, and what was refused.

Every function works in the caller's transaction.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mopidy_vozduxan.version import __version__


@dataclass(frozen=True, slots=True)
class FoundAt:
    """The version of a ``.torrent`` file that we read; ``mtime_ns`` is as in stat."""

    path: Path
    mtime_ns: int
    size: int


def write_found(db: sqlite3.Connection, infohash: str, place: FoundAt) -> None:
    """Note that this version of a ``.torrent`` file was read."""
    db.execute(
        "INSERT OR REPLACE INTO found VALUES (?, ?, ?, ?)",
        (os.fsencode(place.path), place.mtime_ns, place.size, infohash),
    )


def list_found(db: sqlite3.Connection) -> list[tuple[bytes, int, int, str]]:
    """Return path, mtime_ns, size and infohash of every ``.torrent`` file."""
    return db.execute("SELECT path, mtime_ns, size, infohash FROM found").fetchall()


def list_refused(db: sqlite3.Connection) -> dict[FoundAt, str]:
    """Return the files that this version of ours refused, and why."""
    rows = db.execute(
        "SELECT path, mtime_ns, size, reason FROM refused WHERE version = ?",
        (__version__,),
    )
    return {FoundAt(Path(os.fsdecode(row[0])), *row[1:3]): row[3] for row in rows}


def write_refused(db: sqlite3.Connection, file: FoundAt, reason: str) -> None:
    """Remember a refused file, in place of an earlier one at that path."""
    db.execute(
        "INSERT OR REPLACE INTO refused VALUES (?, ?, ?, ?, ?)",
        (os.fsencode(file.path), file.mtime_ns, file.size, reason, __version__),
    )


def delete_found(db: sqlite3.Connection, paths: Iterable[Path]) -> set[str]:
    """Forget ``.torrent`` files; return the torrents that they held."""
    held: set[str] = set()
    for path in paths:
        rows = db.execute(
            "DELETE FROM found WHERE path = ? RETURNING infohash", (os.fsencode(path),)
        )
        held.update(infohash for (infohash,) in rows)
    return held


def unfounded(db: sqlite3.Connection, infohashes: Iterable[str]) -> list[str]:
    """Return the torrents that neither a file nor a magnet link names."""
    found = {infohash for (infohash,) in db.execute("SELECT infohash FROM found")}
    added = "SELECT 1 FROM torrent WHERE infohash = ? AND magnet IS NULL"
    return [
        infohash
        for infohash in infohashes
        if infohash not in found and db.execute(added, (infohash,)).fetchone()
    ]
