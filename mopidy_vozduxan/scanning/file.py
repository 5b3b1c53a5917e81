"""One audio file: has GStreamer read it, and both its ends where that is needed.

Runs on our event loop; what blocks goes to threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mopidy_vozduxan.engine.protocol import TorrentFile
from mopidy_vozduxan.formats import extension
from mopidy_vozduxan.planning.containers import tag_size
from mopidy_vozduxan.scanning.gstreamer import Scan, in_thread, scan_ends, scan_url
from mopidy_vozduxan.scanning.lengths import believed_length_ms
from mopidy_vozduxan.scanning.ogg import ogg_length_ms
from mopidy_vozduxan.streaming.reading import Reading

#: This is asked for first; what else the demuxer wants, it asks for itself.
FIRST_BYTES = 16 * 1024
#: What is read of an end where that tells something. In MP3, 64 KiB of frames are
#: four seconds: so long the bit rate must not vary to be believed constant.
END_BYTES = 64 * 1024
#: The frames of an MP3 are counted behind a tag with pictures.
FRAMED = frozenset(("mp3", "mp2"))
LARGEST_TAG = 8 * 1024 * 1024
#: Their tags may be at the end: ID3v1 and APEv2.
TAGS_AT_END = frozenset(("mp3", "mp2", "wv", "ape", "mpc", "tta"))
#: Their length is on their last page.
OGG = frozenset(("ogg", "oga", "opus", "spx"))
#: So many go through GStreamer at once; each takes 5 to 50 ms of a processor.
SCANS_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Door:
    """Where our streams are served: the URL of a token, and the way around proxies."""

    url_for: Callable[[str], str]
    proxy: Mapping[str, object]


class FileScanner:
    """Scans open files by way of ``door``."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._slots = asyncio.Semaphore(SCANS_AT_ONCE)

    async def scan(self, reading: Reading, file: TorrentFile) -> Scan | None:
        """Return what a file says of itself, None where it is not understood.

        Its length is none that is known to be too short. Raises
        :class:`Stalled`, and what broke the swarm.
        """
        first = await reading.span(0, min(file.size, FIRST_BYTES))
        url = self._door.url_for(reading.token)
        whole = await self._run(reading, scan_url, url, self._door.proxy)
        ends = await self._scan_ends(reading, file) if _hides(file, whole) else None
        if whole is None and ends is None:
            return None
        tags = {**(ends.tags if ends else {}), **(whole.tags if whole else {})}
        scanned_ms = whole.length_ms if whole else None
        length_ms = await self._length_ms(reading, file, first, scanned_ms)
        return Scan(tags, length_ms, first)

    async def _scan_ends(self, reading: Reading, file: TorrentFile) -> Scan | None:
        middle = min(file.size, END_BYTES)
        beginning = await reading.span(0, middle)
        end = await _end_of(reading, file, middle)
        return await self._run(reading, scan_ends, beginning, end, extension(file.path))

    async def _length_ms(
        self, reading: Reading, file: TorrentFile, first: bytes, scanned_ms: int | None
    ) -> int | None:
        if extension(file.path) in OGG:
            return ogg_length_ms(first, await _end_of(reading, file, 0))
        if extension(file.path) in FRAMED:  # the demuxer has read the tag before
            reach = min(tag_size(first), LARGEST_TAG) + END_BYTES
            first = await reading.span(0, min(file.size, reach))
        return believed_length_ms(file.path, first, file.size, scanned_ms)

    async def _run(
        self, reading: Reading, call: Callable[..., Scan | None], *args: object
    ) -> Scan | None:
        async with self._slots:
            return await reading.patiently(in_thread(call, *args))


def _hides(file: TorrentFile, scan: Scan | None) -> bool:
    """Whether the tags may be at the end, where the scan did not see them."""
    titled = scan is not None and scan.tags.get("title")
    return not titled and extension(file.path) in TAGS_AT_END


async def _end_of(reading: Reading, file: TorrentFile, start: int) -> bytes:
    return await reading.span(max(start, file.size - END_BYTES), file.size)
