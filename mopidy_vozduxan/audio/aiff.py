"""AIFF and AIFC: chunks around samples at a constant rate. Pure."""

from __future__ import annotations

import struct

from mopidy_vozduxan.audio.answering import Asking, answered_by
from mopidy_vozduxan.audio.chunks import even_timeline, read_chunks
from mopidy_vozduxan.audio.container import PCM_KBPS, Container, Format
from mopidy_vozduxan.audio.late_tags import WANTED, silent_file
from mopidy_vozduxan.planning.position import Timeline
from mopidy_vozduxan.planning.spans import Span

_CHUNK = struct.Struct(">4sI")
_FORM = struct.Struct(">2xI2xHQ")  # frames; exponent and mantissa of the rate
_WANTED = {b"COMM": _FORM.size, b"SSND": 4}


def read(head: bytes, start: int, size: int) -> Timeline | None:
    """Return the timeline of an AIFF or AIFC file whose ``FORM`` is at ``start``."""
    length_ms, sound = 0, Span(0, 0)
    for chunk in answered_by(head, read_chunks(start + 12, _CHUNK, _WANTED)):
        if chunk.kind == b"COMM":
            frames, exponent, mantissa = _FORM.unpack(chunk.body)
            rate = _whole(exponent, mantissa)
            length_ms = frames * 1000 // rate if rate else 0
        elif chunk.kind == b"SSND":
            (skipped,) = struct.unpack(">I", chunk.body)
            stop = min(chunk.start + chunk.length, size)
            sound = Span(chunk.start + 8 + skipped, stop)
    return even_timeline(size, length_ms, sound) if length_ms and sound.stop else None


def _whole(exponent: int, mantissa: int) -> int:
    """Return an 80-bit float as an integer, 0 if it cannot be a sample rate."""
    shift = 16383 + 63 - exponent
    return mantissa >> shift if 32 <= shift < 64 else 0


def late_tags(start: int, size: int) -> Asking[bytes]:
    """Read the tags of the AIFF file whose ``FORM`` is at ``start``."""
    return silent_file((yield from read_chunks(start + 12, _CHUNK, WANTED)))


CONTAINER = Container(
    formats=dict.fromkeys(("aif", "aiff", "aifc"), Format("audio/aiff", PCM_KBPS)),
    signatures=((8, b"AIFF"), (8, b"AIFC")),
    timeline=read,
    demuxer_cuts=True,
    late_tags=late_tags,
)
