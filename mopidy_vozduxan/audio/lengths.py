"""Which length of a file to believe. Pure.

One that is too short makes core skip a track when somebody seeks near its end;
one that is too long does no harm.
"""

from __future__ import annotations

from mopidy_vozduxan.audio.formats import extension
from mopidy_vozduxan.audio.timelines import read_timeline

#: Where the file does not say its length, GStreamer goes by the bit rate of the
#: first frames, which is off by as much as the music varies.
_GUESSED = frozenset(("mp3", "mp2", "aac"))
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
    if scanned_ms and extension(path) in _GUESSED:
        return scanned_ms + scanned_ms * _MARGIN_PERCENT // 100
    return scanned_ms or None
