"""Monkey's Audio: a head with a table of frames, and the frames. Pure.

GStreamer's demuxer for it only works on local files; its decoder works on what
that demuxer would give it, and that is little more than the frames themselves.
"""

from __future__ import annotations

import itertools
import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from mopidy_vozduxan.cue.sound import CutFailed, Packet, Place, Reading, Sound
from mopidy_vozduxan.planning.spans import Span

SIGN = b"MAC "
_OLDEST = 3980  # in files of before 2003 the head looks otherwise
# Sign, version, and the lengths of this, of the head proper, of the table, of the
# WAV file's head, of the audio, of the WAV file's tail.
_DESCRIPTOR = struct.Struct("<4sH2xIIIIIII")
# Compression, flags, samples per frame and in the last one, frames, bits,
# channels, rate.
_HEAD = struct.Struct("<HHIIIHHI")
_MOST_FRAMES = 1_000_000


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
    whole = _DESCRIPTOR.size + 16 + _HEAD.size  # 16: a checksum
    data = yield Span(start, start + whole)
    if len(data) < whole:
        raise CutFailed("The Monkey's Audio file ends in its head.")
    _, version, own, head, table, wave, audio, high, _ = _DESCRIPTOR.unpack_from(data)
    if version < _OLDEST or own != _DESCRIPTOR.size + 16 or head < _HEAD.size:
        raise CutFailed("Monkey's Audio files this old cannot be cut.")
    level, flags, *lengths, frames, bits, channels, rate = _HEAD.unpack_from(data, own)
    first = start + own + head + table + wave
    stop = min(first + audio + (high << 32), size)
    if not 0 < frames <= min(_MOST_FRAMES, table // 4) or not all(lengths):
        raise CutFailed("The Monkey's Audio file has no table of its frames.")
    numbers = yield Span(start + own + head, start + own + head + frames * 4)
    offsets = [*_offsets(numbers, start), stop]
    if len(offsets) != frames + 1 or offsets[0] != first or not _ascend(offsets):
        raise CutFailed("The Monkey's Audio file has a broken table of its frames.")
    sound = Sound(rate, channels, bits, (frames - 1) * lengths[0] + lengths[1])
    codec = struct.pack("<HHH", version, level, flags).hex()
    caps = (
        f"audio/x-ffmpeg-parsed-ape,rate={rate},channels={channels},depth={bits},"
        f"codec_data=(buffer){codec}"
    )
    return ApeFile(sound, caps, offsets, (lengths[0], lengths[1]))


def _offsets(table: bytes, start: int) -> Iterator[int]:
    """Yield the offsets; beyond 4 GiB they begin at 0 again."""
    before = beyond = 0
    for (offset,) in struct.iter_unpack("<I", table[: len(table) // 4 * 4]):
        if offset < before:
            beyond += 1 << 32
        before = offset
        yield start + beyond + offset


def _ascend(offsets: Sequence[int]) -> bool:
    return all(before < after for before, after in itertools.pairwise(offsets))
