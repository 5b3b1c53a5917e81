"""Monkey's Audio: the head has the length, and a table says where frames are."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from mopidy_vozduxan.planning.position import Point, Timeline

SIGN = b"MAC "
_OLDEST = 3980  # in files of before 2003 the head looks otherwise
# Sign, version, and the lengths of this, of the head proper, of the table, of the
# WAV file's head, of the audio; the WAV file's tail and a checksum follow.
_DESCRIPTOR = struct.Struct("<4sH2xIIIIQ")
_DESCRIPTOR_BYTES = 52
# Compression, flags, samples per frame and in the last one, frames, bits,
# channels, rate.
_HEAD = struct.Struct("<HHIIIHHI")
HEAD_BYTES = _DESCRIPTOR_BYTES + _HEAD.size
_MOST_FRAMES = 1_000_000


@dataclass(frozen=True, slots=True)
class Head:
    """What a file says of itself.

    ``samples`` are those of every frame but the last, which has ``last_samples``.
    The table, the first frame and the end of the last are at the offsets
    ``table``, ``first`` and ``stop`` behind the sign.
    """

    version: int
    level: int
    flags: int
    samples: int
    last_samples: int
    frames: int
    bits: int
    channels: int
    rate: int
    table: int
    first: int
    stop: int

    @property
    def all_samples(self) -> int:
        """How many samples the file has."""
        return (self.frames - 1) * self.samples + self.last_samples


def read_head(data: bytes) -> Head | None:
    """Return the head that ``data`` begins with; None where that is none.

    Raises :class:`struct.error` where ``data`` ends before it.
    """
    sizes = _DESCRIPTOR.unpack_from(data)
    _, version, own, proper, table, wave, audio = sizes
    if version < _OLDEST or own != _DESCRIPTOR_BYTES or proper < _HEAD.size:
        return None
    numbers = _HEAD.unpack_from(data, own)
    _, _, samples, last_samples, frames, _, _, rate = numbers
    if not 0 < frames <= min(_MOST_FRAMES, table // 4):
        return None
    if not samples or not last_samples or not rate:
        return None
    first = own + proper + table + wave
    places = own + proper, first, first + audio
    return Head(*(version, *numbers, *places))


def offsets(table: bytes, start: int) -> Iterator[int]:
    """Yield the offsets in a table; beyond 4 GiB they begin at 0 again."""
    before = beyond = 0
    for (offset,) in struct.iter_unpack("<I", table[: len(table) // 4 * 4]):
        if offset < before:
            beyond += 1 << 32
        before = offset
        yield start + beyond + offset


def read(head: bytes, start: int, size: int) -> Timeline | None:
    """Return the timeline of a file whose ``MAC`` is at ``start``."""
    found = read_head(head[start:])
    if found is None:
        return None
    at = start + found.table
    table = head[at : at + found.frames * 4]
    points: list[Point] = [
        (index * found.samples * 1000 // found.rate, offset)
        for index, offset in enumerate(offsets(table, start))
    ]
    length_ms = found.all_samples * 1000 // found.rate
    points.append((length_ms, min(start + found.stop, size)))
    return Timeline(size, length_ms, start + found.first, tuple(points))
