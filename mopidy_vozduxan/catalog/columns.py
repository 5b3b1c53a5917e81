"""How tags are stored: the columns of ``track``, and their values: pure.

Several names are one text, one per line, or "" for none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mopidy_vozduxan.naming.names import clean
from mopidy_vozduxan.torrent.tags import Tags

#: What separates the genres of a track in :class:`Tags`.
GENRES = "; "
#: The artists of a track: its own, else its album's.
ARTISTS = "iif(track.artists = '', album.artists, track.artists)"

_DATE = re.compile(r"\d{4}(-\d\d(-\d\d)?)?", re.ASCII)

#: The columns that tags fill, in order.
COLUMNS = (
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
#: Inserts the album, the file index, the part, the place, and these columns.
INSERT = (
    f"INSERT INTO track (album, idx, part, place, {', '.join(COLUMNS)})"
    f" VALUES (?, ?, ?, ?, {', '.join('?' * len(COLUMNS))})"
)


def named_columns(tags: Tags) -> dict[str, str | int | None]:
    """Return the known values by column, valid for every client; None for the rest."""
    date = tags.date if tags.date and _DATE.fullmatch(tags.date) else None
    return {
        "title": clean(tags.title or "") or None,
        "artists": lines(tags.artists) or None,
        "album_name": clean(tags.album or "") or None,
        "albumartists": lines(tags.albumartists) or None,
        "composers": lines(tags.composers) or None,
        "performers": lines(tags.performers) or None,
        "genre": lines((tags.genre or "").split(GENRES)) or None,
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


def all_columns(tags: Tags) -> list[str | int | None]:
    """Return a value for each column, with defaults for the required ones."""
    return [
        _NEEDED.get(name) if value is None else value
        for name, value in named_columns(tags).items()
    ]


def _count(number: int | None) -> int | None:
    """Return a number that every client accepts: above 0, and plausible."""
    return number if number is not None and 0 < number < 1 << 40 else None


def lines(names: Iterable[str]) -> str:
    """Return names in their stored form: one per line."""
    return "\n".join(name for name in map(clean, names) if name)


def names_in(text: str) -> tuple[str, ...]:
    """Return the names in a stored text."""
    return tuple(text.split("\n")) if text else ()
