"""Musepack: the first packet has the number of samples (SV8). Pure."""

from __future__ import annotations

from mopidy_vozduxan.audio.container import MUSEPACK_KBPS, Container, Format

_FRAME = 1152
#: Samples that the decoder gives before the first one.
_DELAY = 481
_LONGEST_NUMBER = 9


def sample_count(head: bytes) -> int | None:
    """Return the number of samples that the decoder gives.

    gst-libav (1.22 and 1.26) rounds it down to a packet of up to 1.7 s. The first
    packet is the stream header, "SH".
    """
    if head[4:6] != b"SH":
        return None
    _, at = _number(head, 6)
    samples, _ = _number(head, at + 5)  # after a checksum and a version
    frames = -(-(samples + _DELAY) // _FRAME)
    return frames * _FRAME if samples else None


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return a number coded in seven bits per byte, and where it ends."""
    value = 0
    for end in range(at, at + _LONGEST_NUMBER):
        value = value << 7 | data[end] & 0x7F
        if data[end] < 0x80:
            return value, end + 1
    raise IndexError


CONTAINER = Container(
    formats={"mpc": Format("audio/x-musepack", MUSEPACK_KBPS)},
    signatures=((0, b"MPCK"),),
    tags_at_end=True,
    sample_count=sample_count,
)
