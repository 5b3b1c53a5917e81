"""Headers that say how long MPEG audio is, and where its positions are: made. Pure.

GStreamer (1.22 and 1.26) reads two kinds. A Xing header is not heard, but divides a
file into 256 parts only. A VBRI header has a table of any precision, but sounds as one
frame of silence (26 ms). So it is for long recordings.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator

from mopidy_vozduxan.audio.mpeg_frames import Frame, frame_at
from mopidy_vozduxan.planning.position import Timeline

#: Up to here a 256th is at most 1.2 s.
_XING_MS = 300_000
_XING = struct.Struct(">4sIII")  # signature, what follows, frames, bytes
_FRAMES_BYTES_TABLE = 7
_POINTS = 100

_VBRI_AT = 36
# Signature, version, delay, quality, bytes, frames; entries, their scale and width,
# and the frames of each.
_VBRI = struct.Struct(">4sHHHIIHHHH")
_MOST_STEP = 0xFFFF

_BITRATE = 0xF << 12
_HIGHEST = 14 << 12
_PADDED = 1 << 9
_NO_CHECKSUM = 1 << 16


def made_header(first: bytes, timeline: Timeline) -> bytes:
    """Return a frame that holds a header for ``timeline``.

    ``first`` is the first frame's own header of four bytes; the frames start where the
    timeline's audio does. Returns b"" for frames without such headers (layer II),
    and for more than 4 GiB.
    """
    word = int.from_bytes(first, "big") & ~(_BITRATE | _PADDED) | _HIGHEST
    start = (word | _NO_CHECKSUM).to_bytes(4, "big")
    frame = frame_at(start, 0)
    if frame is None or frame.layer != 3 or timeline.size >= 1 << 32:
        return b""
    make = _xing if timeline.length_ms <= _XING_MS else _vbri
    return (start + make(frame, timeline)).ljust(frame.length, b"\0")


def _count(frame: Frame, timeline: Timeline) -> tuple[int, int]:
    """Return the number of frames, and of bytes with the header's own frame."""
    count = timeline.length_ms * frame.rate // (1000 * frame.samples)
    sound = timeline.offset_at(timeline.length_ms) - timeline.audio_start
    return max(1, count), sound + frame.length


def _xing(frame: Frame, timeline: Timeline) -> bytes:
    count, length = _count(frame, timeline)
    before = timeline.audio_start - frame.length
    ways = [way - before for way in _ways(timeline, _POINTS)]
    table = bytes(min(255, round(way * 256 / length)) for way in ways[:_POINTS])
    head = _XING.pack(b"Xing", _FRAMES_BYTES_TABLE, count, length)
    return bytes(frame.side_info) + head + table


def _vbri(frame: Frame, timeline: Timeline) -> bytes:
    count, length = _count(frame, timeline)
    each = -(-count // ((frame.length - _VBRI_AT - _VBRI.size) // 2))
    entries = -(-count // each)
    ways = list(_ways(timeline, entries))
    steps = [max(0, after - before) for before, after in itertools.pairwise(ways)]
    scale = max(steps) // _MOST_STEP + 1
    numbers = (1, 0, 0, length, count, entries, scale, 2, each)
    table = struct.pack(f">{entries}H", *(step // scale for step in steps))
    return bytes(_VBRI_AT - 4) + _VBRI.pack(b"VBRI", *numbers) + table


def _ways(timeline: Timeline, parts: int) -> Iterator[int]:
    """Yield the offsets that divide the length into equal parts."""
    for number in range(parts + 1):
        yield timeline.offset_at(timeline.length_ms * number // parts)
