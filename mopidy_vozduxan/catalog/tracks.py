"""Rows of albums and tracks: filled from names, overwritten by tags and sheets.

Every function works in the caller's transaction. Whatever changes a track also
changes what is shown of its album, and the full-text index.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterable, Sequence

from mopidy_vozduxan.catalog.albums import Said, shown
from mopidy_vozduxan.catalog.words import words
from mopidy_vozduxan.engine.protocol import Metainfo
from mopidy_vozduxan.names import clean
from mopidy_vozduxan.naming import named_folders
from mopidy_vozduxan.tags import CUE_FRAMES_PER_S, Part, Tags

#: After a try that failed, tags are left alone so long: a dead swarm may return.
RETRY_MS = 24 * 3600 * 1000
_NEVER = 1 << 62  # a time that nothing was tried after

_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?", re.ASCII)


def write_names(db: sqlite3.Connection, metainfo: Metainfo) -> None:
    """Fill a torrent's albums and tracks from its names, instead of any before."""
    delete_tracks(db, metainfo.infohash)
    place = 0
    for number, folder in enumerate(named_folders(metainfo)):
        album = db.execute(
            "INSERT INTO album (infohash, folder, path, named, name)"
            " VALUES (?, ?, ?, ?, ?)",
            (metainfo.infohash, number, folder.path, *[folder.album.album] * 2),
        ).lastrowid
        rows = [
            (album, file.index, 0, place + n, *_columns(tags))
            for n, (file, tags) in enumerate(folder.tracks)
        ]
        place += len(rows)
        db.executemany(_INSERT, rows)
        _refresh(db, album, news=None)


def unnamed(db: sqlite3.Connection, limit: int) -> list[str]:
    """Return torrents without tracks: an older version's, that had no such table."""
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

    Where a sheet divides the file, the sheet knows better.
    """
    rows = _rows(db, infohash, index)
    if not rows:
        return False
    if rows[0]["part"]:
        _fill_parts(db, rows, tags)
    else:
        sets = ", ".join(f"{name} = coalesce(:{name}, {name})" for name in _COLUMNS)
        db.execute(
            f"UPDATE track SET {sets}, read = 1,"
            " length_known = length_known OR :length_ms IS NOT NULL WHERE id = :id",
            {**_named_columns(tags), "id": rows[0]["id"]},
        )
    return _refresh(db, rows[0]["album"], news=[row["id"] for row in rows])


def write_sheet(
    db: sqlite3.Connection, infohash: str, index: int, parts: Sequence[Part]
) -> bool:
    """Put the parts in the file's place; return whether its album looks different."""
    rows = _rows(db, infohash, index)
    if not rows or not parts:
        return False
    base = rows[0]
    db.execute(f"DELETE FROM words WHERE rowid IN ({_ids(rows)})")
    db.execute(f"DELETE FROM track WHERE id IN ({_ids(rows)})")
    file_ms = _end_ms(rows)
    for part in parts:
        _insert_part(db, base, part, file_ms, bool(rows[-1]["length_known"]))
    return _refresh(db, base["album"], news=None)


def note_unreadable(db: sqlite3.Connection, infohash: str, index: int) -> None:
    """Note that the tags of a file could not be read now."""
    now_ms = time.time_ns() // 1_000_000
    ids = [row["id"] for row in _rows(db, infohash, index)]
    db.executemany(
        "UPDATE track SET tried_ms = ? WHERE id = ?", [(now_ms, id_) for id_ in ids]
    )


