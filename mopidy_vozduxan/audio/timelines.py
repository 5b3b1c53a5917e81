"""What the first bytes of an audio file say of its length and its bytes.

Only what is certain counts: Ogg writes its length on its last page, and so gives
nothing. An M4A with its index at the end has it there (`read_index`). The bytes come
from strangers: no reader of a format believes a size, a count or a rate before it has
checked it, and none looks at more than a bounded number of entries.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from mopidy_vozduxan.audio import ape, chunked, flac, mp4, mpeg, wavpack
from mopidy_vozduxan.audio.counts import sample_count
from mopidy_vozduxan.planning.position import Timeline
from mopidy_vozduxan.planning.spans import Span

__all__ = [
    "audio_before_index",
    "read_index",
    "read_timeline",
    "sample_count",
    "tag_size",
]

# Each takes the head, the offset of the file's own first byte, and the size.
_Reader = Callable[[bytes, int, int], Timeline | None]

#: What distinguishes a format: bytes, and where they are.
_SIGNS: tuple[tuple[int, bytes, _Reader], ...] = (
    (0, b"fLaC", flac.read),
    (0, ape.SIGN, ape.read),
    (0, wavpack.SIGN, wavpack.read),
    (8, b"WAVE", chunked.read_wave),
    (8, b"AIFF", chunked.read_aiff),
    (8, b"AIFC", chunked.read_aiff),
    (4, b"ftyp", mp4.read),
)
_LONGEST_MS = 7 * 24 * 3600 * 1000  # "unknown", all bits set, is 49 days or more
_MPEG_NAMES = (".mp3", ".mp2")  # MPEG audio has no sign worth the name


def read_timeline(path: str, head: bytes, size: int) -> Timeline | None:
    """Return how time and bytes of a file belong together, as far as it is certain.

    ``head`` holds the first bytes of the file, as many as there are: 16 KiB do
    for most files; MP3 needs its first frames, behind the tag (`tag_size`).
    ``size`` is that of the whole file. Raises nothing, whatever the bytes.
    """
    start = tag_size(head)
    reader = _reader_of(path, head, start)
    try:
        return _sound(reader(head, start, size), size) if reader else None
    except struct.error:  # the head ends before what has to be known
        return None


def audio_before_index(head: bytes, size: int) -> Span | None:
    """Return where the audio is, if what `read_timeline` lacks comes behind it."""
    start = tag_size(head)
    if not head.startswith(b"ftyp", start + 4):
        return None
    try:
        return mp4.audio_before_index(head, start, size)
    except struct.error:
        return None


def read_index(index: bytes, audio: Span, size: int) -> Timeline | None:
    """Return the timeline of a file by all the bytes behind its ``audio``.

    Raises nothing, whatever they are.
    """
    try:
        return _sound(mp4.read_index(index, audio, size), size)
    except struct.error:
        return None


def _sound(found: Timeline | None, size: int) -> Timeline | None:
    """Return ``found`` where it can be true."""
    if found is None or not 0 <= found.audio_start < size:
        return None
    return found if 0 < found.length_ms <= _LONGEST_MS else None


def _reader_of(path: str, head: bytes, start: int) -> _Reader | None:
    for place, sign, reader in _SIGNS:
        if head.startswith(sign, start + place):
            return reader
    return mpeg.read if path.lower().endswith(_MPEG_NAMES) else None


def tag_size(head: bytes) -> int:
    """Return the bytes an ID3v2 tag takes before the file proper; mostly pictures."""
    if len(head) < 10 or not head.startswith(b"ID3"):
        return 0
    size = 0
    for byte in head[6:10]:  # seven bits each
        size = size << 7 | byte & 0x7F
    footer = 10 if head[5] & 0x10 else 0
    return 10 + size + footer
