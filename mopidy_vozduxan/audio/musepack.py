"""Musepack: a packet at the beginning has the number of samples (SV8). Pure."""

from __future__ import annotations

from mopidy_vozduxan.audio.container import MUSEPACK_KBPS, Container, Format

_FRAME = 1152
#: What the decoder gives before the first sample.
_DELAY = 481
_LONGEST_NUMBER = 9


def sample_count(head: bytes) -> int | None:
    """Return how many samples the decoder gives.

    gst-libav 1.22 and 1.26 round them down to a packet of up to 1.7 s. The stream
    header, the packet "SH", comes first.
    """
    if head[4:6] != b"SH":
        return None
    _, at = _number(head, 6)
    samples, _ = _number(head, at + 5)  # behind a checksum and a version
    frames = -(-(samples + _DELAY) // _FRAME)
    return frames * _FRAME if samples else None


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, and where it ends."""
    value = 0
    for end in range(at, at + _LONGEST_NUMBER):
        value = value << 7 | data[end] & 0x7F
        if data[end] < 0x80:
            return value, end + 1
    raise IndexError


CONTAINER = Container(
    formats={"mpc": Format("audio/x-musepack", MUSEPACK_KBPS)},
    signs=((0, b"MPCK"),),
    tags_at_end=True,
    sample_count=sample_count,
)
