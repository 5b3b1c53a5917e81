"""WavPack as a file of frames: its blocks. Pure; one or two channels of integers."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from mopidy_vozduxan.cue.framed import Frame, FramedFile
from mopidy_vozduxan.cue.sound import CutFailed, Reading, Sound
from mopidy_vozduxan.planning.spans import Span

SIGN = b"wvpk"
# Sign, size behind these two, version, high bits of the two that follow, samples
# in all, first sample, samples, flags, checksum.
_HEADER = struct.Struct("<4sIHBBIIIII")
_LARGEST_BLOCK = 1024 * 1024
_UNKNOWN = 0xFFFFFFFF

_MONO, _FLOAT, _INITIAL, _FINAL, _DSD = 1 << 2, 1 << 7, 1 << 11, 1 << 12, 1 << 31
_KILOHERTZ = (6, 8, 9.6, 11.025, 12, 16, 22.05, 24, 32, 44.1, 48, 64, 88.2, 96, 192)


class WavPackFile(FramedFile):
    """A WavPack file, version 4 or 5."""

    elements = "wavpackparse ! wavpackdec max-errors=0"

    def frames(self, data: bytes) -> Iterator[Frame]:
        """Yield what looks like a block's header in ``data``."""
        at = data.find(SIGN)
        while 0 <= at <= len(data) - _HEADER.size:
            _, size, version, high, _, _, low, samples, flags, _ = _HEADER.unpack_from(
                data, at
            )
            sane = 0x402 <= version <= 0x410 and size <= _LARGEST_BLOCK
            if sane and samples and flags & _INITIAL:
                yield Frame(at, high << 32 | low, samples)
            at = data.find(SIGN, at + 1)


def read_wavpack(start: int, size: int) -> Reading[WavPackFile]:
    """Read the first block of the WavPack file that begins at ``start``."""
    head = yield Span(start, start + _HEADER.size)
    if len(head) < _HEADER.size:
        raise CutFailed("The WavPack file ends in its head.")
    _, _, _, _, high, total, _, samples, flags, _ = _HEADER.unpack(head)
    alone = flags & (_INITIAL | _FINAL) == _INITIAL | _FINAL
    rate = flags >> 23 & 15
    if total == _UNKNOWN or not alone or flags & (_FLOAT | _DSD) or rate == 15:
        raise CutFailed("WavPack files of this kind cannot be cut.")
    channels = 1 if flags & _MONO else 2
    width = (flags & 3) + 1
    sound = Sound(
        round(_KILOHERTZ[rate] * 1000),
        channels,
        width * 8 - (flags >> 13 & 31),
        total + (high << 32),
    )
    # No block is larger than its samples as they are, by more than a little.
    largest = samples * channels * width + 4096
    window = min(max(64 * 1024, 3 * largest), _LARGEST_BLOCK)
    return WavPackFile(sound, start, size, window)
