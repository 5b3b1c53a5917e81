"""Rows of albums and tracks: filled from names, overwritten by tags and sheets.

Every function works in the caller's transaction. A change of a track also updates what
is shown of its album, and the full-text index.
"""

from __future__ import annotations

import sqlite3
import time

from mopidy_vozduxan.catalog.columns import (
    COLUMNS,
    INSERT,
    all_columns,
    named_columns,
)
from mopidy_vozduxan.catalog.sheet_rows import fill_parts
from mopidy_vozduxan.catalog.upkeep import refresh, rows_of
from mopidy_vozduxan.torrent.metainfo import Metainfo
from mopidy_vozduxan.torrent.tags import Tags

#: How long not to try again after a failure: a dead swarm may return.
RETRY_MS = 24 * 3600 * 1000
_NEVER = 1 << 62  # later than any attempt


def write_names(db: sqlite3.Connection, metainfo: Metainfo) -> None:
    """Fill a torrent's albums and tracks from its names, replacing earlier ones."""
    # Imported here: at Mopidy's start, compiling its patterns would take 10 ms.
    from mopidy_vozduxan.catalog.named_tracks import named_folders

    delete_tracks(db, metainfo.infohash)
    place, folders = 0, named_folders(metainfo)
    db.execute(
        "UPDATE torrent SET folder_count = ? WHERE infohash = ?",
        (len(folders), metainfo.infohash),
    )
    for number, folder in enumerate(folders):
        album = db.execute(
            "INSERT INTO album (infohash, folder, path, named, name)"
            " VALUES (?, ?, ?, ?, ?)",
            (metainfo.infohash, number, folder.path, *[folder.album.album] * 2),
        ).lastrowid
        rows = [
            (album, file.index, 0, place + n, *all_columns(tags))
            for n, (file, tags) in enumerate(folder.tracks)
        ]
        place += len(rows)
        db.executemany(INSERT, rows)
        refresh(db, album, news=None)


def unnamed(db: sqlite3.Connection, limit: int) -> list[str]:
    """Return torrents without tracks, from an older version without that table."""
    rows = db.execute(
        "SELECT infohash FROM torrent WHERE folder_count > 0 AND NOT EXISTS"
        " (SELECT 1 FROM album WHERE album.infohash = torrent.infohash) LIMIT ?",
        (limit,),
    )
    return [infohash for (infohash,) in rows]


def delete_tracks(db: sqlite3.Connection, infohash: str) -> None:
    """Forget a torrent's albums and tracks."""
    ids = "SELECT id FROM album WHERE infohash = ?"
    tracks = f"SELECT id FROM track WHERE album IN ({ids})"
    db.execute(f"DELETE FROM words WHERE rowid IN ({tracks})", (infohash,))
    db.execute(f"DELETE FROM track WHERE album IN ({ids})", (infohash,))
    db.execute("DELETE FROM album WHERE infohash = ?", (infohash,))


def write_tags(db: sqlite3.Connection, infohash: str, index: int, tags: Tags) -> bool:
    """Keep a file's own tags; return whether its album looks different now.

    If a sheet divides the file, the sheet takes precedence.
    """
    rows = rows_of(db, infohash, index)
    if not rows:
        return False
    if rows[0]["part"]:
        fill_parts(db, rows, tags)
    else:
        sets = ", ".join(f"{name} = coalesce(:{name}, {name})" for name in COLUMNS)
        db.execute(
            f"UPDATE track SET {sets}, read = 1,"
            " length_known = length_known OR :length_ms IS NOT NULL WHERE id = :id",
            {**named_columns(tags), "id": rows[0]["id"]},
        )
    return refresh(db, rows[0]["album"], news=[row["id"] for row in rows])


def note_missing(db: sqlite3.Connection, infohash: str, index: int) -> None:
    """Note that nobody gave us the tags of a file."""
    _note_tried(db, infohash, index, time.time_ns() // 1_000_000)


def note_unreadable(db: sqlite3.Connection, infohash: str, index: int) -> None:
    """Note that a file has no readable tags."""
    _note_tried(db, infohash, index, _NEVER)


def _note_tried(db: sqlite3.Connection, infohash: str, index: int, ms: int) -> None:
    ids = [row["id"] for row in rows_of(db, infohash, index)]
    db.executemany(
        "UPDATE track SET tried_ms = ? WHERE id = ?", [(ms, id_) for id_ in ids]
    )


def leave_alone(db: sqlite3.Connection, infohash: str) -> None:
    """Note the same of every file of a torrent."""
    db.execute(
        "UPDATE track SET tried_ms = max(tried_ms, ?) WHERE NOT read"
        " AND album IN (SELECT id FROM album WHERE infohash = ?)",
        (time.time_ns() // 1_000_000, infohash),
    )


def forget_read(db: sqlite3.Connection, infohash: str) -> None:
    """Allow a torrent's tags to be read again."""
    db.execute(
        "UPDATE track SET read = 0, tried_ms = 0"
        " WHERE album IN (SELECT id FROM album WHERE infohash = ?)",
        (infohash,),
    )


def unread(db: sqlite3.Connection, infohash: str, *, tried: bool) -> list[int]:
    """Return the files whose tags should be read, in the order of play.

    ``tried`` includes those that nobody gave us within the last day.
    """
    rows = db.execute(
        "SELECT DISTINCT idx, place FROM album JOIN track ON track.album = album.id"
        " WHERE infohash = ? AND NOT read AND tried_ms < ? ORDER BY place",
        (infohash, _NEVER if tried else _tried_before()),
    )
    return [index for index, _ in rows]


def unread_torrents(db: sqlite3.Connection, limit: int) -> list[str]:
    """Return torrents with files whose tags should be read, the newest first."""
    rows = db.execute(
        "SELECT infohash FROM torrent WHERE EXISTS ("
        " SELECT 1 FROM album CROSS JOIN track ON track.album = album.id"
        " WHERE album.infohash = torrent.infohash AND NOT read AND tried_ms < ?)"
        " ORDER BY added_ms DESC LIMIT ?",
        (_tried_before(), limit),
    )
    return [infohash for (infohash,) in rows]


def _tried_before() -> int:
    return time.time_ns() // 1_000_000 - RETRY_MS
