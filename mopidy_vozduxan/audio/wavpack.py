"""WavPack: each block has the file's length, and the numbers of its samples. Pure.

We only cut files with one or two channels of integers.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from mopidy_vozduxan.audio.answering import Asking
from mopidy_vozduxan.audio.container import LOSSLESS_KBPS, Container, Format
from mopidy_vozduxan.audio.framed import Frame, FramedFile
from mopidy_vozduxan.audio.sound import CutFailed, Sound
from mopidy_vozduxan.planning.position import Timeline
from mopidy_vozduxan.planning.spans import Span

_SIGNATURE = b"wvpk"
# Signature, size of what follows, version, high bits of the next two, samples in the
# file, first sample, samples, flags, checksum.
_HEADER = struct.Struct("<4sIHBBIIIII")
_LARGEST_BLOCK = 1024 * 1024
_VERSIONS = range(0x402, 0x411)
_LARGEST_WINDOW = 1024 * 1024
_MONO, _FLOAT, _INITIAL, _FINAL, _DSD = 1 << 2, 1 << 7, 1 << 11, 1 << 12, 1 << 31
_UNKNOWN = 0xFFFFFFFF
_KILOHERTZ = (6, 8, 9.6, 11.025, 12, 16, 22.05, 24, 32, 44.1, 48, 64, 88.2, 96, 192)


@dataclass(frozen=True, slots=True)
class _Block:
    """A block header. ``all_samples`` are the file's, None if that is unknown."""

    all_samples: int | None
    first: int
    samples: int
    flags: int

    @property
    def rate(self) -> int | None:
        """The sample rate, if it is one of the usual ones."""
        code = self.flags >> 23 & 15
        return round(_KILOHERTZ[code] * 1000) if code < len(_KILOHERTZ) else None


def _read_block(data: bytes, at: int) -> _Block | None:
    """Return the block header at ``at``; None if that is not one.

    Raises :class:`struct.error` if ``data`` is too short.
    """
    sizes = _HEADER.unpack_from(data, at)
    signature, size, version, high, high_all, low_all, low, samples, flags, _ = sizes
    if signature != _SIGNATURE or version not in _VERSIONS or size > _LARGEST_BLOCK:
        return None
    whole = None if low_all == _UNKNOWN else high_all << 32 | low_all
    return _Block(whole, high << 32 | low, samples, flags)


def read(head: bytes, start: int, size: int) -> Timeline | None:
    """Return the timeline of a file whose first block is at ``start``."""
    block = _read_block(head, start)
    if block is None or not block.all_samples or not block.rate:
        return None
    return Timeline(size, block.all_samples * 1000 // block.rate, start)


class WavPackFile(FramedFile):
    """A WavPack file, version 4 or 5."""

    elements = "wavpackparse ! wavpackdec max-errors=0"

    def frames(self, data: bytes) -> Iterator[Frame]:
        """Yield whatever looks like a block header in ``data``."""
        at = data.find(_SIGNATURE)
        while 0 <= at <= len(data) - _HEADER.size:
            block = _read_block(data, at)
            if block and block.samples and block.flags & _INITIAL:
                yield Frame(at, block.first, block.samples)
            at = data.find(_SIGNATURE, at + 1)


def read_wavpack(start: int, size: int) -> Asking[WavPackFile]:
    """Read the first block of the WavPack file that begins at ``start``."""
    data = yield Span(start, start + _HEADER.size)
    block = _read_block(data, 0) if len(data) == _HEADER.size else None
    flags = block.flags if block else 0
    alone = flags & (_INITIAL | _FINAL) == _INITIAL | _FINAL
    if block is None or not alone or flags & (_FLOAT | _DSD):
        raise CutFailed("WavPack files of this kind cannot be cut.")
    channels = 1 if flags & _MONO else 2
    width = (flags & 3) + 1
    bits = width * 8 - (flags >> 13 & 31)
    sound = Sound(block.rate or 0, channels, bits, block.all_samples or 0)
    # A block is hardly larger than its raw samples.
    largest = block.samples * channels * width + 4096
    window = min(max(64 * 1024, 3 * largest), _LARGEST_WINDOW)
    return WavPackFile(sound, start, size, window)


CONTAINER = Container(
    formats={"wv": Format("audio/x-wavpack", LOSSLESS_KBPS)},
    signatures=((0, _SIGNATURE),),
    timeline=read,
    cut=read_wavpack,
    tags_at_end=True,
)
