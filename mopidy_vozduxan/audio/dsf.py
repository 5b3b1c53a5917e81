"""DSF: the head has the number of samples. Pure."""

from __future__ import annotations

import struct

from mopidy_vozduxan.audio.container import DSD_KBPS, Container, Format

#: The decoder gives a number for eight bits.
_BITS = 8
_COUNT_AT = 64


def sample_count(head: bytes) -> int:
    """Return how many samples the decoder gives.

    gst-libav 1.22 and 1.26 round them up to a block of 12 ms.
    """
    (bits,) = struct.unpack_from("<Q", head, _COUNT_AT)
    return -(-int(bits) // _BITS)


CONTAINER = Container(
    formats={"dsf": Format("audio/x-dsf", DSD_KBPS)},
    signs=((0, b"DSD "),),
    sample_count=sample_count,
)
