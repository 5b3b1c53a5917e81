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
from mopidy_vozduxan.audio.divisible import Divisible
from mopidy_vozduxan.audio.formats import (
    CONTAINERS,
    UNKNOWN,
    by_signature,
    container_of,
)
from mopidy_vozduxan.audio.sound import CutFailed, Sound
from mopidy_vozduxan.cue.cutter import Cut, StretchCut, make_cut, read_divisible
from mopidy_vozduxan.cue.source import Source
from mopidy_vozduxan.decoding.demuxed import Demuxable, DemuxedCut, describe
from mopidy_vozduxan.decoding.first_bytes import Looked, demuxable, look
from mopidy_vozduxan.decoding.headed import Headed, HeadedCut
from mopidy_vozduxan.jobs.jobs import Jobs
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.streaming.stream_info import StreamInfo

#: What a header needs is here already if the file was scanned. A listener should not
#: wait longer for it.
_IMPROVING_S = 1.5

#: File names do not say what a file is.
_NO_NAME = ""


@dataclass(frozen=True, slots=True)
class Untagged:
    """A file that is served without its tag of ``start`` bytes."""

    start: int


@dataclass(frozen=True, slots=True)
class Demuxed:
    """A file that is demuxed in a process of its own."""

    file: Demuxable
    sound: Sound


@dataclass(frozen=True, slots=True)
class Disguised:
    """A file whose samples are frames of DTS: the player gets these alone."""

    file: Divisible


@dataclass(frozen=True, slots=True)
class Unready:
    """A file that lacks a header which could not be made soon: its bytes, for now."""


#: How a file is served; None for its bytes as they are.
Kind = Unready | Untagged | Demuxed | Headed | Disguised | Divisible | None


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


async def _improved(
    looked: Looked, source: Source, size: int
) -> Headed | Unready | None:
    """Return the file with the header that it lacks; None if it lacks none."""
    if by_signature(looked.head) is not UNKNOWN:
        return None
    for container in CONTAINERS:
        if container.improve:
            reading = container.improve(looked.head, looked.start, size)
            try:
                async with asyncio.timeout(_IMPROVING_S):
                    if found := await source.answer(reading):
                        return Headed(Span(0, looked.start), *found)
            except TimeoutError:
                return Unready()
    return None


async def served(
    kind: Kind, info: StreamInfo, open_source: Callable[[], Source], jobs: Jobs
) -> Cut | None:
    """Return what the player gets; None means the file's bytes as they are."""
    match kind:
        case None | Unready():
            return None
        case Untagged(start=start):
            span = Span(start, info.size)
            return StretchCut(open_source, b"", span, info.content_type)
        case Headed():
            return HeadedCut(open_source, kind, info.content_type)
        case Demuxed() | Disguised():
            return await part_of(kind, open_source, jobs, 0, None)
    return await make_cut(kind, open_source, 0, None)
