"""The tables of the catalog, and their migrations.

``PRAGMA user_version`` counts the steps that a file has taken. A released step never
changes; new ones are appended.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

# The bytes of .torrent files (up to megabytes) are in their own table, so that reading
# the list of all torrents, which is frequent, does not read them. ``found.path`` is a
# BLOB because file names need not be text.
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

# Everything shown comes from ``album`` (a folder with audio) and ``track``. Names fill
# both at once, so no torrent is without them. Several names are one text, one per line,
# or "" for none. ``part`` is 0 for a whole file; places count a torrent's tracks in the
# order of their paths. ``album.people`` are the artists it is listed under.
# ``track.album_name`` and ``track.albumartists`` are the track's own tags; clients see
# the album's. ``tried_ms`` is when reading the tags failed last. ``words.beside`` are
# words of the folder's path that no other column has, so that a torrent is found by the
# name that clients show. The full-text index keeps its text (15 MB for 200,000 tracks):
# SQLite before 3.43 cannot delete from an index without it.
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

# Refused ``.torrent`` files with the reason, their version and ours.
_THIRD = """
CREATE TABLE refused (
    path BLOB PRIMARY KEY,
    mtime_ns INTEGER NOT NULL,
    size INTEGER NOT NULL,
    reason TEXT NOT NULL,
    version TEXT NOT NULL
) WITHOUT ROWID;
"""

# What is known beyond a torrent's stay in the library. ``heard.at_s`` is by our own
# clock (``steady_clock.py``), ``last_s`` by the system's; both are in seconds since the
# epoch. ``traffic`` counts bytes of payload. ``clock`` has our clock's latest time.
# ``keep`` is what listeners keep.
_FOURTH = """
CREATE TABLE heard (
    infohash TEXT,
    idx INTEGER,
    times INTEGER NOT NULL,
    last_s INTEGER NOT NULL,
    at_s REAL NOT NULL,
    PRIMARY KEY (infohash, idx)
) WITHOUT ROWID;
CREATE TABLE traffic (
    infohash TEXT PRIMARY KEY,
    downloaded INTEGER NOT NULL,
    uploaded INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    at_s REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE keep (
    uri TEXT PRIMARY KEY,
    infohash TEXT NOT NULL,
    added_ms INTEGER NOT NULL
) WITHOUT ROWID;
"""

# Files that count as tracks since then: torrents with such files get their tracks anew.
# Files whose tags or lengths were read wrongly, or that have a sheet, are read again.
_NEW_ENDINGS = (
    "mp4 m4v mov qt 3gp 3g2 3ga m4r mkv webm avi wmv asf ogv ogm ogx flv mpg mpeg m2ts"
    " mts vob rmvb nut mxf au snd caf w64 rf64 bwf wave voc paf sf nist svx dtshd dtsma"
    " tak shn ofr ofs mlp thd truehd eac3 ec3 oma aa3 at3 ra rm mpa mp1 m1a m2a mpga"
    " mpp mp+ adts loas vqf amr awb gsm qcp aa aax ilbc mod xm it s3m mtm stm med okt"
    " umx 669 mid midi sid nsf nsfe spc gbs gym kss ay sap vgm vgz"
)
_MISREAD_ENDINGS = "mp3 mp2 ogg oga opus spx wav aif aiff aifc m4a m4b wv ape"


def _ends(endings: str) -> str:
    tests = (f"lower(file.path) LIKE '%.{ending}'" for ending in endings.split())
    return f"({' OR '.join(tests)})"


_RENAMED = f"SELECT infohash FROM file WHERE NOT padding AND {_ends(_NEW_ENDINGS)}"
_RENAMED_ALBUMS = f"SELECT id FROM album WHERE infohash IN ({_RENAMED})"
_FIFTH = f"""
DELETE FROM words WHERE rowid IN
    (SELECT id FROM track WHERE album IN ({_RENAMED_ALBUMS}));
DELETE FROM track WHERE album IN ({_RENAMED_ALBUMS});
DELETE FROM album WHERE infohash IN ({_RENAMED});
UPDATE torrent SET folder_count = max(1, folder_count)
    WHERE infohash IN ({_RENAMED});
UPDATE track SET read = 0, tried_ms = 0 WHERE id IN (
    SELECT track.id FROM album JOIN track ON track.album = album.id
    JOIN file ON file.infohash = album.infohash AND file.idx = track.idx
    WHERE {_ends(_MISREAD_ENDINGS)} OR album.infohash IN
        (SELECT infohash FROM file WHERE {_ends("cue")}));
UPDATE track SET track_no = CAST(title AS INTEGER)
    WHERE track_no IS NULL AND part = 0 AND title != '' AND length(title) <= 3
    AND title NOT GLOB '*[^0-9]*' AND CAST(title AS INTEGER) BETWEEN 1 AND
        2 * (SELECT track_count FROM album WHERE album.id = track.album);
"""


class LaterVersion(sqlite3.OperationalError):
    """The file has taken steps that we do not know."""


STEPS = (_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH)


def migrate(db: sqlite3.Connection) -> None:
    """Take the steps that the file lacks, each in its own transaction.

    Another process, ``mopidy vozduxan`` or the server, may do the same. Raises
    :class:`LaterVersion` for a file of a later version.
    """
    while (version := version_of(db)) < len(STEPS):
        db.execute("BEGIN IMMEDIATE")
        with db:  # commits, or rolls back
            if version_of(db) == version:
                for statement in _statements(STEPS[version]):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {version + 1}")
    if version > len(STEPS):
        raise LaterVersion("it was written by a newer Mopidy-Vozduxan")


def is_empty(db: sqlite3.Connection) -> bool:
    """Return whether a file has none of our tables."""
    return version_of(db) == 0


def version_of(db: sqlite3.Connection) -> int:
    """Return how many steps a file has taken."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _statements(step: str) -> Iterator[str]:
    """Return a step's statements; each ends at the end of a line."""
    statement = ""
    for line in step.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
