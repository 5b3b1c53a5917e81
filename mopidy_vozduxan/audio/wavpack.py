"""WavPack: every block says how long the file is, and which samples it has."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from mopidy_vozduxan.planning.position import Timeline

SIGN = b"wvpk"
# Sign, size behind these two, version, high bits of the two that follow, samples
# in all, first sample, samples, flags, checksum.
_HEADER = struct.Struct("<4sIHBBIIIII")
HEADER_BYTES = _HEADER.size
_LARGEST_BLOCK = 1024 * 1024
_VERSIONS = range(0x402, 0x411)
_UNKNOWN = 0xFFFFFFFF
_KILOHERTZ = (6, 8, 9.6, 11.025, 12, 16, 22.05, 24, 32, 44.1, 48, 64, 88.2, 96, 192)


@dataclass(frozen=True, slots=True)
class Block:
    """A block's header: ``first`` of the ``all_samples`` (None: unknown) it has."""

    all_samples: int | None
    first: int
    samples: int
    flags: int

    @property
    def rate(self) -> int | None:
        """Samples per second, where it is one of the usual rates."""
        code = self.flags >> 23 & 15
        return round(_KILOHERTZ[code] * 1000) if code < len(_KILOHERTZ) else None


def read_block(data: bytes, at: int) -> Block | None:
    """Return the header of a block at ``at``; None for what is none.

    Raises :class:`struct.error` where ``data`` ends before it.
    """
    sizes = _HEADER.unpack_from(data, at)
    sign, size, version, high, high_all, low_all, low, samples, flags, _ = sizes
    if sign != SIGN or version not in _VERSIONS or size > _LARGEST_BLOCK:
        return None
    whole = None if low_all == _UNKNOWN else high_all << 32 | low_all
    return Block(whole, high << 32 | low, samples, flags)


def read(head: bytes, start: int, size: int) -> Timeline | None:
    """Return the timeline of a file whose first block is at ``start``."""
    block = read_block(head, start)
    if block is None or not block.all_samples or not block.rate:
        return None
    return Timeline(size, block.all_samples * 1000 // block.rate, start)
