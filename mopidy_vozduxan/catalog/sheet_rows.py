"""Rows of parts, into which a CUE sheet divides a file.

Every function works in the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace

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
    known = bool(rows[-1]["length_known"])
    file_ms = _end_ms(rows) if known else max(_end_ms(rows), _likely_end_ms(parts))
    if known and rows[-1]["read"]:  # else the length may be wrong
        parts = _within(parts, file_ms) or parts
    db.execute(f"DELETE FROM words WHERE rowid IN ({ids(rows)})")
    db.execute(f"DELETE FROM track WHERE id IN ({ids(rows)})")
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
    if tags.length_ms:
        rows = _forget_beyond(db, rows, tags.length_ms)
    for row in rows:
        stop = row["stop"]
        if tags.length_ms and (stop is None or _ms(stop) > tags.length_ms):
            db.execute(
                "UPDATE track SET stop = NULL, length_ms = ?, length_known = 1"
                " WHERE id = ?",
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


def _within(parts: Sequence[Part], file_ms: int) -> list[Part]:
    """Return the parts that the file has: some sheets are longer than the sound.

    The last of these ends with the file.
    """
    here = [part for part in parts if _ms(part.start) < file_ms]
    if here and here[-1].stop is not None and _ms(here[-1].stop) > file_ms:
        here[-1] = replace(here[-1], stop=None)
    return here


def _forget_beyond(
    db: sqlite3.Connection, rows: list[sqlite3.Row], file_ms: int
) -> list[sqlite3.Row]:
    """Forget the parts behind the file's end; return the others."""
    here = [row for row in rows if _ms(row["start"]) < file_ms]
    if not here:
        return rows
    beyond = ids(rows[len(here) :])
    db.execute(f"DELETE FROM words WHERE rowid IN ({beyond})")
    db.execute(f"DELETE FROM track WHERE id IN ({beyond})")
    return here


def _ms(cue_frames: int) -> int:
    return cue_frames * 1000 // CUE_FRAMES_PER_S


def _part_ms(start: int, stop: int | None, file_ms: int) -> int:
    end_ms = file_ms if stop is None else _ms(stop)
    return max(1, end_ms - _ms(start))


def _likely_end_ms(parts: Sequence[Part]) -> int:
    """Return where the file ends, assuming that its last part is of average length."""
    first, last = parts[0].start, parts[-1].start
    mean = (last - first) // max(1, len(parts) - 1)
    return _ms(last + mean)


def _end_ms(rows: list[sqlite3.Row]) -> int:
    """Return the length of the file to which the rows belong."""
    return int(rows[-1]["length_ms"]) + _ms(rows[-1]["start"] or 0)