def leave_alone(db: sqlite3.Connection, infohash: str) -> None:
    """Note the same of every file of a torrent."""
    db.execute(
        "UPDATE track SET tried_ms = ? WHERE NOT read"
        " AND album IN (SELECT id FROM album WHERE infohash = ?)",
        (time.time_ns() // 1_000_000, infohash),
    )


def forget_read(db: sqlite3.Connection, infohash: str) -> None:
    """Let a torrent's tags be read again."""
    db.execute(
        "UPDATE track SET read = 0, tried_ms = 0"
        " WHERE album IN (SELECT id FROM album WHERE infohash = ?)",
        (infohash,),
    )


def unread(db: sqlite3.Connection, infohash: str, *, tried: bool) -> list[int]:
    """Return the files whose tags should be read, in the order of play.

    With ``tried`` also those that could not be read within the last day.
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


def read_part(
    db: sqlite3.Connection, infohash: str, index: int, number: int
) -> Part | None:
    """Return one part of a file that a sheet divides."""
    for row in _rows(db, infohash, index):
        if row["part"] == number and number:
            return Part(number, row["start"], row["stop"], Tags(title=row["title"]))
    return None


def lines(names: Iterable[str]) -> str:
    """Return names as they are stored: a line each."""
    return "\n".join(name for name in map(clean, names) if name)


def names_in(text: str) -> tuple[str, ...]:
    """Return names out of what is stored."""
    return tuple(text.split("\n")) if text else ()


def _tried_before() -> int:
    return time.time_ns() // 1_000_000 - RETRY_MS


# --- columns

_COLUMNS = (
    "title",
    "artists",
    "album_name",
    "albumartists",
    "composers",
    "performers",
    "genre",
    "date",
    "track_no",
    "disc_no",
    "length_ms",
    "bitrate",
)
_INSERT = (
    f"INSERT INTO track (album, idx, part, place, {', '.join(_COLUMNS)})"
    f" VALUES (?, ?, ?, ?, {', '.join('?' * len(_COLUMNS))})"
)


def _named_columns(tags: Tags) -> dict[str, str | int | None]:
    """Return a value per column, None where there is none."""
    date = tags.date if tags.date and _DATE.fullmatch(tags.date) else None
    return {
        "title": clean(tags.title or "") or None,
        "artists": lines(tags.artists) or None,
        "album_name": clean(tags.album or "") or None,
        "albumartists": lines(tags.albumartists) or None,
        "composers": lines(tags.composers) or None,
        "performers": lines(tags.performers) or None,
        "genre": clean(tags.genre or "") or None,
        "date": date,
        "track_no": _count(tags.track_no),
        "disc_no": _count(tags.disc_no),
        "length_ms": _count(tags.length_ms),
        "bitrate": _count(tags.bitrate),
    }


_NEEDED: dict[str, str | int] = {
    "title": "?",
    "artists": "",
    "album_name": "?",
    "albumartists": "",
    "composers": "",
    "performers": "",
    "length_ms": 1,
}


def _columns(tags: Tags) -> list[str | int | None]:
    return [
        _NEEDED.get(name) if value is None else value
        for name, value in _named_columns(tags).items()
    ]


def _count(number: int | None) -> int | None:
    """Return a number that every client takes: above 0, in SQLite's range."""
    return number if number is not None and 0 < number < 1 << 40 else None


# --- parts


def _insert_part(
    db: sqlite3.Connection, base: sqlite3.Row, part: Part, file_ms: int, known: bool
) -> None:
    own = _named_columns(part.tags)
    own["track_no"] = own["track_no"] or part.number
    own["title"] = own["title"] or f"Track {part.number}"
    own["length_ms"] = _part_ms(part.start, part.stop, file_ms)
    kept = [base[name] if own[name] is None else own[name] for name in _COLUMNS]
    db.execute(_INSERT, (base["album"], base["idx"], part.number, base["place"], *kept))
    db.execute(
        "UPDATE track SET start = ?, stop = ?, length_known = ?, read = ?, tried_ms = ?"
        " WHERE album = ? AND idx = ? AND part = ?",
        (
            part.start,
            part.stop,
            known or part.stop is not None,
            base["read"],
            base["tried_ms"],
            base["album"],
            base["idx"],
            part.number,
        ),
    )


def _fill_parts(db: sqlite3.Connection, rows: list[sqlite3.Row], tags: Tags) -> None:
    own = _named_columns(tags)
    for row in rows:
        if row["stop"] is None and tags.length_ms:
            db.execute(
                "UPDATE track SET length_ms = ?, length_known = 1 WHERE id = ?",
                (_part_ms(row["start"], None, tags.length_ms), row["id"]),
            )
        db.execute(
            "UPDATE track SET read = 1, bitrate = coalesce(?, bitrate),"
            " genre = coalesce(genre, ?), date = coalesce(date, ?),"
            " composers = iif(composers = '', coalesce(?, ''), composers),"
            " albumartists = iif(albumartists = '', coalesce(?, ''), albumartists)"
            " WHERE id = ?",
            (
                *(own["bitrate"], own["genre"], own["date"]),
                *(own["composers"], own["albumartists"], row["id"]),
            ),
        )


def _part_ms(start: int, stop: int | None, file_ms: int) -> int:
    begin_ms = start * 1000 // CUE_FRAMES_PER_S
    end_ms = file_ms if stop is None else stop * 1000 // CUE_FRAMES_PER_S
    return max(1, end_ms - begin_ms)


def _end_ms(rows: list[sqlite3.Row]) -> int:
    """Return the length of the file that the rows are or divide."""
    begin_ms = (rows[-1]["start"] or 0) * 1000 // CUE_FRAMES_PER_S
    return int(rows[-1]["length_ms"]) + begin_ms


# --- what follows from a change


def _rows(db: sqlite3.Connection, infohash: str, index: int) -> list[sqlite3.Row]:
    cursor = db.cursor()
    cursor.row_factory = sqlite3.Row
    return cursor.execute(
        "SELECT track.* FROM album CROSS JOIN track ON track.album = album.id"
        " WHERE infohash = ? AND idx = ? ORDER BY part",
        (infohash, index),
    ).fetchall()


def _ids(rows: Iterable[sqlite3.Row]) -> str:
    return ", ".join(str(row["id"]) for row in rows)


def _refresh(
    db: sqlite3.Connection, album: int | None, news: Sequence[int] | None
) -> bool:
    """Bring the album in line with its tracks; return whether it looks different.

    ``news`` are the tracks that must be indexed anyway; None for all of them.
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
    """Index tracks of an album by their words; None for all of them."""
    which = (
        "" if tracks is None else f" AND track.id IN ({', '.join(map(str, tracks))})"
    )
    rows = db.execute(
        "SELECT track.id, title, track.artists, name, album.artists, composers,"
        " performers, genre FROM track JOIN album ON album.id = track.album"
        f" WHERE album.id = ?{which}",
        (album,),
    ).fetchall()
    db.executemany("DELETE FROM words WHERE rowid = ?", [(row[0],) for row in rows])
    db.executemany(
        "INSERT INTO words (rowid, title, artist, album, albumartist, composer,"
        " performer, genre) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(row[0], *(words(text or "") for text in row[1:])) for row in rows],
    )
