"""M4A: the index (``moov``) precedes the audio (``mdat``), or follows it. Pure."""

from __future__ import annotations

import contextlib
import struct
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
from mopidy_vozduxan.audio.mp4_boxes import Place, boxes, rows, tables
from mopidy_vozduxan.audio.mp4_chapters import read_chapters
from mopidy_vozduxan.planning.position import Point, Timeline
from mopidy_vozduxan.planning.spans import Span

_MOST_POINTS = 4000  # kept of them, and one for each chunk
_LONGEST_INDEX = 8 * 1024 * 1024  # usually 6 MiB for 10 h


def read(head: bytes, start: int, size: int) -> Timeline | None:
    """Return the timeline of a file whose ``ftyp`` box is at ``start``.

    If the index reaches beyond the head, we assume that the audio follows it, which is
    too early by a box of padding at most. Positions are then found by proportion.
    """
    length_ms = audio_start = 0
    points: tuple[Point, ...] = ()
    for kind, body, stop in boxes(head, start, size):
        if kind == b"moov":
            length_ms, audio_start = _length_ms(head, body, stop), stop
            points = _points(head, body, stop)
        elif kind == b"mdat":
            points += ((length_ms, stop),)
            return Timeline(size, length_ms, body, points) if length_ms else None
    return Timeline(size, length_ms, audio_start)


def audio_before_index(head: bytes, start: int, size: int) -> Span | None:
    """Return the span of the audio if the index follows it."""
    for kind, body, stop in boxes(head, start, size):
        if kind == b"moov":
            return None
        if kind == b"mdat":
            return Span(body, stop) if 0 < size - stop <= _LONGEST_INDEX else None
    return None


def read_index(index: bytes, audio: Span, size: int) -> Timeline | None:
    """Return the timeline by the bytes that follow ``audio``; None without a table."""
    for kind, body, stop in boxes(index, 0, size):
        if kind == b"moov":
            points = _points(index, body, stop)
            length_ms = _length_ms(index, body, stop)
            points += ((length_ms, audio.stop),) if points else ()
            return Timeline(size, length_ms, audio.start, points) if points else None
    return None


def _points(head: bytes, at: int, stop: int) -> tuple[Point, ...]:
    """Return where the sound's frames start, if ``head`` has all the tables."""
    for kind, body, end in boxes(head, at, stop):
        if kind == b"trak" and end <= len(head):
            known = tables(head, (body, end))
            if head[known[b"hdlr"][0] + 8 :].startswith(b"soun"):
                with contextlib.suppress(struct.error):  # a table is missing
                    return tuple(_frames(head, known))
    return ()


def _frames(head: bytes, known: dict[bytes, Place]) -> Iterator[Point]:
    """Yield where frames start, some of each chunk. All last as long as the first."""
    header = known[b"mdhd"][0]
    layout = ">20xI" if head[header : header + 1] == b"\1" else ">12xI"
    (scale,) = struct.unpack_from(layout, head, header)
    (length,) = struct.unpack_from(">12xI", head, known[b"stts"][0])
    wide = b"co64" in known
    offsets = rows(head, known[b"co64" if wide else b"stco"], ">Q" if wide else ">I")
    counts = {first: n for first, n, _ in rows(head, known[b"stsc"], ">III")}
    sizes = rows(head, known[b"stsz"], ">I", 12)  # none if all have the same size
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


def _length_ms(head: bytes, at: int, stop: int) -> int:
    for kind, body, _ in boxes(head, at, stop):
        if kind == b"mvhd":
            layout = ">20xIQ" if head[body : body + 1] == b"\1" else ">12xII"
            scale, length = struct.unpack_from(layout, head, body)
            return int(length * 1000 // scale) if scale else 0
    return 0


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
    chapters=read_chapters,
    late_index=LateIndex(audio_before_index, read_index),
)
