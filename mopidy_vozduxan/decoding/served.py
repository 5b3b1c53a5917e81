"""What the player gets for a file: its bytes, or something that it can play instead.

Runs on our event loop. The file's own first bytes decide, before the player sees any:
a demuxer that hangs takes all of Mopidy with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Callable
from dataclasses import dataclass

from mopidy_vozduxan.audio import dts
from mopidy_vozduxan.audio.answering import Asking, Read, answered
from mopidy_vozduxan.audio.divisible import Divisible
from mopidy_vozduxan.audio.formats import (
    CONTAINERS,
    UNKNOWN,
    by_signature,
    container_of,
)
from mopidy_vozduxan.audio.id3 import tag_size
from mopidy_vozduxan.audio.sound import CutFailed, Sound
from mopidy_vozduxan.cue.cutter import Cut, StretchCut, make_cut, read_divisible
from mopidy_vozduxan.cue.source import Source
from mopidy_vozduxan.decoding.demuxed import Demuxable, DemuxedCut, describe
from mopidy_vozduxan.decoding.headed import Headed, HeadedCut
from mopidy_vozduxan.decoding.registry import Plays, plays
from mopidy_vozduxan.jobs.jobs import Jobs
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.streaming.stream_info import StreamInfo

#: The first 16 KiB identify nearly every file; GStreamer gives up after 128.
_LOOKS = (16 * 1024, 128 * 1024)


#: What a header needs is here already if the file was scanned. A listener should not
#: wait longer for it.
_IMPROVING_S = 1.5

#: File names do not say what a file is.
_NO_NAME = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """The beginning of a file: a tag of ``start`` bytes, then ``head``."""

    start: int
    head: bytes
    plays: Plays | None

    @property
    def hangs(self) -> bool:
        """Whether the player would hang on the file's bytes."""
        return bool(self.plays and self.plays.hangs)

    @property
    def hides(self) -> bool:
        """Whether the tag keeps the player from playing the file.

        The jumps of a demuxer behind a tag are off by the tag's length: an Ogg file
        then gives neither sound nor error (GStreamer 1.22 and 1.26).
        """
        return bool(self.start and self.plays and self.plays.demuxes)


async def look(read: Read, size: int) -> Looked:
    """Look at a file's first bytes. Waits for the swarm, and raises its errors."""
    head = await read(Span(0, _LOOKS[0]).clipped(size))
    start = min(tag_size(head), size)
    found = None
    for most in _LOOKS:
        wanted = Span(start, start + most).clipped(size)
        if start or len(head) < len(wanted):
            head = await read(wanted)
        found = await asyncio.to_thread(plays, head)
        if found or len(wanted) < most:
            break
    return Looked(start, head, found)


async def demuxable(looked: Looked, read: Read, size: int) -> Demuxable:
    """Return what a demuxer that hangs should read. Raises :class:`CutFailed`."""
    assert looked.plays
    element, seen_as = looked.plays.element, by_signature(looked.head).view
    if seen_as:
        view = await answered(seen_as(looked.start, size), read)
    elif looked.hides and not looked.hangs:
        view = _Behind(looked, element, size)
    else:
        return Demuxable(element, size, looked.head)
    return Demuxable(view.demuxer, view.size, view.head, view)


@dataclass(frozen=True, slots=True)
class Untagged:
    """A file that is served without its tag of ``start`` bytes."""

    start: int


@dataclass(frozen=True, slots=True)
class Demuxed:
    """A file that is demuxed in a process of its own."""

    file: Demuxable
    sound: Sound


class _Behind:
    """A file without its tag of ``start`` bytes, for demuxers that know no tags."""

    def __init__(self, looked: Looked, demuxer: str, size: int) -> None:
        self.demuxer = demuxer
        self.size = size - looked.start
        self.head = looked.head
        self._start = looked.start

    def read(self, span: Span) -> Asking[bytes]:
        """Read bytes behind the tag."""
        return (yield Span(self._start + span.start, self._start + span.stop))


