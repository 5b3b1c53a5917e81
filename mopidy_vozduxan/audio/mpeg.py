"""MPEG audio, layers II and III: with a Xing or VBRI header, or constant. Pure.

The encoder's delay and padding (LAME), about 50 ms, are part of the length.

Frames cannot be divided, so we cut between two of them. The parts of a file are spans
of its own bytes: together they are the whole file, and no byte occurs twice. A part
starts at the right frame (26 ms) if the bit rate is constant; otherwise it may be off
by a hundredth of the file. Its first frames may depend on the frames before them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, islice

from mopidy_vozduxan.audio.answering import Asking
from mopidy_vozduxan.audio.container import MP3_KBPS, Container, Format
from mopidy_vozduxan.audio.divisible import SpannedFile
from mopidy_vozduxan.audio.id3 import tag_size
from mopidy_vozduxan.planning.position import Timeline
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.torrent.tags import CUE_FRAMES_PER_S

_FORMAT = Format("audio/mpeg", MP3_KBPS)

# By whether it is version 1, and by the layer's code: 1 is III, 2 is II.
_KBPS = {
    (True, 1): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (False, 1): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_KBPS[False, 2] = _KBPS[False, 1]
_RATES = (44_100, 48_000, 32_000)
_HALVINGS = {3: 0, 2: 1, 0: 2}  # of the rate: MPEG 1, 2, 2.5

_STRAY = 4096  # bytes tolerated between the tag and the first frame
_FEWEST_FRAMES = 4  # in a row; two may be chance
_MOST_FRAMES = 1024  # to compare: 27 s

#: How much to read at the start of a file and of a part: dozens of frames.
_HEAD_BYTES = 64 * 1024
_LOOK_BYTES = 8 * 1024


@dataclass(frozen=True, slots=True)
class _Frame:
    """A frame header. All frames of a file have the same ``kind``."""

    kind: int
    kbps: int
    rate: int
    samples: int
    length: int
    side_info: int  # bytes between the frame's header and a Xing header


def read(head: bytes, start: int, size: int) -> Timeline | None:
    """Return the timeline of a file whose frames start at about ``start``.

    None if the bit rate varies and no header describes it.
    """
    at = head.find(b"\xff", start, start + _STRAY)
    while at >= 0:
        frames = list(_frames(head, at))
        if len(frames) >= _FEWEST_FRAMES:
            return _counted(head, at, frames[0], size) or _constant(at, frames, size)
        at = head.find(b"\xff", at + 1, start + _STRAY)
    return None


def _next_frame(data: bytes) -> int | None:
    """Return where the first frame of sound starts in ``data``.

    A frame that only holds a Xing or a VBRI header does not count.
    """
    at = data.find(b"\xff")
    while at >= 0:
        frames = list(islice(_frames(data, at), _FEWEST_FRAMES))
        if len(frames) == _FEWEST_FRAMES:
            signatures = (
                data[at + 4 + frames[0].side_info :][:4],
                data[at + 36 : at + 40],
            )
            is_header = {b"Xing", b"Info", b"VBRI"}.intersection(signatures)
            return at + frames[0].length if is_header else at
        at = data.find(b"\xff", at + 1)
    return None


def _frames(head: bytes, at: int) -> Iterator[_Frame]:
    first = frame = _frame(head, at)
    for _ in range(_MOST_FRAMES):
        if frame is None or first is None or frame.kind != first.kind:
            return
        yield frame
        at += frame.length
        frame = _frame(head, at)


def _frame(head: bytes, at: int) -> _Frame | None:
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
    return _Frame(word & 0xFFFE0C00, kbps, hertz, samples, length, side_info)


def _constant(at: int, frames: list[_Frame], size: int) -> Timeline | None:
    kbps = frames[-1].kbps
    if any(frame.kbps != kbps for frame in frames[1:]):  # the first may be a header
        return None
    return Timeline(size, (size - at) * 8 // kbps, at)


def _counted(head: bytes, at: int, frame: _Frame, size: int) -> Timeline | None:
    """Return the timeline by a Xing or a VBRI header, if the first frame is one."""
    xing, vbri, rest = at + 4 + frame.side_info, at + 4 + 32, size - at
    if head[xing : xing + 4] in (b"Xing", b"Info"):
        count, length, ways = _xing(head, xing, rest)
    elif head[vbri : vbri + 4] == b"VBRI":
        count, length, ways = _vbri(head, vbri)
    else:
        return None
    if not count or length < rest // 2:  # of the first of several files joined into one
        return None
    numbers = (*ways, (count, length))
    points = ((n * frame.samples * 1000 // frame.rate, at + way) for n, way in numbers)
    return Timeline(size, count * frame.samples * 1000 // frame.rate, at, tuple(points))


#: The number of frames, of bytes, and pairs of frames and bytes that have passed.
_Counts = tuple[int, int, Iterator[tuple[int, int]]]


def _xing(head: bytes, at: int, rest: int) -> _Counts:
    signature, flags = struct.unpack_from(">4sI", head, at)
    at += 8
    numbers = [0, rest]
    for index in (0, 1):
        if flags & 1 << index:
            (numbers[index],) = struct.unpack_from(">I", head, at)
            at += 4
    count, length = numbers
    # "Info" means a constant bit rate: the table of 256ths is worse than a proportion.
    table = head[at : at + 100] if flags & 4 and signature == b"Xing" else b""
    ways = ((count * i // 100, length * way // 256) for i, way in enumerate(table))
    return count, length, ways


def _vbri(head: bytes, at: int) -> _Counts:
    layout = ">10xIIHHHH"
    length, count, entries, scale, width, step = struct.unpack_from(layout, head, at)
    table = head[at + 26 : at + 26 + entries * width]
    lengths = (
        int.from_bytes(table[i : i + width], "big") * scale
        for i in range(0, len(table), width or 1)
    )
    gone = accumulate(lengths)
    return count, length, ((step * i, way) for i, way in enumerate(gone, 1))


@dataclass(frozen=True, slots=True)
class MpegFile(SpannedFile):
    """An MP3 file of ``size`` bytes; its ``timeline`` counts from the tag's end."""

    timeline: Timeline
    tag_size: int
    size: int

    content_type = _FORMAT.content_type

    def span(self, start: int, stop: int | None) -> Asking[Span]:
        """Find the bytes of a part; both ends are between frames."""
        first = yield from self._offset(start)
        if stop is None:
            return Span(first, self.size)
        last = yield from self._offset(stop)
        return Span(first, max(first, last))

    def _offset(self, cue_frames: int) -> Asking[int]:
        position_ms = cue_frames * 1000 // CUE_FRAMES_PER_S
        guess = self.tag_size + self.timeline.offset_at(position_ms)
        data = yield Span(guess, min(guess + _LOOK_BYTES, self.size))
        return guess + (_next_frame(data) or 0)


def read_mpeg(start: int, size: int) -> Asking[MpegFile]:
    """Read the first frames of the MP3 file whose tag ends at ``start``."""
    head = yield Span(start, min(start + _HEAD_BYTES, size))
    sound = size - start
    timeline = LAYER_III.timeline_of(head, tag_size(head), sound)
    return MpegFile(timeline or Timeline(sound, _FORMAT.length_ms(sound)), start, size)


LAYER_III = Container(
    formats={"mp3": _FORMAT},
    timeline=read,
    cut=read_mpeg,
    tags_at_end=True,
    counts_frames=True,
    length_is_guess=True,
)
#: Is never cut: there are no sheets for it.
LAYER_II = replace(LAYER_III, formats={"mp2": _FORMAT}, cut=None)
