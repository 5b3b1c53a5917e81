"""Mopidy's scanner over one of our streams, or over the two ends of a file.

Runs on our event loop. GStreamer runs in a process of its own (:mod:`~.jobs`);
cancelling a call kills it. Files that cannot be read give None; only
:class:`~mopidy_vozduxan.jobs.jobs.NoJobs` is raised.

Design notes
------------
Over HTTP a demuxer reads from front to back. The scanner then finds this (measured
with GStreamer 1.22 and 1.26):

- FLAC, MP3 with ID3v2, M4A, WAV: tags and length, from the first 64 KiB plus the
  pictures. M4A with its index at the end reads that too; one of up to 4 MiB is read
  whole (qtdemux does not jump in small files).
- Ogg and Opus: the tags are right, but the length is what the demuxer had seen when
  the scanner stopped: 0.4 s, 116 s or nothing at all for 120 s.
- ID3v1 and APEv2, at the end of MP3, WavPack and Monkey's Audio: not found. They are
  found in a local file, which GStreamer reads from both ends, and the two ends of the
  file glued together are enough for that.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mopidy_vozduxan.audio.chapters import Chapter
from mopidy_vozduxan.jobs.jobs import JobFailed, Jobs
from mopidy_vozduxan.jobs.wire import load

logger = logging.getLogger(__name__)

#: Callers give up after a minute anyway.
URL_TIMEOUT_MS = 3_600_000
FILE_TIMEOUT_MS = 5_000


@dataclass(frozen=True, slots=True)
class Scan:
    """What GStreamer says about a file: its tags by GStreamer's names, its length.

    ``head`` are the file's first bytes, if they were read. ``chapters`` are not
    GStreamer's.
    """

    tags: Mapping[str, list[Any]] = field(default_factory=dict)
    length_ms: int | None = None
    head: bytes = b""
    chapters: Sequence[Chapter] = ()

    @property
    def pictures(self) -> list[bytes]:
        """The embedded pictures, as stored in the file."""
        found = [*self.tags.get("image", ()), *self.tags.get("preview-image", ())]
        return [picture for picture in found if isinstance(picture, bytes)]


async def scan_url(jobs: Jobs, url: str, proxy: Mapping[str, object]) -> Scan | None:
    """Scan a stream at the player's door; ``proxy`` is that door."""
    return await _scan(jobs, url, URL_TIMEOUT_MS, proxy)


async def scan_bytes(jobs: Jobs, data: bytes, ending: str) -> Scan | None:
    """Scan ``data`` as a local file; ``ending`` is the extension of its name."""
    path = await asyncio.to_thread(_written, data, ending)
    try:
        return await _scan(jobs, path.as_uri(), FILE_TIMEOUT_MS, {})
    finally:
        path.unlink()


def _written(data: bytes, ending: str) -> Path:
    with tempfile.NamedTemporaryFile(suffix=f".{ending}", delete=False) as file:
        file.write(data)
    return Path(file.name)


async def _scan(
    jobs: Jobs, uri: str, timeout_ms: int, proxy: Mapping[str, object]
) -> Scan | None:
    arguments = {"uri": uri, "timeout_ms": timeout_ms, "proxy": dict(proxy)}
    try:
        async with jobs.job("scan", **arguments) as job:
            found = load((await job.message())[1])
            return Scan(dict(found["tags"]), found["length_ms"])
    except (JobFailed, ValueError, KeyError, TypeError) as exc:
        logger.debug("Not read: %s", exc)
        return None
