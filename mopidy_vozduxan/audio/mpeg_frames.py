"""Frames of MPEG audio, layers II and III: their headers. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# By whether it is version 1, and by the layer's code: 1 is III, 2 is II.
_KBPS = {
    (True, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (False, 1): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_KBPS[False, 2] = _KBPS[False, 1]
_RATES = (44_100, 48_000, 32_000)
_HALVINGS = {3: 0, 2: 1, 0: 2}  # of the rate: MPEG 1, 2, 2.5

#: Frames in a row; two may be chance.
FEWEST_FRAMES = 4
_MOST_FRAMES = 1024  # to compare: 27 s


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame header. All frames of a file have the same ``kind``."""

    kind: int
    layer: int
    kbps: int
    rate: int
    samples: int
    length: int
    side_info: int  # bytes between the frame's header and a Xing header


def frames_at(head: bytes, at: int) -> Iterator[Frame]:
    """Yield the frames of one kind that follow each other from ``at`` on."""
    first = frame = frame_at(head, at)
    for _ in range(_MOST_FRAMES):
        if frame is None or first is None or frame.kind != first.kind:
            return
        yield frame
        at += frame.length
        frame = frame_at(head, at)


def frame_at(head: bytes, at: int) -> Frame | None:
    """Return the frame whose header is at ``at``; None if that is not one."""
    word = int.from_bytes(head[at : at + 4], "big")  # zeros beyond the end of the head
    version, layer = word >> 19 & 3, word >> 17 & 3
    bits, rate = word >> 12 & 15, word >> 10 & 3
    table = _KBPS.get((version == 3, layer))
    if word >> 21 != 0x7FF or version == 1 or not table or bits in (0, 15) or rate == 3:
        return None
    kbps, hertz = table[bits - 1], _RATES[rate] >> _HALVINGS[version]
    samples = 1152 if version == 3 or layer == 2 else 576
    length = samples * kbps * 125 // hertz + (word >> 9 & 1)
    one_channel = word >> 6 & 3 == 3
    side_info = (
        (17 if one_channel else 32) if version == 3 else 9 if one_channel else 17
    )
    return Frame(word & 0xFFFE0C00, 4 - layer, kbps, hertz, samples, length, side_info)
