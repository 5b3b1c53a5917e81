"""How to answer a conditional or range request (RFC 9110, 13 and 14).

Pure: header values and a size in, a decision out. Never raises, whatever a client
sends. Streams have no ``Last-Modified``, so conditions on a date are ignored, and an
``If-Range`` date never matches.

Design notes: a request for several ranges gets one 200 with the whole body, which RFC
9110 14.2 allows ("a server MAY ignore the Range header field"). No player asks for
several. ``multipart/byteranges`` would need one reader per range, and overlapping
ranges are a known way to overload a server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Larger than any stream; stands for numbers too long to be worth parsing
#: (Python refuses to convert more than 4300 digits).
_HUGE = 1 << 62
_MAX_DIGITS = 18

_RANGE_UNIT = re.compile(r"bytes=", re.IGNORECASE)
_RANGE = re.compile(r"([0-9]+)-([0-9]*)|-([0-9]+)")
_ETAG = re.compile(r'(W/)?"([^\s"]*)"')


@dataclass(frozen=True, slots=True)
class Conditions:
    """The relevant header fields, as received; None if absent."""

    range: str | None = None
    if_range: str | None = None
    if_match: str | None = None
    if_none_match: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and the span ``[start, stop)`` of the body."""

    status: int
    start: int = 0
    stop: int = 0


def decide(
    conditions: Conditions, *, size: int, etag: str, head: bool = False
) -> Answer:
    """Return the answer for a stream of ``size`` bytes with that strong ``etag``.

    The order is that of RFC 9110 13.2.2. ``HEAD`` ignores ``Range`` (14.2); there the
    span is what a ``GET`` would return.
    """
    matches = conditions.if_match
    if matches is not None and not _lists(matches, etag, weakly=False):
        return Answer(412)
    unwanted = conditions.if_none_match
    if unwanted is not None and _lists(unwanted, etag, weakly=True):
        return Answer(304)
    whole = Answer(200, 0, size)
    if head or conditions.range is None:
        return whole
    if conditions.if_range is not None and conditions.if_range.strip() != f'"{etag}"':
        return whole
    return _ranged(conditions.range, size) or whole


def content_range(answer: Answer, size: int) -> str | None:
    """Return the ``Content-Range`` of the answer, if it needs one."""
    if answer.status == 206 and answer.start < answer.stop:
        return f"bytes {answer.start}-{answer.stop - 1}/{size}"
    return f"bytes */{size}" if answer.status in (206, 416) else None


def _lists(field: str, etag: str, *, weakly: bool) -> bool:
    if field.strip() == "*":
        return True
    return any(
        tag == etag and (weakly or not weak) for weak, tag in _ETAG.findall(field)
    )


def _ranged(field: str, size: int) -> Answer | None:
    """Answer one range; None for several, malformed ones, or another unit."""
    spec = _only_spec(field)
    match = _RANGE.fullmatch(spec) if spec else None
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        return _suffix(_number(suffix), size)
    start = _number(first)
    stop = _number(last) + 1 if last else _HUGE + 1
    if stop <= start:
        return None  # invalid, which is not unsatisfiable (14.1.1)
    if start >= size:
        return Answer(416)
    return Answer(206, start, min(stop, size))


def _only_spec(field: str) -> str | None:
    """Return the one range of a range set; empty list elements do not count."""
    unit = _RANGE_UNIT.match(field)
    if unit is None:
        return None
    elements = field[unit.end() :].split(",")
    if len(elements) > 1:
        elements = [stripped for e in elements if (stripped := e.strip(" \t"))]
    return elements[0] if len(elements) == 1 else None


def _suffix(length: int, size: int) -> Answer | None:
    if length == 0:
        return Answer(416)
    if size == 0:
        return None  # satisfiable (14.1.2), but no Content-Range can say so
    return Answer(206, max(0, size - length), size)


def _number(digits: str) -> int:
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) <= _MAX_DIGITS else _HUGE
