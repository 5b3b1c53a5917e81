"""The tables of the catalog, and the steps that lead to them.

``PRAGMA user_version`` counts the steps that a file has behind it. A step that
was ever released never changes; the next one is appended.
"""

from __future__ import annotations

import sqlite3

# The bytes of .torrent files (up to megabytes) have a table of their own: the
# list of all torrents is read often, and must not wade through them.
# ``found.path`` is a BLOB because file names need not be text.
_FIRST = """
CREATE TABLE torrent (
    infohash TEXT PRIMARY KEY,
    display_name TEXT,
    magnet TEXT,
    added_ms INTEGER NOT NULL,
    name TEXT,
    piece_length INTEGER,
    size INTEGER,
    private INTEGER,
    folder_count INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE metadata (
    infohash TEXT PRIMARY KEY,
    torrent BLOB NOT NULL
);
CREATE TABLE file (
    infohash TEXT,
    idx INTEGER,
    path TEXT NOT NULL,
    offset INTEGER NOT NULL,
    size INTEGER NOT NULL,
    padding INTEGER NOT NULL,
    playable INTEGER NOT NULL,
    PRIMARY KEY (infohash, idx)
) WITHOUT ROWID;
CREATE TABLE alias (
    infohash TEXT PRIMARY KEY,
    name TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE found (
    path BLOB PRIMARY KEY,
    mtime_ns INTEGER NOT NULL,
    size INTEGER NOT NULL,
    infohash TEXT NOT NULL
) WITHOUT ROWID;
"""

STEPS = (_FIRST,)


def migrate(db: sqlite3.Connection) -> None:
    """Take the steps that the file lacks, each in a transaction of its own.

    Raises :class:`sqlite3.OperationalError` for a file of a later version.
    """
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version > len(STEPS):
        raise sqlite3.OperationalError("it was written by a newer Mopidy-Vozduxan")
    for number, step in enumerate(STEPS[version:], start=version + 1):
        db.executescript(f"BEGIN; {step} PRAGMA user_version = {number}; COMMIT;")
