"""DSF: the header has the number of samples. Pure."""

from __future__ import annotations

import struct

from mopidy_vozduxan.audio.container import DSD_KBPS, Container, Format

#: The decoder makes one sample out of eight bits.
_BITS = 8
_COUNT_AT = 64


def sample_count(head: bytes) -> int:
    """Return the number of samples that the decoder gives.

    gst-libav (1.22 and 1.26) rounds it up to a block of 12 ms.
    """
    (bits,) = struct.unpack_from("<Q", head, _COUNT_AT)
    return -(-int(bits) // _BITS)


CONTAINER = Container(
    formats={"dsf": Format("audio/x-dsf", DSD_KBPS)},
    signatures=((0, b"DSD "),),
    sample_count=sample_count,
)
