"""Rows of parts, into which a CUE sheet divides a file.

Every function works in the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from mopidy_vozduxan.catalog.columns import COLUMNS, INSERT, named_columns
from mopidy_vozduxan.catalog.upkeep import ids, refresh, rows_of
from mopidy_vozduxan.torrent.tags import CUE_FRAMES_PER_S, Part, Tags


def write_sheet(
    db: sqlite3.Connection, infohash: str, index: int, parts: Sequence[Part]
) -> bool:
    """Replace a file by its parts; return whether its album looks different."""
    rows = rows_of(db, infohash, index)
    if not rows or not parts:
        return False
    base = rows[0]
    db.execute(f"DELETE FROM words WHERE rowid IN ({ids(rows)})")
    db.execute(f"DELETE FROM track WHERE id IN ({ids(rows)})")
    known = bool(rows[-1]["length_known"])
    file_ms = _end_ms(rows) if known else max(_end_ms(rows), _likely_end_ms(parts))
    for part in parts:
        _insert_part(db, base, part, file_ms, known)
    return refresh(db, base["album"], news=None)


def read_part(
    db: sqlite3.Connection, infohash: str, index: int, number: int
) -> Part | None:
    """Return one part of a file that a sheet divides."""
    for row in rows_of(db, infohash, index):
        if row["part"] == number and number:
            return Part(number, row["start"], row["stop"], Tags(title=row["title"]))
    return None


def _insert_part(
    db: sqlite3.Connection, base: sqlite3.Row, part: Part, file_ms: int, known: bool
) -> None:
    own = named_columns(part.tags)
    own["track_no"] = own["track_no"] or part.number
    own["title"] = own["title"] or f"Track {part.number}"
    own["length_ms"] = _part_ms(part.start, part.stop, file_ms)
    kept = [base[name] if own[name] is None else own[name] for name in COLUMNS]
    db.execute(INSERT, (base["album"], base["idx"], part.number, base["place"], *kept))
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


def fill_parts(db: sqlite3.Connection, rows: list[sqlite3.Row], tags: Tags) -> None:
    """Use the file's own tags where its sheet says nothing."""
    own = named_columns(tags)
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


def _likely_end_ms(parts: Sequence[Part]) -> int:
    """Return where the file ends, assuming that its last part is of average length."""
    first, last = parts[0].start, parts[-1].start
    mean = (last - first) // max(1, len(parts) - 1)
    return (last + mean) * 1000 // CUE_FRAMES_PER_S


def _end_ms(rows: list[sqlite3.Row]) -> int:
    """Return the length of the file to which the rows belong."""
    begin_ms = (rows[-1]["start"] or 0) * 1000 // CUE_FRAMES_PER_S
    return int(rows[-1]["length_ms"]) + begin_ms
