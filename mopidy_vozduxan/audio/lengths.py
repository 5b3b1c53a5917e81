"""Which length of a file to believe. Pure.

If it is too short, core skips a track when somebody seeks near its end. If it is too
long, nothing happens.
"""

from __future__ import annotations

import struct

from mopidy_vozduxan.audio.formats import by_name, by_signature
from mopidy_vozduxan.audio.timelines import read_timeline

_MARGIN_PERCENT = 25


def believed_length_ms(
    path: str, beginning: bytes, size: int, scanned_ms: int | None
) -> int | None:
    """Return the length of a file in ms, or a length that is certainly too long.

    ``beginning`` are its first bytes, ``scanned_ms`` is what GStreamer says. None if
    nothing is known.
    """
    timeline = read_timeline(path, beginning, size)
    if timeline:
        return timeline.length_ms
    if scanned_ms and by_name(path).length_is_guess:
        return scanned_ms + scanned_ms * _MARGIN_PERCENT // 100
    return scanned_ms or None


def sample_count(head: bytes) -> int | None:
    """Return the number of samples in the file with these first bytes.

    None if the demuxer gets it right. Never raises.
    """
    count = by_signature(head).sample_count
    try:
        return count(head) if count else None
    except (struct.error, IndexError):
        return None
