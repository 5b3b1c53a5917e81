"""What GStreamer leaves out of the tags that it reads: a part of a wrong date, and the
mark of a compilation. Pure.

GStreamer (1.22 and 1.26) drops all of "2003-02-31", "2003-13-01" and "31/12/2003".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

#: GStreamer's names for a date, and for tags that it has no name for.
_DATES = ("datetime", "date")
_COMMENTS = "extended-comment"
_FRAMES = "private-id3v2-frame"

_YEAR = re.compile(rb"(?<!\d)([12]\d{3})(?!\d)")
_SENSIBLE = re.compile(r"[12]\d{3}")
_LONGEST_DATE = 64
# A date in ID3v2.3 and 2.4, in a Vorbis comment behind its length, and in APEv2.
_WRITTEN = re.compile(
    rb"T(?:DRC|YER|DRL).{6}[\0-\3]|.\0\0\0(?i:date|year)=|(?i:year)\0", re.DOTALL
)
_ID3_HEAD_BYTES = 10


def completed(tags: Mapping[str, list[Any]], data: bytes) -> dict[str, list[Any]]:
    """Return the tags with what is left out; ``data`` are the bytes that hold them."""
    found = dict(tags)
    dated = (str(value) for key in _DATES for value in tags.get(key, ()))
    if not any(map(_SENSIBLE.match, dated)) and (year := next(_years(data), None)):
        found["datetime"] = [year]
    if any(map(_is_compilation, tags.get(_FRAMES, ()))):
        found[_COMMENTS] = [*tags.get(_COMMENTS, ()), "COMPILATION=1"]
    return found


def _years(data: bytes) -> Iterator[str]:
    for match in _WRITTEN.finditer(data):
        text = data[match.end() : match.end() + _LONGEST_DATE]
        # UTF-16 has a zero beside each digit; other tags have none inside a date.
        wide = match[0][-1:] in (b"\1", b"\2")
        line = text.replace(b"\0", b"") if wide else text.partition(b"\0")[0]
        if year := _YEAR.search(line[:16]):
            yield year[1].decode()


def _is_compilation(frame: object) -> bool:
    return (
        isinstance(frame, bytes)
        and frame.startswith(b"TCMP")
        and b"1" in (frame[_ID3_HEAD_BYTES:])
    )
