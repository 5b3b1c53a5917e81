"""M4A: the index (``moov``) precedes the audio (``mdat``), or follows it. Pure."""

from __future__ import annotations

import contextlib
import struct
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate

from mopidy_vozduxan.audio.container import (
    AAC_KBPS,
    LOSSLESS_KBPS,
    SPEECH_KBPS,
    VIDEO_KBPS,
    Container,
    Format,
    LateIndex,
)
from mopidy_vozduxan.planning.position import Point, Timeline
from mopidy_vozduxan.planning.spans import Span

_MOST_BOXES = 256  # usually 3 to 5 on each level
_MOST_ROWS = 100_000  # of a table: 0.2 s of work, 39 min of AAC frames
_MOST_POINTS = 4000  # kept of them, and one for each chunk
_LONGEST_INDEX = 8 * 1024 * 1024  # usually 6 MiB for 10 h

_Place = tuple[int, int]  # the offsets of a box's body and of its end


def read(head: bytes, start: int, size: int) -> Timeline | None:
    """Return the timeline of a file whose ``ftyp`` box is at ``start``.

    If the index reaches beyond the head, we assume that the audio follows it, which is
    too early by a box of padding at most. Positions are then found by proportion.
    """
    length_ms = audio_start = 0
    points: tuple[Point, ...] = ()
    for kind, body, stop in _boxes(head, start, size):
        if kind == b"moov":
            length_ms, audio_start = _length_ms(head, body, stop), stop
            points = _points(head, body, stop)
        elif kind == b"mdat":
            points += ((length_ms, stop),)
            return Timeline(size, length_ms, body, points) if length_ms else None
    return Timeline(size, length_ms, audio_start)


def audio_before_index(head: bytes, start: int, size: int) -> Span | None:
    """Return the span of the audio if the index follows it."""
    for kind, body, stop in _boxes(head, start, size):
        if kind == b"moov":
            return None
        if kind == b"mdat":
            return Span(body, stop) if 0 < size - stop <= _LONGEST_INDEX else None
    return None


def read_index(index: bytes, audio: Span, size: int) -> Timeline | None:
    """Return the timeline by the bytes that follow ``audio``; None without a table."""
    for kind, body, stop in _boxes(index, 0, size):
        if kind == b"moov":
            points = _points(index, body, stop)
            length_ms = _length_ms(index, body, stop)
            points += ((length_ms, audio.stop),) if points else ()
            return Timeline(size, length_ms, audio.start, points) if points else None
    return None


def _points(head: bytes, at: int, stop: int) -> tuple[Point, ...]:
    """Return where the sound's frames start, if ``head`` has all the tables."""
    for kind, body, end in _boxes(head, at, stop):
        if kind == b"trak" and end <= len(head):
            tables = _tables(head, (body, end))
            if head[tables[b"hdlr"][0] + 8 :].startswith(b"soun"):
                with contextlib.suppress(struct.error):  # a table is missing
                    return tuple(_frames(head, tables))
    return ()


def _tables(head: bytes, place: _Place) -> dict[bytes, _Place]:
    """Return the places of the boxes that describe a sound track."""
    found = defaultdict[bytes, _Place](lambda: (len(head), len(head)))
    for folder in (b"mdia", b"minf", b"stbl", b""):
        found |= {kind: (body, end) for kind, body, end in _boxes(head, *place)}
        place = found[folder]
    return found


def _frames(head: bytes, tables: dict[bytes, _Place]) -> Iterator[Point]:
    """Yield where frames start, some of each chunk. All last as long as the first."""
    header = tables[b"mdhd"][0]
    layout = ">20xI" if head[header : header + 1] == b"\1" else ">12xI"
    (scale,) = struct.unpack_from(layout, head, header)
    (length,) = struct.unpack_from(">12xI", head, tables[b"stts"][0])
    wide = b"co64" in tables
    offsets = _rows(head, tables[b"co64" if wide else b"stco"], ">Q" if wide else ">I")
    counts = {first: n for first, n, _ in _rows(head, tables[b"stsc"], ">III")}
    sizes = _rows(head, tables[b"stsz"], ">I", 12)  # none if all have the same size
    gone = list(accumulate((size for (size,) in sizes), initial=0))
    step = len(gone) // _MOST_POINTS + 1
    first = count = 0
    for number, (offset,) in enumerate(offsets, 1):
        count = counts.get(number, count)
        if not count:
            return
        yield first * length * 1000 // max(1, scale), offset
        for frame in range(first + step, min(first + count, len(gone)), step):
            way = gone[frame] - gone[first]
            yield frame * length * 1000 // max(1, scale), offset + way
        first += count


def _rows(
    head: bytes, place: _Place, layout: str, skipped: int = 8
) -> list[tuple[int, ...]]:
    """Return the rows of a table, which follow its version and their number."""
    row, start = struct.Struct(layout), place[0] + skipped
    count = max(0, min((place[1] - start) // row.size, _MOST_ROWS))
    return list(row.iter_unpack(head[start : start + count * row.size]))


def _length_ms(head: bytes, at: int, stop: int) -> int:
    for kind, body, _ in _boxes(head, at, stop):
        if kind == b"mvhd":
            layout = ">20xIQ" if head[body : body + 1] == b"\1" else ">12xII"
            scale, length = struct.unpack_from(layout, head, body)
            return int(length * 1000 // scale) if scale else 0
    return 0


def _boxes(head: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each box, and the offsets of its body and end."""
    for _ in range(_MOST_BOXES):
        if at + 8 > min(len(head), end):
            return
        length, kind = struct.unpack_from(">I4s", head, at)
        body = at + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", head, body)
            body += 8
        stop = min(at + length, end) if length else end
        if stop < body:
            return
        yield kind, body, stop
        at = stop


# An index at the end takes about 4 bytes per frame.
CONTAINER = Container(
    formats={
        "m4a": Format("audio/mp4", AAC_KBPS, tail_kib=256),
        "m4b": Format("audio/mp4", SPEECH_KBPS, tail_kib=512),
        "m4r": Format("audio/mp4", AAC_KBPS, tail_kib=256),
        "alac": Format("audio/mp4", LOSSLESS_KBPS),
        **dict.fromkeys(("mp4", "m4v"), Format("video/mp4", VIDEO_KBPS)),
        **dict.fromkeys(("mov", "qt"), Format("video/quicktime", VIDEO_KBPS)),
        **dict.fromkeys(("3gp", "3g2", "3ga"), Format("video/3gpp", AAC_KBPS)),
    },
    signatures=((4, b"ftyp"),),
    demuxer_cuts=True,
    timeline=read,
    late_index=LateIndex(audio_before_index, read_index),
)
