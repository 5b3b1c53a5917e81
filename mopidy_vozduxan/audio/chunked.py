"""WAV (RIFF, RF64) and AIFF: chunks around samples at a constant rate."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Literal

from mopidy_vozduxan.planning.position import Timeline

_MOST_CHUNKS = 256  # usually 2 to 5


def read_wave(head: bytes, start: int, size: int) -> Timeline | None:
    """Return the timeline of a WAV file whose ``RIFF`` is at ``start``."""
    byte_rate = 0
    for kind, body, length in _chunks(head, start + 12, "<"):
        if kind == b"fmt ":
            (byte_rate,) = struct.unpack_from("<I", head, body + 8)
        elif kind == b"data" and byte_rate:
            # 0 was never filled in by who wrote it; RF64 has 2**32-1.
            stop = min(body + (length or size), size)
            return _even(size, (stop - body) * 1000 // byte_rate, body, stop)
    return None


def read_aiff(head: bytes, start: int, size: int) -> Timeline | None:
    """Return the timeline of an AIFF or AIFC file whose ``FORM`` is at ``start``."""
    length_ms, sound = 0, (0, 0)
    for kind, body, length in _chunks(head, start + 12, ">"):
        if kind == b"COMM":
            frames, exponent, mantissa = struct.unpack_from(">2xI2xHQ", head, body)
            rate = _whole(exponent, mantissa)
            length_ms = frames * 1000 // rate if rate else 0
        elif kind == b"SSND":
            (skipped,) = struct.unpack_from(">I", head, body)
            sound = body + 8 + skipped, min(body + length, size)
    return _even(size, length_ms, *sound) if length_ms and sound[1] else None


def _whole(exponent: int, mantissa: int) -> int:
    """Return an 80-bit float as an integer; 0 for what no sample rate can be."""
    shift = 16383 + 63 - exponent
    return mantissa >> shift if 32 <= shift < 64 else 0


def _even(size: int, length_ms: int, start: int, stop: int) -> Timeline:
    return Timeline(size, length_ms, start, ((length_ms, stop),))


def _chunks(
    head: bytes, at: int, order: Literal["<", ">"]
) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, offset of the body and its length of every chunk."""
    for _ in range(_MOST_CHUNKS):
        if at + 8 > len(head):
            return
        kind, length = struct.unpack_from(order + "4sI", head, at)
        yield kind, at + 8, length
        at += 8 + length + length % 2
