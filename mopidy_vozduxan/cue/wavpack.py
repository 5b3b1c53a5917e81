"""WavPack as a file of frames: its blocks. Pure; one or two channels of integers."""

from __future__ import annotations

from collections.abc import Iterator

from mopidy_vozduxan.audio.wavpack import HEADER_BYTES, SIGN, read_block
from mopidy_vozduxan.cue.framed import Frame, FramedFile
from mopidy_vozduxan.cue.sound import CutFailed, Reading, Sound
from mopidy_vozduxan.planning.spans import Span

__all__ = ["SIGN", "WavPackFile", "read_wavpack"]

_LARGEST_WINDOW = 1024 * 1024
_MONO, _FLOAT, _INITIAL, _FINAL, _DSD = 1 << 2, 1 << 7, 1 << 11, 1 << 12, 1 << 31


class WavPackFile(FramedFile):
    """A WavPack file, version 4 or 5."""

    elements = "wavpackparse ! wavpackdec max-errors=0"

    def frames(self, data: bytes) -> Iterator[Frame]:
        """Yield what looks like a block's header in ``data``."""
        at = data.find(SIGN)
        while 0 <= at <= len(data) - HEADER_BYTES:
            block = read_block(data, at)
            if block and block.samples and block.flags & _INITIAL:
                yield Frame(at, block.first, block.samples)
            at = data.find(SIGN, at + 1)


def read_wavpack(start: int, size: int) -> Reading[WavPackFile]:
    """Read the first block of the WavPack file that begins at ``start``."""
    data = yield Span(start, start + HEADER_BYTES)
    block = read_block(data, 0) if len(data) == HEADER_BYTES else None
    flags = block.flags if block else 0
    alone = flags & (_INITIAL | _FINAL) == _INITIAL | _FINAL
    if block is None or not alone or flags & (_FLOAT | _DSD):
        raise CutFailed("WavPack files of this kind cannot be cut.")
    channels = 1 if flags & _MONO else 2
    width = (flags & 3) + 1
    bits = width * 8 - (flags >> 13 & 31)
    sound = Sound(block.rate or 0, channels, bits, block.all_samples or 0)
    # No block is larger than its samples as they are, by more than a little.
    largest = block.samples * channels * width + 4096
    window = min(max(64 * 1024, 3 * largest), _LARGEST_WINDOW)
    return WavPackFile(sound, start, size, window)
