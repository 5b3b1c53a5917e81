"""A file's first bytes, and what a demuxer should read of it.

Runs on our event loop. GStreamer's registry says what the player would do with them.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from mopidy_vozduxan.audio.answering import Asking, Read, answered
from mopidy_vozduxan.audio.formats import by_signature
from mopidy_vozduxan.audio.id3 import tag_size
from mopidy_vozduxan.audio.view import View
from mopidy_vozduxan.decoding.demuxed import Demuxable
from mopidy_vozduxan.decoding.registry import Plays, plays
from mopidy_vozduxan.planning.spans import Span

#: The first 16 KiB identify nearly every file; GStreamer gives up after 128.
_LOOKS = (16 * 1024, 128 * 1024)


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
    view: View
    if seen_as:
        view = await answered(seen_as(looked.start, size), read)
    elif looked.hides and not looked.hangs:
        view = _Behind(looked, element, size)
    else:
        return Demuxable(element, size, looked.head)
    return Demuxable(view.demuxer, view.size, view.head, view)


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
