"""Rows of torrents: where their metadata comes from, their names and files.

Every function works in the caller's transaction.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from mopidy_vozduxan.audio.formats import is_playable
from mopidy_vozduxan.naming.audio_folders import audio_folders
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile, TorrentSource
from mopidy_vozduxan.torrent.uris import says_where

#: Tables about a torrent's past, which stay when it leaves the library.
_PAST = ("heard", "traffic")


@dataclass(frozen=True, slots=True)
class TorrentSummary:
    """One line of the list of torrents; ``added_ms`` is since the epoch."""

    infohash: str
    name: str
    folder_count: int
    added_ms: int


def name_of(db: sqlite3.Connection, infohash: str) -> str:
    """Return the infohash under which a torrent is stored; itself if unknown."""
    row = db.execute("SELECT name FROM alias WHERE infohash = ?", (infohash,))
    found = row.fetchone()
    return str(found[0]) if found else infohash


def is_kept(db: sqlite3.Connection, infohash: str) -> bool:
    """Return whether there is a torrent with exactly that name."""
    row = db.execute("SELECT 1 FROM torrent WHERE infohash = ?", (infohash,))
    return row.fetchone() is not None


def read_source(db: sqlite3.Connection, infohash: str) -> TorrentSource | None:
    """Return where a torrent's metadata comes from; None if unknown."""
    name = name_of(db, infohash)
    row = db.execute(
        "SELECT metadata.torrent, magnet, display_name"
        " FROM torrent LEFT JOIN metadata USING (infohash) WHERE infohash = ?",
        (name,),
    ).fetchone()
    return TorrentSource(name, *row) if row else None


def read_metainfo(db: sqlite3.Connection, infohash: str) -> tuple[Metainfo, int] | None:
    """Return a torrent's metainfo, and when (ms) it was added."""
    row = db.execute(
        "SELECT name, piece_length, size, private, added_ms"
        " FROM torrent WHERE infohash = ? AND name IS NOT NULL",
        (infohash,),
    ).fetchone()
    if row is None:
        return None
    name, piece_length, size, private, added_ms = row
    files = tuple(
        TorrentFile(index, path, offset, length, bool(padding))
        for index, path, offset, length, padding in db.execute(
            "SELECT idx, path, offset, size, padding FROM file"
            " WHERE infohash = ? ORDER BY idx",
            (infohash,),
        )
    )
    metainfo = Metainfo(infohash, name, piece_length, size, files, bool(private))
    return metainfo, added_ms


def list_torrents(db: sqlite3.Connection) -> list[TorrentSummary]:
    """Return every torrent known to have a track, in no order."""
    rows = db.execute(
        "SELECT infohash, name, folder_count, added_ms"
        " FROM torrent WHERE folder_count > 0"
    )
    return [TorrentSummary(*row) for row in rows]


def write_source(db: sqlite3.Connection, infohash: str, source: TorrentSource) -> None:
    """Keep the new parts of a source; a later magnet link has newer trackers."""
    added_ms = time.time_ns() // 1_000_000
    magnet = stored(_better_magnet(db, infohash, source.magnet))
    db.execute(
        "INSERT INTO torrent (infohash, display_name, magnet, added_ms)"
        " VALUES (?, ?, ?, ?) ON CONFLICT (infohash) DO UPDATE SET"
        " display_name = coalesce(excluded.display_name, display_name),"
        " magnet = excluded.magnet",
        (infohash, stored(source.display_name), magnet, added_ms),
    )
    if source.torrent:
        db.execute(
            "INSERT OR REPLACE INTO metadata VALUES (?, ?)", (infohash, source.torrent)
        )


def _better_magnet(
    db: sqlite3.Connection, infohash: str, new: str | None
) -> str | None:
    """Return the magnet link to keep: a bare one must not remove trackers."""
    row = db.execute("SELECT magnet FROM torrent WHERE infohash = ?", (infohash,))
    old = (row.fetchone() or (None,))[0]
    if new is None or (old and says_where(old) and not says_where(new)):
        return None if old is None else str(old)
    return new


def write_metainfo(db: sqlite3.Connection, metainfo: Metainfo) -> bool:
    """Keep metainfo from :func:`storable`; return whether it is new."""
    known = read_metainfo(db, metainfo.infohash)
    if known and known[0] == metainfo:
        return False
    db.execute(
        "UPDATE torrent SET name = ?, piece_length = ?, size = ?, private = ?,"
        " folder_count = ? WHERE infohash = ?",
        (
            metainfo.name,
            metainfo.piece_length,
            metainfo.size,
            metainfo.private,
            len(audio_folders(metainfo)),
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
                file.path,
                file.offset,
                file.size,
                file.padding,
                is_playable(file),
            )
            for file in metainfo.files
        ],
    )
    return True


def write_alias(db: sqlite3.Connection, infohash: str, name: str) -> None:
    """Let ``infohash`` name the torrent ``name``, replacing an earlier meaning."""
    db.execute("INSERT OR REPLACE INTO alias VALUES (?, ?)", (infohash, name))
    for table in ("torrent", "metadata"):
        db.execute(f"DELETE FROM {table} WHERE infohash = ?", (infohash,))
    for table in _PAST:
        db.execute(
            f"UPDATE OR IGNORE {table} SET infohash = ? WHERE infohash = ?",
            (name, infohash),
        )


def forget_magnet(db: sqlite3.Connection, infohash: str) -> None:
    """Forget that a listener added a torrent: only its file keeps it now."""
    db.execute("UPDATE torrent SET magnet = NULL WHERE infohash = ?", (infohash,))


def delete_aliases(db: sqlite3.Connection, name: str) -> None:
    """Forget all other names of a torrent."""
    db.execute("DELETE FROM alias WHERE name = ?", (name,))


def delete_torrent(db: sqlite3.Connection, infohash: str) -> None:
    """Forget a torrent and its files."""
    for table in ("torrent", "metadata", "file", "playlist"):
        db.execute(f"DELETE FROM {table} WHERE infohash = ?", (infohash,))


def delete_past(db: sqlite3.Connection, infohash: str) -> None:
    """Forget what was heard of a torrent, and how much it brought."""
    for table in _PAST:
        db.execute(f"DELETE FROM {table} WHERE infohash = ?", (infohash,))


def stored(text: str | None) -> str | None:
    """Replace lone surrogates, which old names decode to, and SQLite refuses."""
    return None if text is None else text.encode("utf-8", "replace").decode()


def storable(metainfo: Metainfo) -> Metainfo:
    """Return the metainfo with names that SQLite accepts."""
    files = tuple(
        TorrentFile(f.index, stored(f.path) or "", f.offset, f.size, f.padding)
        for f in metainfo.files
    )
    return Metainfo(
        metainfo.infohash,
        stored(metainfo.name) or "",
        metainfo.piece_length,
        metainfo.size,
        files,
        metainfo.private,
    )
