"""How many samples a file's decoder gives, where its demuxer tells it wrong. Pure.

gst-libav 1.22 and 1.26 round the length of Musepack SV8 down to a packet of up to
1.7 s, and that of DSF up to a block of 12 ms.
"""

from __future__ import annotations

import struct

_DSF, _MPC8 = b"DSD ", b"MPCK"
#: The decoder gives a number for eight bits.
_BITS = 8
_MPC_FRAME = 1152
#: What the decoder of Musepack gives before the first sample.
_MPC_DELAY = 481
_LONGEST_NUMBER = 9


def sample_count(head: bytes) -> int | None:
    """Return how many samples are in the file with these first bytes.

    None where its demuxer tells it right. Raises nothing, whatever they are.
    """
    try:
        if head.startswith(_DSF):
            return -(-int(struct.unpack_from("<Q", head, 64)[0]) // _BITS)
        if head.startswith(_MPC8):
            return _musepack(head)
    except (struct.error, IndexError):
        pass
    return None


def _musepack(head: bytes) -> int | None:
    """Read the stream header, the packet "SH", which comes first."""
    if head[4:6] != b"SH":
        return None
    _, at = _number(head, 6)
    samples, _ = _number(head, at + 5)  # behind a checksum and a version
    frames = -(-(samples + _MPC_DELAY) // _MPC_FRAME)
    return frames * _MPC_FRAME if samples else None


def _number(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, and where it ends."""
    value = 0
    for end in range(at, at + _LONGEST_NUMBER):
        value = value << 7 | data[end] & 0x7F
        if data[end] < 0x80:
            return value, end + 1
    raise IndexError
