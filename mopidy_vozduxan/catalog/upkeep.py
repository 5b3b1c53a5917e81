"""Updates albums and the full-text index after a change of tracks.

Every function works in the caller's transaction.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence

from mopidy_vozduxan.catalog.albums import Said, shown
from mopidy_vozduxan.catalog.columns import ARTISTS, lines, names_in
from mopidy_vozduxan.catalog.words import words

_WORD = re.compile(r"\w+")


def rows_of(db: sqlite3.Connection, infohash: str, index: int) -> list[sqlite3.Row]:
    """Return the tracks of file ``index``, in order."""
    cursor = db.cursor()
    cursor.row_factory = sqlite3.Row
    return cursor.execute(
        "SELECT track.* FROM album CROSS JOIN track ON track.album = album.id"
        " WHERE infohash = ? AND idx = ? ORDER BY part",
        (infohash, index),
    ).fetchall()


def ids(rows: Iterable[sqlite3.Row]) -> str:
    """Return the rows' ids as SQL."""
    return ", ".join(str(row["id"]) for row in rows)


def refresh(
    db: sqlite3.Connection, album: int | None, news: Sequence[int] | None
) -> bool:
    """Update an album from its tracks; return whether it looks different.

    ``news`` are the tracks that must be indexed in any case; None for all of them.
    """
    named, *before = db.execute(
        "SELECT named, name, artists, people, date, track_count FROM album"
        " WHERE id = ?",
        (album,),
    ).fetchone()
    said = [
        Said(bool(read), name, names_in(artists), names_in(albumartists), date)
        for read, name, artists, albumartists, date in db.execute(
            "SELECT read, album_name, artists, albumartists, date FROM track"
            " WHERE album = ? ORDER BY place, part",
            (album,),
        )
    ]
    now = shown(named, said)
    after = [now.name, lines(now.artists), lines(now.people), now.date, len(said)]
    if after != before:
        db.execute(
            "UPDATE album SET name = ?, artists = ?, people = ?, date = ?,"
            " track_count = ? WHERE id = ?",
            (*after, album),
        )
    changed = after[:4] != before[:4]
    _index(db, album, None if changed else news)
    return bool(after != before)


def _index(
    db: sqlite3.Connection, album: int | None, tracks: Sequence[int] | None
) -> None:
    """Index tracks of an album; None for all of them."""
    which = (
        "" if tracks is None else f" AND track.id IN ({', '.join(map(str, tracks))})"
    )
    rows = db.execute(
        f"SELECT track.id, path, title, {ARTISTS}, name, album.artists, composers,"
        " performers, genre FROM track JOIN album ON album.id = track.album"
        f" WHERE album.id = ?{which}",
        (album,),
    ).fetchall()
    db.executemany("DELETE FROM words WHERE rowid = ?", [(row[0],) for row in rows])
    db.executemany(
        "INSERT INTO words (rowid, title, artist, album, albumartist, composer,"
        " performer, genre, beside) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [(id_, *_words(path, texts)) for id_, path, *texts in rows],
    )


def _words(path: str, texts: Sequence[str | None]) -> list[str]:
    """Return the texts to index, and the words of the path that are not in them."""
    indexed = [words(text or "") for text in texts]
    said = set(_WORD.findall(" ".join(indexed)))
    beside = [word for word in _WORD.findall(words(path)) if word not in said]
    return [*indexed, " ".join(beside)]
