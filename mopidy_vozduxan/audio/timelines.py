"""What the first bytes of an audio file say of its length and its bytes.

Only what is certain counts: Ogg writes its length on its last page, and so gives
nothing. An M4A with its index at the end has it there (`read_index`). The bytes come
from strangers: no reader of a format believes a size, a count or a rate before it has
checked it, and none looks at more than a bounded number of entries.
"""

from __future__ import annotations

from mopidy_vozduxan.audio import formats
from mopidy_vozduxan.audio.id3 import tag_size
from mopidy_vozduxan.planning.position import Timeline
from mopidy_vozduxan.planning.spans import Span


def read_timeline(path: str, head: bytes, size: int) -> Timeline | None:
    """Return how time and bytes of a file belong together, as far as it is certain.

    ``head`` holds the first bytes of the file, as many as there are: 16 KiB do
    for most files; MP3 needs its first frames, behind the tag (`tag_size`).
    ``size`` is that of the whole file. Raises nothing, whatever the bytes.
    """
    start = tag_size(head)
    for container in formats.likely(path, head, start):
        if container.timeline:
            return container.timeline_of(head, start, size)
    return None


def audio_before_index(head: bytes, size: int) -> Span | None:
    """Return where the audio is, if what `read_timeline` lacks comes behind it."""
    start = tag_size(head)
    late = formats.signed(head, start).late_index
    return late.audio_before(head, start, size) if late else None


def read_index(index: bytes, audio: Span, size: int) -> Timeline | None:
    """Return the timeline of a file by all the bytes behind its ``audio``.

    Raises nothing, whatever they are.
    """
    for container in formats.CONTAINERS:
        late = container.late_index
        found = late.timeline_of(index, audio, size) if late else None
        if found:
            return found
    return None
