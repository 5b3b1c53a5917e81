"""A part of a file as a file of its own: WAV, or MP3 if the file is one.

Runs on our event loop. The size of a cut is known before anything is decoded, and it
can be read from any byte on. What cannot be decoded is an error, and never silence.

Design notes
------------
- GStreamer alone is not exact: it finds a sample by proportion, or reads everything
  before it. So we find the place by what we know about the container
  (:mod:`mopidy_vozduxan.audio`), give the decoder the file from there on, and count
  its samples.
- Rejected: FLAC made of the same frames. We would have to encode the first and the last
  frame, and give all others new numbers and checksums.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from mopidy_vozduxan.audio import wave
from mopidy_vozduxan.audio.answering import Asking
from mopidy_vozduxan.audio.divisible import Compressed, Divisible, SpannedFile
from mopidy_vozduxan.audio.formats import SIGNATURE_BYTES, likely
from mopidy_vozduxan.audio.id3 import TAG_HEAD_BYTES, tag_size
from mopidy_vozduxan.audio.sound import CutFailed
from mopidy_vozduxan.cue.decoder import Decoder
from mopidy_vozduxan.cue.source import Source
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.streaming.serving_protocol import Reader

_READ_BYTES = 64 * 1024


class Cut(Protocol):
    """A part as a file of exactly ``size`` bytes."""

    size: int
    content_type: str

    def open(self, start: int, stop: int) -> Reader:
        """Open a reader over the bytes ``[start, stop)`` of the cut."""


def read_divisible(path: str, size: int) -> Asking[Divisible]:
    """Read what kind of file it is, and what cutting it needs."""
    head = yield Span(0, max(TAG_HEAD_BYTES, SIGNATURE_BYTES))
    start = min(tag_size(head), size)
    if start:
        head = yield Span(start, start + SIGNATURE_BYTES)
    for container in likely(path, head, 0):
        if container.cut:
            return (yield from container.cut(start, size))
    raise CutFailed("Files of this kind cannot be cut.")


async def make_cut(
    file: Divisible,
    open_source: Callable[[], Source],
    start: int,
    stop: int | None,
    bare_type: str = "",
) -> Cut:
    """Return the part from ``start`` to ``stop``, in CUE frames; None is the end.

    With ``bare_type``, a content type, it has no header. Raises :class:`CutFailed` if
    the file ends before the part starts.
    """
    if isinstance(file, SpannedFile):
        source = open_source()
        try:
            span = await source.answer(file.span(start, stop))
        finally:
            source.close()
        head = b"" if bare_type else file.head(len(span))
        kind = bare_type or file.content_type
        cut: Cut = StretchCut(open_source, head, span, kind)
    else:
        cut = DecodedCut(open_source, file, start, stop, bare_type)
    if not cut.size:
        raise CutFailed("The file ends before this track begins.")
    return cut


class StretchCut:
    """A cut that is a span of the file's own bytes, after a header."""

    def __init__(
        self,
        open_source: Callable[[], Source],
        head: bytes,
        span: Span,
        content_type: str,
    ) -> None:
        self.size = len(head) + len(span) if span else 0
        self.content_type = content_type
        self._open_source = open_source
        self._head = head
        self._span = span

    def open(self, start: int, stop: int) -> Reader:
        """Open a reader over the bytes ``[start, stop)`` of the cut."""
        before = self._span.start - len(self._head)
        span = Span(max(before + start, self._span.start), before + stop)
        return StretchReader(self._open_source(), self._head[start:stop], span)


class StretchReader:
    """Reads a header, and then a span of the file."""

    def __init__(self, source: Source, head: bytes, span: Span) -> None:
        self._source = source
        self._head = head
        self._span = span

    async def next(self) -> bytes | None:
        """Return the next bytes; None at the end."""
        if self._head:
            head, self._head = self._head, b""
            return head
        if not self._span:
            return None
        stop = min(self._span.start + _READ_BYTES, self._span.stop)
        data = await self._source.read(Span(self._span.start, stop))
        self._span = Span(stop, self._span.stop)
        return data

    def close(self) -> None:
        """Stop at once."""
        self._source.close()


class DecodedCut:
    """A cut of a compressed file, as WAV, or its samples alone as a ``bare_type``."""

    def __init__(
        self,
        open_source: Callable[[], Source],
        file: Compressed,
        start: int,
        stop: int | None,
        bare_type: str = "",
    ) -> None:
        self.content_type = bare_type or wave.CONTENT_TYPE
        sound = file.sound
        self._first = sound.sample_at(start)
        samples = sound.sample_at(stop) - self._first
        self._head = b"" if bare_type else wave.pcm_head(sound, samples)
        self.size = len(self._head) + samples * sound.frame_bytes if samples else 0
        self._open_source = open_source
        self._file = file

    def open(self, start: int, stop: int) -> Reader:
        """Open a reader over the bytes ``[start, stop)`` of the cut."""
        head = self._head[start:stop]
        begin = max(start - len(self._head), 0)
        length = max(stop - len(self._head), 0) - begin
        width = self._file.sound.frame_bytes
        sample = self._first + begin // width
        return DecodedReader(
            self._open_source(), self._file, head, sample, begin % width, length
        )


class DecodedReader:
    """Reads a header, then ``length`` bytes from byte ``within`` of ``sample`` on."""

    def __init__(
        self,
        source: Source,
        file: Compressed,
        head: bytes,
        sample: int,
        within: int,
        length: int,
    ) -> None:
        self._source = source
        self._file = file
        self._head = head
        self._sample = sample
        self._skip = within
        self._left = length
        self._decoder: Decoder | None = None
        self._feeding: asyncio.Task[None] | None = None

    async def next(self) -> bytes | None:
        """Return the next bytes; None at the end.

        Raises the errors of the swarm's readers, and :class:`CutFailed`.
        """
        if self._head:
            head, self._head = self._head, b""
            return head
        if not self._left:
            return None
        if self._decoder is None:
            self._decoder = await self._start()
        while True:
            data = await self._decoder.pull()
            if data is None:
                raise CutFailed("The file is damaged: it ends too early.")
            part = data[self._skip : self._skip + self._left]
            self._skip = max(0, self._skip - len(data))
            self._left -= len(part)
            if part:
                return part

    def close(self) -> None:
        """Stop at once."""
        if self._feeding:
            self._feeding.cancel()
        if self._decoder:
            self._decoder.close()
        self._source.close()

    async def _start(self) -> Decoder:
        place = await self._source.answer(self._file.locate(self._sample))
        self._skip += (self._sample - place.sample) * self._file.sound.frame_bytes
        decoder = await Decoder.started(self._file)
        packets = self._file.packets(place)

        async def feed() -> None:
            try:
                for packet in packets:
                    data = await self._source.read(packet.span)
                    padded = data.ljust(len(packet.span), b"\0")
                    await decoder.push(packet.prefix + padded)
                decoder.end()
            except Exception as exc:
                decoder.fail(exc)

        self._feeding = asyncio.create_task(feed())
        return decoder
