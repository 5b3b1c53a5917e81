"""Scans one audio file with GStreamer, and both its ends if that is needed.

Runs on our event loop. GStreamer runs in other processes, which are killed if they
take too long: some demuxers never end, and burn a core meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from inspect import CORO_CREATED, getcoroutinestate
from typing import TypeVar

from mopidy_vozduxan.audio.answering import Asking, Read, answered
from mopidy_vozduxan.audio.chapters import Chapter
from mopidy_vozduxan.audio.container import Container
from mopidy_vozduxan.audio.end_tags import find_end_tags
from mopidy_vozduxan.audio.formats import (
    SIGNATURE_BYTES,
    container_of,
    content_type,
    extension,
)
from mopidy_vozduxan.audio.id3 import tag_size
from mopidy_vozduxan.audio.lengths import believed_length_ms
from mopidy_vozduxan.audio.sound import CutFailed
from mopidy_vozduxan.decoding.demuxed import describe
from mopidy_vozduxan.decoding.first_bytes import Looked, demuxable, look
from mopidy_vozduxan.exceptions import Stalled
from mopidy_vozduxan.jobs.jobs import Jobs
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.scanning.gstreamer import Scan, scan_bytes, scan_url
from mopidy_vozduxan.scanning.leftovers import completed
from mopidy_vozduxan.streaming.background_reading import Overdue, Reading
from mopidy_vozduxan.torrent.metainfo import TorrentFile

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: What we ask for first; the demuxer asks for the rest itself.
FIRST_BYTES = 16 * 1024
#: How much of the beginning is read with the tags at the end.
END_BYTES = 64 * 1024
#: How many files GStreamer scans at once; each takes 5 to 50 ms of processor time.
SCANS_AT_ONCE = 2
#: How long GStreamer may take without reading anything.
LIMIT_S = 10.0
#: The rest is here already by then, except for large pictures.
MOST_S = 60.0


@dataclass(frozen=True, slots=True)
class Door:
    """Where our streams are served: the URL of a token, and the way around proxies.

    ``jobs`` run GStreamer.
    """

    url_for: Callable[[str], str]
    proxy: Mapping[str, object]
    jobs: Jobs


class FileScanner:
    """Scans open files through ``door``."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._slots = asyncio.Semaphore(SCANS_AT_ONCE)

    async def scan(self, reading: Reading, file: TorrentFile) -> Scan | None:
        """Return a file's tags and length, or None if it cannot be understood.

        A length that is known to be too short is left out. Raises :class:`Stalled`,
        and the error that broke the swarm.
        """
        first = await reading.span(0, min(file.size, FIRST_BYTES))
        start = min(tag_size(first), file.size)
        if start > len(first) - SIGNATURE_BYTES:
            head = await reading.span(start, min(start + SIGNATURE_BYTES, file.size))
        else:
            head = first[start:]
        at = _At(reading, file, start, container_of(file.path, head))
        found = await self._scan(at)
        if found is None:
            return None
        length_ms = await self._length_ms(at, first, found.length_ms)
        chapters = await self._chapters(at)
        return Scan(completed(found.tags, first), length_ms, first, chapters)

    async def _chapters(self, at: _At) -> Sequence[Chapter]:
        """Return the chapters; those of a film are no tracks."""
        is_film = content_type(at.file.path).startswith("video/")
        if is_film or at.container.chapters is None:
            return ()
        return await at.ask(at.container.chapters) or ()

    async def _scan(self, at: _At) -> Scan | None:
        looked = await look(at.read, at.file.size)
        if looked.hangs:
            whole = await self._describe(looked, at.read, at.file.size)
        else:
            url = self._door.url_for(at.reading.token)
            job = scan_url(self._door.jobs, url, self._door.proxy)
            whole = await self._run(at.reading, job)
        late = None if _is_titled(whole) else await self._scan_late(at)
        if whole is None and late is None:
            return None
        tags = {**(late.tags if late else {}), **(whole.tags if whole else {})}
        return Scan(tags, whole.length_ms if whole else None)

    async def _describe(self, looked: Looked, read: Read, size: int) -> Scan | None:
        """Scan a file whose demuxer hangs when it is read over HTTP."""
        try:
            async with self._slots:
                demuxed = await demuxable(looked, read, size)
                found = await describe(self._door.jobs, demuxed, read)
        except CutFailed as exc:
            logger.debug("Not read: %s", exc)
            return None
        return Scan(found.tags, found.length_ms)

    async def _scan_late(self, at: _At) -> Scan | None:
        """Scan the tags behind the sound, which players do not see over HTTP."""
        if at.container.late_tags:
            data = await at.ask(at.container.late_tags)
        elif at.container.tags_at_end:
            data = await self._both_ends(at)
        else:
            return None
        if not data:
            return None
        job = scan_bytes(self._door.jobs, data, extension(at.file.path))
        found = await self._run(at.reading, job)
        return found and Scan(completed(found.tags, data))

    async def _both_ends(self, at: _At) -> bytes:
        """Return the file's first bytes and the tags at its end; b"" without any."""
        tags = await at.ask(find_end_tags)
        if not tags:
            return b""
        beginning = await at.read(Span(0, min(tags.start, END_BYTES)))
        return beginning + await at.read(tags)

    async def _length_ms(
        self, at: _At, first: bytes, scanned_ms: int | None
    ) -> int | None:
        if at.container.measure:
            measured = await at.ask(at.container.measure)
            if measured or not at.container.length_is_guess:
                return measured
        return believed_length_ms(at.file.path, first, at.file.size, scanned_ms)

    async def _run(
        self, reading: Reading, scan: Coroutine[object, object, Scan | None]
    ) -> Scan | None:
        try:
            async with self._slots, asyncio.timeout(MOST_S):
                return await reading.patiently(scan, LIMIT_S)
        except TimeoutError as exc:
            raise Stalled("The file's bytes arrive too slowly.") from exc
        except Overdue as exc:
            logger.debug("Not read: %s", exc)
            return None
        finally:
            if getcoroutinestate(scan) == CORO_CREATED:  # its turn never came
                scan.close()  # once it runs, its task ends it


@dataclass(frozen=True, slots=True)
class _At:
    """A file that is being read: it is of kind ``container``, behind a tag."""

    reading: Reading
    file: TorrentFile
    start: int
    container: Container

    async def read(self, span: Span) -> bytes:
        """Return the bytes of a span, as far as the file has them."""
        wanted = span.clipped(self.file.size)
        return await self.reading.span(wanted.start, wanted.stop) if wanted else b""

    async def ask(self, asking: Callable[[int, int], Asking[T]]) -> T | None:
        """Return what a reader of the container finds; None if it breaks off."""
        try:
            return await answered(asking(self.start, self.file.size), self.read)
        except (struct.error, IndexError):
            return None


def _is_titled(scan: Scan | None) -> bool:
    return bool(scan and scan.tags.get("title"))
