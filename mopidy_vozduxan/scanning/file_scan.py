"""Scans one audio file with GStreamer, and both its ends if that is needed.

Runs on our event loop. GStreamer runs in other processes, which are killed if they
take too long: some demuxers never end, and burn a core meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from inspect import CORO_CREATED, getcoroutinestate

from mopidy_vozduxan.audio.answering import Read
from mopidy_vozduxan.audio.formats import by_name, extension
from mopidy_vozduxan.audio.id3 import tag_size
from mopidy_vozduxan.audio.lengths import believed_length_ms
from mopidy_vozduxan.audio.sound import CutFailed
from mopidy_vozduxan.decoding.demuxed import describe
from mopidy_vozduxan.decoding.served import Looked, demuxable, look
from mopidy_vozduxan.exceptions import Stalled
from mopidy_vozduxan.jobs.jobs import Jobs
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.scanning.gstreamer import Scan, scan_ends, scan_url
from mopidy_vozduxan.streaming.background_reading import Overdue, Reading
from mopidy_vozduxan.torrent.metainfo import TorrentFile

logger = logging.getLogger(__name__)

#: What we ask for first; the demuxer asks for the rest itself.
FIRST_BYTES = 16 * 1024
#: How much of an end is read, if it is needed. In MP3, 64 KiB of frames are four
#: seconds: if the bit rate does not vary in them, we take it for constant.
END_BYTES = 64 * 1024
#: The largest tag behind which we read the frames that we count.
LARGEST_TAG = 8 * 1024 * 1024
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
        found = await self._scan(reading, file)
        if found is None:
            return None
        length_ms = await self._length_ms(reading, file, first, found.length_ms)
        return Scan(found.tags, length_ms, first)

    async def _scan(self, reading: Reading, file: TorrentFile) -> Scan | None:
        async def read(span: Span) -> bytes:
            return await reading.span(span.start, min(span.stop, file.size))

        looked = await look(read, file.size)
        if looked.hangs:
            return await self._describe(looked, read, file.size)
        url = self._door.url_for(reading.token)
        job = scan_url(self._door.jobs, url, self._door.proxy)
        whole = await self._run(reading, job)
        ends = await self._scan_ends(reading, file) if _hides(file, whole) else None
        if whole is None and ends is None:
            return None
        tags = {**(ends.tags if ends else {}), **(whole.tags if whole else {})}
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

    async def _scan_ends(self, reading: Reading, file: TorrentFile) -> Scan | None:
        middle = min(file.size, END_BYTES)
        beginning = await reading.span(0, middle)
        end = await _end_of(reading, file, middle)
        ending = extension(file.path)
        job = scan_ends(self._door.jobs, beginning, end, ending)
        return await self._run(reading, job)

    async def _length_ms(
        self, reading: Reading, file: TorrentFile, first: bytes, scanned_ms: int | None
    ) -> int | None:
        container = by_name(file.path)
        if container.length_at_end:
            return container.length_at_end(first, await _end_of(reading, file, 0))
        if container.counts_frames:  # the demuxer has already read the tag
            reach = min(tag_size(first), LARGEST_TAG) + END_BYTES
            first = await reading.span(0, min(file.size, reach))
        return believed_length_ms(file.path, first, file.size, scanned_ms)

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


def _hides(file: TorrentFile, scan: Scan | None) -> bool:
    """Whether there may be tags at the end, which the scan did not see."""
    titled = scan is not None and scan.tags.get("title")
    return not titled and by_name(file.path).tags_at_end


async def _end_of(reading: Reading, file: TorrentFile, start: int) -> bytes:
    return await reading.span(max(start, file.size - END_BYTES), file.size)
