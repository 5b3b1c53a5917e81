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
from mopidy_vozduxan.audio.end_tags import find_end_tags
from mopidy_vozduxan.audio.id3 import tag_size
from mopidy_vozduxan.audio.mpeg_frames import FEWEST_FRAMES, Frame, frames_at
from mopidy_vozduxan.audio.mpeg_header import made_header
from mopidy_vozduxan.audio.mpeg_table import read_table
from mopidy_vozduxan.planning.position import Timeline
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.torrent.tags import CUE_FRAMES_PER_S

_FORMAT = Format("audio/mpeg", MP3_KBPS)

_STRAY = 4096  # bytes tolerated between the tag and the first frame

#: How much to read at the start of a file and of a part: dozens of frames.
_HEAD_BYTES = 64 * 1024
_LOOK_BYTES = 8 * 1024


def read(head: bytes, start: int, size: int) -> Timeline | None:
    """Return the timeline of a file whose frames start at about ``start``.

    None if the bit rate varies and no header describes it.
    """
    at, frames = _first_frames(head, start)
    if not frames:
        return None
    return _counted(head, at, frames[0], size) or _constant(at, frames, size)


def _first_frames(head: bytes, start: int) -> tuple[int, list[Frame]]:
    """Return the place of the first frame, and the frames from there on."""
    at = head.find(b"\xff", start, start + _STRAY)
    while at >= 0:
        frames = list(frames_at(head, at))
        if len(frames) >= FEWEST_FRAMES:
            return at, frames
        at = head.find(b"\xff", at + 1, start + _STRAY)
    return 0, []


def _next_frame(data: bytes) -> int | None:
    """Return where the first frame of sound starts in ``data``.

    A frame that only holds a Xing or a VBRI header does not count.
    """
    at = data.find(b"\xff")
    while at >= 0:
        frames = list(islice(frames_at(data, at), FEWEST_FRAMES))
        if len(frames) == FEWEST_FRAMES:
            signatures = (
                data[at + 4 + frames[0].side_info :][:4],
                data[at + 36 : at + 40],
            )
            is_header = {b"Xing", b"Info", b"VBRI"}.intersection(signatures)
            return at + frames[0].length if is_header else at
        at = data.find(b"\xff", at + 1)
    return None


def _constant(at: int, frames: list[Frame], size: int) -> Timeline | None:
    kbps = frames[-1].kbps
    if any(frame.kbps != kbps for frame in frames[1:]):  # the first may be a header
        return None
    return Timeline(size, (size - at) * 8 // kbps, at)


def _counted(head: bytes, at: int, frame: Frame, size: int) -> Timeline | None:
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


def measured(start: int, size: int) -> Asking[int | None]:
    """Return the length in ms of the file whose tag ends at ``start``.

    Tags at the end do not count. If the bit rate varies and no header says the length,
    the frames are counted.
    """
    found = yield from _timeline(start, size)
    return found.length_ms if found else None


def _timeline(start: int, size: int) -> Asking[Timeline | None]:
    head = yield Span(start, min(start + _HEAD_BYTES, size))
    found = read(head, 0, size - start)
    if found and found.points:  # a header
        return found
    stop = (yield from find_end_tags(start, size)).start
    at, frames = _first_frames(head, 0)
    if not frames:
        return None
    if found:
        last = yield Span(max(start, stop - _LOOK_BYTES), stop)
        if _goes_on(last, frames[-1]):
            return _constant(at, frames, stop - start)
    return (yield from read_table(start + at, stop, size))


def _goes_on(data: bytes, frame: Frame) -> bool:
    """Whether the frames in ``data`` have the bit rate of ``frame``."""
    at = _next_frame(data)
    if at is None:
        return True
    return all(each.kbps == frame.kbps for each in frames_at(data, at))


def with_header(
    head: bytes, start: int, size: int
) -> Asking[tuple[bytes, Span] | None]:
    """Return a header that says where the sound is, and the span of the sound.

    None if the file needs none: it has one, or its bit rate is constant.
    """
    at, frames = _first_frames(head, 0)
    if not frames or read(head, 0, size - start):
        return None
    stop = (yield from find_end_tags(start, size)).start
    table = yield from read_table(start + at, stop, size)
    if table is None:
        return None
    header = made_header(head[at : at + 4], table)
    return (header, Span(start + at, stop)) if header else None


LAYER_III = Container(
    formats={"mp3": _FORMAT},
    timeline=read,
    cut=read_mpeg,
    tags_at_end=True,
    measure=measured,
    length_is_guess=True,
    improve=with_header,
)
#: Is never cut: there are no sheets for it.
LAYER_II = replace(LAYER_III, formats={"mp2": _FORMAT}, cut=None)
