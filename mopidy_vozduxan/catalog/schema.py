"""The tables of the catalog, and the steps that lead to them.

``PRAGMA user_version`` counts the steps that a file has behind it. A step that
was ever released never changes; the next one is appended.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

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

# Everything shown comes from ``album`` (a folder with audio) and ``track``. Both
# are filled from names at once, so nothing is ever without. Several names are
# one text, a line each, with "" for none. ``part`` is 0 for a whole file; places
# count a torrent's tracks in the order of their paths. ``album.people`` is whom
# the album is listed under; ``track.album_name`` and ``track.albumartists`` are
# what the track says itself, what is shown is the album's. ``tried_ms`` is when
# reading the tags failed last. ``words.beside`` are words of the folder's path that
# no other column has: who sees a torrent's name finds it by that. The full-text
# index holds text of its own (15 MB of 200,000 tracks): SQLite before 3.43 cannot
# delete from one without.
_SECOND = """
CREATE TABLE album (
    id INTEGER PRIMARY KEY,
    infohash TEXT NOT NULL,
    folder INTEGER NOT NULL,
    path TEXT NOT NULL,
    named TEXT NOT NULL,
    name TEXT NOT NULL,
    artists TEXT NOT NULL DEFAULT '',
    people TEXT NOT NULL DEFAULT '',
    date TEXT,
    track_count INTEGER NOT NULL DEFAULT 0,
    UNIQUE (infohash, folder)
);
CREATE INDEX album_name ON album (name);
CREATE TABLE track (
    id INTEGER PRIMARY KEY,
    album INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    part INTEGER NOT NULL DEFAULT 0,
    place INTEGER NOT NULL,
    title TEXT NOT NULL,
    artists TEXT NOT NULL,
    album_name TEXT NOT NULL,
    albumartists TEXT NOT NULL,
    composers TEXT NOT NULL,
    performers TEXT NOT NULL,
    genre TEXT,
    date TEXT,
    track_no INTEGER,
    disc_no INTEGER,
    length_ms INTEGER NOT NULL,
    length_known INTEGER NOT NULL DEFAULT 0,
    bitrate INTEGER,
    start INTEGER,
    stop INTEGER,
    read INTEGER NOT NULL DEFAULT 0,
    tried_ms INTEGER NOT NULL DEFAULT 0,
    UNIQUE (album, idx, part)
);
CREATE INDEX track_unread ON track (album, tried_ms) WHERE NOT read;
CREATE INDEX track_artists ON track (artists);
CREATE INDEX track_date ON track (date);
CREATE INDEX track_genre ON track (genre) WHERE genre IS NOT NULL;
CREATE INDEX track_composers ON track (composers) WHERE composers != '';
CREATE INDEX track_performers ON track (performers) WHERE performers != '';
CREATE INDEX torrent_added ON torrent (added_ms);
CREATE VIRTUAL TABLE words USING fts5 (
    title, artist, album, albumartist, composer, performer, genre, beside,
    tokenize = 'unicode61 remove_diacritics 2', columnsize = 0
);
CREATE TABLE playlist (
    infohash TEXT,
    idx INTEGER,
    name TEXT NOT NULL,
    tracks TEXT NOT NULL,
    PRIMARY KEY (infohash, idx)
) WITHOUT ROWID;
"""

# ``.torrent`` files that were no use, with the reason, as they and we were then.
_THIRD = """
CREATE TABLE refused (
    path BLOB PRIMARY KEY,
    mtime_ns INTEGER NOT NULL,
    size INTEGER NOT NULL,
    reason TEXT NOT NULL,
    version TEXT NOT NULL
) WITHOUT ROWID;
"""

STEPS = (_FIRST, _SECOND, _THIRD)


def migrate(db: sqlite3.Connection) -> None:
    """Take the steps that the file lacks, each in a transaction of its own.

    Another process may be at it: ``mopidy vozduxan``, or the server it meets.
    Raises :class:`sqlite3.OperationalError` for a file of a later version.
    """
    while (version := _version(db)) < len(STEPS):
        db.execute("BEGIN IMMEDIATE")
        with db:  # commits, or rolls back
            if _version(db) == version:
                for statement in _statements(STEPS[version]):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {version + 1}")
    if version > len(STEPS):
        raise sqlite3.OperationalError("it was written by a newer Mopidy-Vozduxan")


def is_empty(db: sqlite3.Connection) -> bool:
    """Return whether a file has no table of ours."""
    return _version(db) == 0


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _statements(step: str) -> Iterator[str]:
    """Return a step's statements; each ends a line."""
    statement = ""
    for line in step.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
