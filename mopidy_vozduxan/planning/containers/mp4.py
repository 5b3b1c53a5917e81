"""M4A: the index (``moov``) comes before the audio (``mdat``), or behind it."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from mopidy_vozduxan.planning.position import Timeline
from mopidy_vozduxan.planning.spans import Span

_MOST_BOXES = 256  # usually 3 to 5 on each level


def read(head: bytes, start: int, size: int) -> Timeline | None:
    """Return the timeline of a file whose ``ftyp`` box is at ``start``.

    Where the index reaches beyond the head, the audio is taken to start right
    behind it: too early by a box of padding at most.
    """
    length_ms = audio_start = 0
    for kind, body, stop in _boxes(head, start, size):
        if kind == b"moov":
            length_ms, audio_start = _length_ms(head, body, stop), stop
        elif kind == b"mdat":
            points = ((length_ms, stop),)
            return Timeline(size, length_ms, body, points) if length_ms else None
    return Timeline(size, length_ms, audio_start)


def audio_before_index(head: bytes, start: int, size: int) -> Span | None:
    """Return the span of the audio where all else comes behind it."""
    for kind, body, stop in _boxes(head, start, size):
        if kind == b"moov":
            return None
        if kind == b"mdat":
            return Span(body, stop) if stop < size else None
    return None


def read_index(index: bytes, audio: Span, size: int) -> Timeline | None:
    """Return the timeline; ``index`` are the bytes behind ``audio``."""
    for kind, body, stop in _boxes(index, 0, size):
        if kind == b"moov":
            length_ms = _length_ms(index, body, stop)
            return Timeline(size, length_ms, audio.start, ((length_ms, audio.stop),))
    return None


def _length_ms(head: bytes, at: int, stop: int) -> int:
    for kind, body, _ in _boxes(head, at, stop):
        if kind == b"mvhd":
            layout = ">20xIQ" if head[body : body + 1] == b"\1" else ">12xII"
            scale, length = struct.unpack_from(layout, head, body)
            return int(length * 1000 // scale) if scale else 0
    return 0


def _boxes(head: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, offset of the body and that of the end of every box."""
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
