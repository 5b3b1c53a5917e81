"""A file that is demuxed in a process of its own; the player gets WAV.

Runs on our event loop. A wait for the swarm may last forever; a wait for GStreamer
ends after :data:`ANSWERS_S`, and the process is killed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mopidy_vozduxan.audio import wave
from mopidy_vozduxan.audio.answering import Read, answered
from mopidy_vozduxan.audio.lengths import sample_count
from mopidy_vozduxan.audio.sound import CutFailed, Sound
from mopidy_vozduxan.audio.view import View
from mopidy_vozduxan.cue.source import Source
from mopidy_vozduxan.jobs.jobs import Job, JobFailed, Jobs
from mopidy_vozduxan.jobs.wire import DONE, NEEDS, SAMPLES, SPAN, load
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.streaming.serving_protocol import Reader

#: GStreamer answers within milliseconds, or never.
ANSWERS_S = 10.0
#: A demuxer that asks for bytes more often than this will never describe the file.
_MOST_NEEDS = 1000


#: Demuxers round lengths; a larger difference is a wrong number in the file.
_ROUNDED_S = 4


@dataclass(frozen=True, slots=True)
class Demuxable:
    """What a demuxer should read: the file, or a ``view`` of it, of ``size`` bytes.

    ``head`` are the first bytes of either, behind a tag.
    """

    demuxer: str
    size: int
    head: bytes
    view: View | None = None

    async def bytes_of(self, read: Read, span: Span) -> bytes:
        """Return the bytes that the demuxer asks for."""
        span = span.clipped(self.size)
        if self.view is None:
            return await read(span) if span else b""
        return await answered(self.view.read(span), read)


@dataclass(frozen=True, slots=True)
class Description:
    """What a demuxer says about a file: its sound, and its tags in GStreamer's form."""

    sound: Sound
    tags: dict[str, list[Any]]

    @property
    def length_ms(self) -> int:
        """Its length."""
        return self.sound.samples * 1000 // self.sound.rate


async def describe(jobs: Jobs, file: Demuxable, read: Read) -> Description:
    """Return the description of a file.

    Raises :class:`CutFailed` if GStreamer fails on it, or takes too long.
    """
    arguments = {"demuxer": file.demuxer, "size": file.size}
    try:
        async with jobs.job("describe", **arguments) as job:
            for _ in range(_MOST_NEEDS):
                kind, body = await answer_of(job)
                if kind == NEEDS:
                    span = _span(body)
                    job.give(await file.bytes_of(read, span))
                elif kind == DONE:
                    return _description(load(body), file.head)
    except JobFailed as exc:
        raise _failed(exc) from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise CutFailed("GStreamer says nothing sensible about the file.") from exc
    raise CutFailed("GStreamer finds no sound in the file.")


def _failed(error: JobFailed) -> CutFailed:
    reason = str(error).rstrip(".")
    return CutFailed(f"GStreamer cannot read the file: {reason}.")


async def answer_of(job: Job) -> tuple[bytes, bytes]:
    """Return a job's next message. Raises :class:`JobFailed`, also if none comes."""
    try:
        async with asyncio.timeout(ANSWERS_S):
            return await job.message()
    except TimeoutError as exc:
        raise JobFailed(f"it does not end within {ANSWERS_S:.0f} s") from exc


def _span(body: bytes) -> Span:
    offset, length = SPAN.unpack(body)
    return Span(offset, offset + length)


def _description(said: dict[str, Any], head: bytes) -> Description:
    rate, channels, bits = (int(said[name]) for name in ("rate", "channels", "bits"))
    samples, counted = int(said["samples"]), sample_count(head)
    if counted and abs(counted - samples) < _ROUNDED_S * rate:
        samples = counted
    tags = {str(name): list(values) for name, values in said["tags"].items()}
    return Description(Sound(rate, channels, bits, samples), tags)


class DemuxedCut:
    """Such a file, or a part of it, as WAV; ``start`` and ``stop`` in CUE frames."""

    content_type = wave.CONTENT_TYPE

    def __init__(
        self,
        jobs: Jobs,
        open_source: Callable[[], Source],
        file: Demuxable,
        sound: Sound,
        start: int = 0,
        stop: int | None = None,
    ) -> None:
        self._jobs = jobs
        self._open_source = open_source
        self._file = file
        self._sound = sound
        self._first = sound.sample_at(start)
        samples = sound.sample_at(stop) - self._first
        if not samples:
            raise CutFailed("The file ends before this track begins.")
        self._head = wave.pcm_head(sound, samples)
        self.size = len(self._head) + samples * sound.frame_bytes

    def open(self, start: int, stop: int) -> Reader:
        """Open a reader over the bytes ``[start, stop)`` of the WAV file."""
        begin = max(start - len(self._head), 0)
        length = max(stop - len(self._head), 0) - begin
        sample, within = divmod(begin, self._sound.frame_bytes)
        source, first = self._open_source(), self._first + sample
        samples = DemuxedReader(self._jobs, source, self._file, first)
        return _Stretch(self._head[start:stop], samples, within, length)


class DemuxedReader:
    """The samples of a file from ``sample`` on."""

    def __init__(
        self, jobs: Jobs, source: Source, file: Demuxable, sample: int
    ) -> None:
        self._jobs = jobs
        self._source = source
        self._file = file
        self._sample = sample
        self._job: Job | None = None
        self._closed = False

    async def next(self) -> bytes | None:
        """Return the next samples; None at the end. Raises :class:`CutFailed`."""
        try:
            job = self._job or await self._start()
            while True:
                kind, body = await answer_of(job)
                if kind == SAMPLES:
                    return body
                if kind == DONE:
                    return None
                if kind == NEEDS:
                    read, span = self._source.read, _span(body)
                    job.give(await self._file.bytes_of(read, span))
        except JobFailed as exc:
            raise _failed(exc) from exc

    def close(self) -> None:
        """Stop at once."""
        self._closed = True
        if self._job:
            self._job.close()
        self._source.close()

    async def _start(self) -> Job:
        self._job = job = await self._jobs.start(
            "decode",
            demuxer=self._file.demuxer,
            size=self._file.size,
            sample=self._sample,
        )
        if self._closed:
            job.close()
        return job


class _Stretch:
    """A header, then ``length`` bytes of samples from the byte ``skip`` on."""

    def __init__(
        self, head: bytes, samples: DemuxedReader, skip: int, length: int
    ) -> None:
        self._head = head
        self._samples = samples
        self._skip = skip
        self._left = length

    async def next(self) -> bytes | None:
        """Return the next bytes; None at the end."""
        if self._head:
            head, self._head = self._head, b""
            return head
        while self._left:
            data = await self._samples.next()
            if data is None:
                raise CutFailed("The file is damaged: it ends too early.")
            part = data[self._skip : self._skip + self._left]
            self._skip = max(0, self._skip - len(data))
            self._left -= len(part)
            if part:
                return part
        return None

    def close(self) -> None:
        """Stop at once."""
        self._samples.close()
