"""Which length of a file to believe. Pure.

One that is too short makes core skip a track when somebody seeks near its end;
one that is too long does no harm.
"""

from __future__ import annotations

import struct

from mopidy_vozduxan.audio.formats import named, signed
from mopidy_vozduxan.audio.timelines import read_timeline

_MARGIN_PERCENT = 25


def believed_length_ms(
    path: str, beginning: bytes, size: int, scanned_ms: int | None
) -> int | None:
    """Return the length of a file in ms, or one that is known to be too long.

    ``beginning`` are its first bytes, ``scanned_ms`` is what GStreamer says.
    None where nothing is known.
    """
    timeline = read_timeline(path, beginning, size)
    if timeline:
        return timeline.length_ms
    if scanned_ms and named(path).length_is_guess:
        return scanned_ms + scanned_ms * _MARGIN_PERCENT // 100
    return scanned_ms or None


def sample_count(head: bytes) -> int | None:
    """Return how many samples are in the file with these first bytes.

    None where its demuxer tells it right. Raises nothing, whatever they are.
    """
    count = signed(head).sample_count
    try:
        return count(head) if count else None
    except (struct.error, IndexError):
        return None
