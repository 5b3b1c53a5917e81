"""Monkey's Audio: a head with a table of frames, and the frames. Pure.

GStreamer's demuxer for it only works on local files; its decoder works on what
that demuxer would give it, and that is little more than the frames themselves.
"""

from __future__ import annotations

import itertools
import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from mopidy_vozduxan.audio.ape import HEAD_BYTES, SIGN, offsets, read_head
from mopidy_vozduxan.cue.sound import CutFailed, Packet, Place, Reading, Sound
from mopidy_vozduxan.planning.spans import Span

__all__ = ["SIGN", "ApeFile", "read_ape"]


#: A million samples of 24 bits, twice over; a hostile table must not fill memory.
_LARGEST_FRAME = 16 * 1024 * 1024


class ApeFile:
    """A Monkey's Audio file; ``offsets`` are those of its frames, and the end."""

    elements = "avdec_ape max-errors=0"

    def __init__(
        self, sound: Sound, caps: str, offsets: Sequence[int], lengths: tuple[int, int]
    ) -> None:
        self.sound = sound
        self.caps = caps
        self._offsets = offsets
        self._samples, self._last_samples = lengths

    def locate(self, sample: int) -> Reading[Place]:
        """Return the frame that holds ``sample``; nothing has to be read for it."""
        frame = min(sample // self._samples, len(self._offsets) - 2)
        return Place(frame * self._samples, self._offsets[frame])
        yield  # a Reading all the same

    def packets(self, place: Place) -> Iterator[Packet]:
        """Yield the frames from ``place`` on, as the decoder wants them.

        It reads words of 32 bits, counted from the first frame: so a packet
        begins with the word its frame begins in, and says how much to skip.
        """
        frame = bisect_right(self._offsets, place.offset) - 1
        for start, stop in itertools.pairwise(self._offsets[frame:]):
            skipped = (start - self._offsets[0]) & 3
            length = (stop - start + skipped + 3) & ~3
            last = stop == self._offsets[-1]
            samples = self._last_samples if last else self._samples
            begin = start - skipped
            prefix = struct.pack("<II", samples, skipped)
            yield Packet(prefix, Span(begin, begin + length))


def read_ape(start: int, size: int) -> Reading[ApeFile]:
    """Read the head of the Monkey's Audio file that begins at ``start``."""
    data = yield Span(start, start + HEAD_BYTES)
    head = read_head(data) if len(data) == HEAD_BYTES else None
    if head is None:
        raise CutFailed("Monkey's Audio files this old, or broken, cannot be cut.")
    at = start + head.table
    table = yield Span(at, at + head.frames * 4)
    places = [*offsets(table, start), min(start + head.stop, size)]
    whole = len(places) == head.frames + 1 and places[0] == start + head.first
    if not whole or not _are_sane(places):
        raise CutFailed("The Monkey's Audio file has a broken table of its frames.")
    sound = Sound(head.rate, head.channels, head.bits, head.all_samples)
    codec = struct.pack("<HHH", head.version, head.level, head.flags).hex()
    caps = (
        f"audio/x-ffmpeg-parsed-ape,rate={head.rate},channels={head.channels},"
        f"depth={head.bits},codec_data=(buffer){codec}"
    )
    return ApeFile(sound, caps, places, (head.samples, head.last_samples))


def _are_sane(offsets: Sequence[int]) -> bool:
    return all(0 < b - a <= _LARGEST_FRAME for a, b in itertools.pairwise(offsets))
