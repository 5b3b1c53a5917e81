"""The timeline of an audio file, by its first bytes.

Only what is certain counts. Ogg has its length on the last page, so there is no
timeline. An M4A may have its index at the end (`read_index`). The bytes come from
strangers: the parsers check every size, count and rate, and look at a bounded number of
entries.
"""

from __future__ import annotations

from mopidy_vozduxan.audio import formats
from mopidy_vozduxan.audio.id3 import tag_size
from mopidy_vozduxan.planning.position import Timeline
from mopidy_vozduxan.planning.spans import Span


def read_timeline(path: str, head: bytes, size: int) -> Timeline | None:
    """Return the timeline of a file, if its first bytes give it.

    16 KiB of ``head`` are enough for most files. MP3 needs its first frames, which
    follow the tag (`tag_size`). ``size`` is that of the whole file. Never raises.
    """
    start = tag_size(head)
    for container in formats.likely(path, head, start):
        if container.timeline:
            return container.timeline_of(head, start, size)
    return None


def audio_before_index(head: bytes, size: int) -> Span | None:
    """Return the span of the audio, if the index that has the timeline follows it."""
    start = tag_size(head)
    late = formats.by_signature(head, start).late_index
    return late.audio_before(head, start, size) if late else None


def read_index(index: bytes, audio: Span, size: int) -> Timeline | None:
    """Return the timeline of a file by all the bytes that follow its ``audio``.

    Never raises.
    """
    for container in formats.CONTAINERS:
        late = container.late_index
        found = late.timeline_of(index, audio, size) if late else None
        if found:
            return found
    return None
