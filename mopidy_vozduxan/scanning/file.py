"""One audio file: has GStreamer read it, and both its ends where that is needed.

Runs on our event loop; what blocks goes to threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mopidy_vozduxan.engine.protocol import TorrentFile
from mopidy_vozduxan.formats import extension
from mopidy_vozduxan.scanning.gstreamer import Scan, in_thread, scan_ends, scan_url
from mopidy_vozduxan.scanning.lengths import ENDS_TELL, believed_length_ms
from mopidy_vozduxan.scanning.reading import Reading

#: What is read of either end, where the demuxer does not ask for more.
END_BYTES = 64 * 1024
#: Ogg has its pictures before the audio: then the second try takes them in.
BEGINNINGS = (END_BYTES, 1024 * 1024)
#: Their tags may be at the end: ID3v1 and APEv2.
TAGS_AT_END = frozenset(("mp3", "mp2", "wv", "ape", "mpc", "tta"))
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
        beginning = await reading.span(0, min(file.size, END_BYTES))
        url = self._door.url_for(reading.token)
        scan = await self._run(reading, scan_url, url, self._door.proxy)
        if _needs_ends(file.path, scan):
            scan = _joined(file.path, scan, await self._scan_ends(reading, file))
        if scan is None:
            return None
        length_ms = believed_length_ms(file.path, beginning, file.size, scan.length_ms)
        return Scan(scan.tags, length_ms)

    async def _scan_ends(self, reading: Reading, file: TorrentFile) -> Scan | None:
        ending = extension(file.path)
        for size in BEGINNINGS if ending in ENDS_TELL else BEGINNINGS[:1]:
            middle = min(file.size, size)
            beginning = await reading.span(0, middle)
            end = await reading.span(max(middle, file.size - END_BYTES), file.size)
            scan = await self._run(reading, scan_ends, beginning, end, ending)
            if scan and scan.length_ms:
                return scan
        return None

    async def _run(
        self, reading: Reading, call: Callable[..., Scan | None], *args: object
    ) -> Scan | None:
        async with self._slots:
            return await reading.patiently(in_thread(call, *args))


def _needs_ends(path: str, scan: Scan | None) -> bool:
    untitled = scan is None or not scan.tags.get("title")
    ending = extension(path)
    return ending in ENDS_TELL or (untitled and ending in TAGS_AT_END)


def _joined(path: str, whole: Scan | None, ends: Scan | None) -> Scan | None:
    """Return what both scans say; the whole file knows better, but for ENDS_TELL."""
    if whole is None and ends is None:
        return None
    tags = {**(ends.tags if ends else {}), **(whole.tags if whole else {})}
    teller = ends if extension(path) in ENDS_TELL else whole
    return Scan(tags, teller.length_ms if teller else None)
