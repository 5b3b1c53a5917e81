"""Mopidy's scanner over one of our streams, or over the two ends of a file.

Every call blocks until GStreamer has an answer, so it runs on a daemon thread of
its own: one that hangs holds up nobody, not even the exit. Nothing is raised;
what cannot be read gives None.

Design notes
------------
What the scanner finds over HTTP, where a demuxer reads from front to back, was
measured with GStreamer 1.22 and 1.26:

- FLAC, MP3 with ID3v2, M4A, WAV: tags and length, from the first 64 KiB and
  whatever the pictures take. M4A with its index at the end reads that, too;
  one of up to 4 MiB is read whole (qtdemux does not jump in small files).
- Ogg and Opus: the tags are right, but the length is what the demuxer had seen
  when the scanner stopped: 0.4 s, 116 s or nothing at all for 120 s.
- ID3v1 and APEv2, at the end of MP3, WavPack and Monkey's Audio: not seen. They
  are when a local file is scanned, which GStreamer reads from both sides; and for
  that the two ends of the file, glued together, do.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from mopidy.audio import scan as mopidy_scan

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

#: Nothing is waited for that is not here already, but for large pictures.
URL_TIMEOUT_MS = 60_000
FILE_TIMEOUT_MS = 5_000


@dataclass(frozen=True, slots=True)
class Scan:
    """What GStreamer says of a file: its tags by their names there, its length.

    ``head`` are the file's first bytes, where they were read.
    """

    tags: Mapping[str, list[Any]] = field(default_factory=dict)
    length_ms: int | None = None
    head: bytes = b""

    @property
    def pictures(self) -> list[bytes]:
        """The embedded pictures, as they are in the file."""
        found = [*self.tags.get("image", ()), *self.tags.get("preview-image", ())]
        return [picture for picture in found if isinstance(picture, bytes)]


def scan_url(url: str, proxy: Mapping[str, object]) -> Scan | None:
    """Scan a stream at the player's door; ``proxy`` is that door."""
    return _scan(url, URL_TIMEOUT_MS, proxy)


def scan_ends(beginning: bytes, end: bytes, ending: str) -> Scan | None:
    """Scan a file of which only both ends are here; ``ending`` is that of its name."""
    with tempfile.NamedTemporaryFile(suffix=f".{ending}") as file:
        file.write(beginning + end)
        file.flush()
        return _scan(Path(file.name).as_uri(), FILE_TIMEOUT_MS, {})


def _scan(uri: str, timeout_ms: int, proxy: Mapping[str, object]) -> Scan | None:
    try:
        found = mopidy_scan.Scanner(timeout_ms, dict(proxy)).scan(uri)
    except Exception as exc:  # whatever hostile bytes bring GStreamer to
        logger.debug("Not read: %s", exc)
        return None
    length_ms = found.duration
    return Scan(dict(found.tags), None if length_ms is None else int(length_ms))


async def in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Make a call on a thread that nobody has to wait for at the exit."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = call(*args, **kwargs)
        except Exception as exc:
            error = exc
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name="VozduxanScan", daemon=True).start()
    return await future
