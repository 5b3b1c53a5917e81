"""What listeners keep: torrents, albums and tracks, by their URIs.

A keep stays when its torrent leaves the library with its file, and goes when a listener
removes the torrent.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from mopidy_vozduxan.catalog import inventory, torrent_rows
from mopidy_vozduxan.catalog.records import Records
from mopidy_vozduxan.exceptions import BadInput, StorageFailed
from mopidy_vozduxan.torrent.magnets import parse_magnet
from mopidy_vozduxan.torrent.uris import Keep, keep_of, parse

_HEX = re.compile(r"[0-9a-f]{4,64}")
#: Tables with infohashes, and what else names the torrent there.
_NAMES = {"torrent": "name", "album": "name", "alias": "NULL"}


class Keeps:
    """Keeps; for any thread. All may raise :class:`StorageFailed`."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def all(self) -> list[Keep]:
        """Return every keep, the oldest first, by the infohashes in use now."""
        return self._records.file.read(list_keeps)

    def add(self, keep: Keep) -> None:
        """Keep a torrent, an album or a track."""
        row = (str(keep), keep.infohash, time.time_ns() // 1_000_000)
        self._records.file.write(
            lambda db: db.execute("INSERT OR IGNORE INTO keep VALUES (?, ?, ?)", row)
        )

    def remove(self, keep: Keep) -> bool:
        """Keep it no longer; return whether it was kept."""

        def write(db: sqlite3.Connection) -> bool:
            names = [uri for uri, one in _read(db) if one == keep]
            db.executemany("DELETE FROM keep WHERE uri = ?", [(uri,) for uri in names])
            return bool(names)

        return self._records.file.write(write)

    def remove_torrent(self, names: Iterable[str]) -> None:
        """Keep nothing of the torrent that has these infohashes."""
        rows = [(name,) for name in names]
        self._records.file.write(
            lambda db: db.executemany("DELETE FROM keep WHERE infohash = ?", rows)
        )


def names_kept(path: Path, named: Iterable[str]) -> set[str]:
    """Return the torrents of which anything is kept, without writing to the disk.

    ``named`` are more texts that may name one. A full disk has no room to open a
    :class:`Catalog`. Raises :class:`StorageFailed`.
    """
    if not path.exists():
        if any(named):
            raise StorageFailed(f"It cannot be read what is kept: {path} is missing.")
        return set()
    error: sqlite3.Error | None = None
    # The second way needs no lock, and sees no changes that wait in the WAL. There are
    # none if the first way fails: it needs a WAL that is there.
    for how in ("mode=ro", "mode=ro&immutable=1"):
        try:
            uri = f"file:{quote(str(path))}?{how}"
            with closing(sqlite3.connect(uri, uri=True)) as db:
                return _names_kept(db, named)
        except sqlite3.Error as exc:
            error = exc
    raise StorageFailed(f"It cannot be read what is kept: {error}.")


def _names_kept(db: sqlite3.Connection, named: Iterable[str]) -> set[str]:
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    # An older version wrote it if some are missing.
    kept = {keep.infohash for keep in list_keeps(db)} if "keep" in tables else set()
    texts = [text.strip() for text in named]
    for table, column in _NAMES.items():
        if table in tables:
            rows = db.execute(f"SELECT infohash, {column} FROM {table}")
            kept |= {i for i, name in rows if any(_may_name(t, i, name) for t in texts)}
    if "alias" not in tables:
        return kept
    whole = {torrent_rows.name_of(db, infohash) for infohash in kept}
    return {name for infohash in whole for name in inventory.names_of(db, infohash)}


def _may_name(text: str, infohash: str, name: str | None) -> bool:
    """Whether a text of the configuration may name a torrent, or a part of it."""
    if name and name.casefold() == text.casefold():
        return True
    if text.lower().startswith("magnet:"):
        try:
            return parse_magnet(text).infohash == infohash
        except BadInput:
            return False
    return any(map(infohash.startswith, _HEX.findall(text.lower())))


def list_keeps(db: sqlite3.Connection) -> list[Keep]:
    """Return every keep in a catalog, the oldest first."""
    return list(dict.fromkeys(keep for _, keep in _read(db)))


def _read(db: sqlite3.Connection) -> list[tuple[str, Keep]]:
    """Return the URIs as they are stored, and the keeps that they mean now.

    A torrent may have got another name since: a hybrid's magnet link may hold only its
    v2 hash.
    """
    found = []
    for uri, infohash in db.execute("SELECT uri, infohash FROM keep ORDER BY added_ms"):
        name = torrent_rows.name_of(db, infohash)
        try:
            found.append((uri, keep_of(parse(uri.replace(infohash, name)))))
        except BadInput:  # damaged
            continue
    return found
