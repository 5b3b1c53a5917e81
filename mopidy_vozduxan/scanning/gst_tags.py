"""Converts GStreamer's tags, as Mopidy's scanner gives them, to :class:`Tags`: pure.

Tags come from strangers: one that makes no sense is dropped, the others stay. We do
not use Mopidy's own ``convert_tags_to_track``: it has another signature in Mopidy 4,
and there one bad value makes it give up the whole file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TypeVar

from mopidy_vozduxan.naming.encodings import repaired_together
from mopidy_vozduxan.naming.names import clean
from mopidy_vozduxan.naming.placeholders import has_title, is_placeholder
from mopidy_vozduxan.torrent.tags import VARIOUS_ARTISTS, Tags

T = TypeVar("T")

#: No real title is longer, and longer ones would break lists of tracks.
_MAX_CHARS = 500
_MAX_NUMBER = 9999
#: This many show the encoding, and take 3 ms at most.
_ENOUGH_BESIDE = 20
_MAX_KBPS = 100_000  # DSD512 has 45 000

_TEXTS = (
    *("title", "artist", "album", "album-artist", "composer", "performer", "genre"),
)
_DATE = re.compile(r"([12]\d{3})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_NUMBER = re.compile(r"\s*(\d{1,9})\b", re.ASCII)
# GStreamer's name for "NAME=text" of tags that it has no name for.
_COMMENTS = "extended-comment"
_COMPILATION = re.compile(r"(?:itunes)?compilation=(?:1|true|yes)", re.IGNORECASE)


def tags_of(
    found: Mapping[str, Sequence[object]],
    length_ms: int | None,
    beside: Sequence[str] = (),
    path: str = "",
) -> Tags:
    """Return the tags that a scan found, in a form for every client.

    ``beside`` are other texts of the same source (raw tags of the album's other
    files): they help to recognise the encoding of all of them. A title such as
    "Untitled" counts only if the file's ``path`` has none.
    """
    texts = _texts(found, beside, path)
    titles, albums, genres = texts["title"], texts["album"], texts["genre"]
    return Tags(
        title="; ".join(titles) or None,
        artists=texts["artist"],
        album=albums[0] if albums else None,
        albumartists=texts["album-artist"] or _of_compilation(found),
        composers=texts["composer"],
        performers=texts["performer"],
        genre="; ".join(_split(genres)) or None,
        date=_first(map(_date, _dates(found))),
        track_no=_first(map(_number, _values(found, "track-number"))),
        disc_no=_first(map(_number, _values(found, "album-disc-number"))),
        length_ms=length_ms if length_ms and length_ms > 0 else None,
        bitrate=_first(map(_kbps, _values(found, "bitrate", "nominal-bitrate"))),
    )


def texts_of(found: Mapping[str, Sequence[object]]) -> list[str]:
    """Return all raw texts of a scan."""
    return [text for _, text in _found_texts(found)]


def _texts(
    found: Mapping[str, Sequence[object]], beside: Sequence[str], path: str
) -> dict[str, tuple[str, ...]]:
    """Return the decoded texts by key; all texts of a file have one encoding."""
    raw = list(_found_texts(found))
    foreign = dict.fromkeys(text for text in beside if not text.isascii())
    company = list(foreign)[:_ENOUGH_BESIDE]
    together = repaired_together([*(text for _, text in raw), *company])
    texts: dict[str, dict[str, None]] = {key: {} for key in _TEXTS}
    for (key, _), text in zip(raw, together, strict=False):
        line = clean(text[:_MAX_CHARS])
        if line and (not is_placeholder(line) or _is_needed(key, path)):
            texts[key][line] = None
    return {key: tuple(lines) for key, lines in texts.items()}


def _is_needed(key: str, path: str) -> bool:
    """Whether a placeholder says more than the file's name."""
    return key == "title" and bool(path) and not has_title(path)


def _split(genres: Iterable[str]) -> Iterable[str]:
    """Return each genre once; some programs write "Rock; Jazz" as one."""
    parts = (part.strip() for genre in genres for part in genre.split(";"))
    return dict.fromkeys(filter(None, parts))


def _of_compilation(found: Mapping[str, Sequence[object]]) -> tuple[str, ...]:
    comments = map(str, _values(found, _COMMENTS))
    return (VARIOUS_ARTISTS,) if any(map(_COMPILATION.fullmatch, comments)) else ()


def _values(found: Mapping[str, Sequence[object]], *keys: str) -> Iterable[object]:
    return (value for key in keys for value in found.get(key) or ())


def _found_texts(found: Mapping[str, Sequence[object]]) -> Iterable[tuple[str, str]]:
    for key in _TEXTS:
        yield from ((key, v) for v in _values(found, key) if isinstance(v, str))


def _first(values: Iterable[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)


def _dates(found: Mapping[str, Sequence[object]]) -> Iterable[object]:
    yield from _values(found, "datetime")
    # "date" cannot be only a year: APEv2's "1999" comes as 1 January 1999.
    yield from (str(value).removesuffix("-01-01") for value in _values(found, "date"))


def _date(value: object) -> str | None:
    """Return the part of a date that makes sense."""
    match = _DATE.match(str(value))
    if match is None:
        return None
    year, month, day = match.groups()
    for parts in ((year, month, day), (year, month), (year,)):
        if None not in parts and _is_date(parts):
            return "-".join(parts)
    return None


def _is_date(parts: Sequence[str]) -> bool:
    try:
        date(*(int(part) for part in (*parts, "1", "1")[:3]))
    except ValueError:
        return False
    return True


def _number(value: object) -> int | None:
    """Return a track or disc number, also from "3/12"; None for 0 and below."""
    match = _NUMBER.match(str(value))
    number = int(match[1]) if match and not isinstance(value, bool) else 0
    return number if 0 < number <= _MAX_NUMBER else None


def _kbps(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    kbps = round(value / 1000) if 0 < value < _MAX_KBPS * 1000 else 0
    return kbps or None