@dataclass(frozen=True, slots=True)
class Disguised:
    """A file whose samples are frames of DTS: the player gets these alone."""

    file: Divisible


#: How a file is served; None for its bytes as they are.
Kind = Untagged | Demuxed | Headed | Disguised | Divisible | None


async def kind_of(size: int, source: Source, jobs: Jobs) -> Kind:
    """Return how to serve a file. Raises :class:`CutFailed`."""
    looked = await look(source.read, size)
    if not looked.hangs:
        if hidden := await _disguised(looked, source, size):
            return hidden
        if looked.hides:
            return Untagged(looked.start)
        return await _improved(looked, source, size)
    with contextlib.suppress(CutFailed):  # formats that we read ourselves
        return await source.answer(read_divisible(_NO_NAME, size))
    file = await demuxable(looked, source.read, size)
    found = await describe(jobs, file, source.read)
    return Demuxed(file, found.sound)


async def _disguised(looked: Looked, source: Source, size: int) -> Disguised | None:
    """Return the file if it is DTS that seems to be something else."""
    container = by_signature(looked.head)
    try:
        may = container.may_hide and container.may_hide(looked.head, 0, size)
    except struct.error:
        return None
    if not may or not container.cut:
        return None
    with contextlib.suppress(CutFailed):
        file = await source.answer(container.cut(looked.start, size))
        cut = await make_cut(file, lambda: source, 0, None, dts.CONTENT_TYPE)
        if dts.is_dts(await _beginning(cut)):
            return Disguised(file)
    return None


async def _beginning(cut: Cut) -> bytes:
    reader, pcm = cut.open(0, min(cut.size, dts.LOOK_BYTES)), b""
    try:
        while (data := await reader.next()) is not None:
            pcm += data
    finally:
        reader.close()
    return pcm


#: How a file is cut.
Cuttable = Divisible | Demuxed | Disguised


async def cuttable(name: str, size: int, source: Source, jobs: Jobs) -> Cuttable:
    """Return how to cut a file of that ``name``. Raises :class:`CutFailed`."""
    looked = await look(source.read, size)
    if hidden := await _disguised(looked, source, size):
        return hidden
    try:
        return await source.answer(read_divisible(name, size))
    except CutFailed:
        cuts = container_of(name, looked.head).demuxer_cuts
        if not cuts or looked.plays is None or not looked.plays.demuxes:
            raise
    file = await demuxable(looked, source.read, size)
    found = await describe(jobs, file, source.read)
    return Demuxed(file, found.sound)


async def part_of(
    file: Cuttable,
    open_source: Callable[[], Source],
    jobs: Jobs,
    start: int,
    stop: int | None,
) -> Cut:
    """Return the part from ``start`` to ``stop``, in CUE frames; None is the end."""
    if isinstance(file, Demuxed):
        return DemuxedCut(jobs, open_source, file.file, file.sound, start, stop)
    if isinstance(file, Disguised):
        hidden, kind = file.file, dts.CONTENT_TYPE
        return await make_cut(hidden, open_source, start, stop, kind)
    return await make_cut(file, open_source, start, stop)


async def _improved(looked: Looked, source: Source, size: int) -> Headed | None:
    """Return the file with the header that it lacks, if that can be made soon."""
    if by_signature(looked.head) is not UNKNOWN:
        return None
    for container in CONTAINERS:
        if container.improve:
            reading = container.improve(looked.head, looked.start, size)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_IMPROVING_S):
                    if found := await source.answer(reading):
                        return Headed(Span(0, looked.start), *found)
    return None


async def served(
    kind: Kind, info: StreamInfo, open_source: Callable[[], Source], jobs: Jobs
) -> Cut | None:
    """Return what the player gets; None means the file's bytes as they are."""
    match kind:
        case None:
            return None
        case Untagged(start=start):
            span = Span(start, info.size)
            return StretchCut(open_source, b"", span, info.content_type)
        case Headed():
            return HeadedCut(open_source, kind, info.content_type)
        case Demuxed() | Disguised():
            return await part_of(kind, open_source, jobs, 0, None)
    return await make_cut(kind, open_source, 0, None)
