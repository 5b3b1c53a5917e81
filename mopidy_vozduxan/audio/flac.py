"""FLAC (RFC 9639): STREAMINFO has the length, SEEKTABLE the points."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from mopidy_vozduxan.planning.position import Point, Timeline

_STREAMINFO, _SEEKTABLE = 0, 3
_MOST_BLOCKS = 256  # usually 3 to 6; one per picture
_MOST_ENTRIES = 10_000  # usually one per 10 s
_ENTRY = struct.Struct(">QQH")  # first sample, offset from the first frame, samples


def read(head: bytes, start: int, size: int) -> Timeline | None:
    """Return the timeline of a file whose ``fLaC`` is at ``start``.

    Where a picture reaches beyond the head, the audio is taken to start right
    behind it: too early by the blocks that follow, usually 8 KiB of padding.
    """
    (packed,) = struct.unpack_from(">Q", head, start + 4 + 4 + 10)
    rate, samples = packed >> 44, packed & (1 << 36) - 1
    if head[start + 4] & 0x7F != _STREAMINFO or not rate:
        return None
    audio_start, table = start + 4, b""
    for kind, body, length in _blocks(head, audio_start):
        audio_start = body + length
        if kind == _SEEKTABLE:
            table = head[body:audio_start]
    points = tuple(_points(table, rate, audio_start))
    return Timeline(size, samples * 1000 // rate, audio_start, points)


def _blocks(head: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Yield kind, offset of the body and its length of every metadata block."""
    for _ in range(_MOST_BLOCKS):
        if at + 4 > len(head):
            return
        kind, length = head[at], int.from_bytes(head[at + 1 : at + 4], "big")
        yield kind & 0x7F, at + 4, length
        if kind & 0x80:  # the last one
            return
        at += 4 + length


def _points(table: bytes, rate: int, audio_start: int) -> Iterator[Point]:
    # Placeholders have sample 2**64-1, far beyond the length: Timeline drops them.
    count = min(len(table) // _ENTRY.size, _MOST_ENTRIES)
    for sample, offset, _ in _ENTRY.iter_unpack(table[: count * _ENTRY.size]):
        yield sample * 1000 // rate, audio_start + offset
