"""What we know of a container: a form, which each module here fills in once.

Pure. :mod:`mopidy_vozduxan.audio.formats` has the table of all containers; whoever
needs something of a format asks that table, and no other module names a format.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mopidy_vozduxan.audio.answering import Asking
from mopidy_vozduxan.audio.divisible import Divisible
from mopidy_vozduxan.audio.view import View
from mopidy_vozduxan.planning.position import Timeline
from mopidy_vozduxan.planning.spans import Span

# The bit rates (kbit/s) that lengths are guessed with. The guesses lean low, so that
# lengths come out long: core turns a seek beyond the length into "next", whereas one
# that is short of a too long length works.
# 700: acoustic and classical CD rips; loud ones have 1000, hi-res 2500 and more.
LOSSLESS_KBPS = 700
PCM_KBPS = 1411  # 44.1 kHz x 16 bit x 2, exact for CDs
DSD_KBPS = 5645  # DSD64: 2.8224 MHz x 1 bit x 2
MP3_KBPS = 192  # V2; V0 has 245, most others 320
MUSEPACK_KBPS = 160
AAC_KBPS = 128  # the usual web rip; shops sell 256
VORBIS_KBPS = 128  # quality 4; most rips are 5 to 8 (160 to 256)
OPUS_KBPS = 96  # most rips are 96 to 160
SPEECH_KBPS = 64  # audio books

_LONGEST_MS = 7 * 24 * 3600 * 1000  # "unknown", all bits set, is 49 days or more


@dataclass(frozen=True, slots=True)
class Format:
    """What a file's extension says: a content type, and the usual bit rate.

    ``tail_kib`` is what demuxers read at the end of the file before they play.
    """

    content_type: str
    nominal_kbps: int
    tail_kib: int = 0

    def length_ms(self, size: int) -> int:
        """Guess how long ``size`` bytes play."""
        return max(1, size * 8 // self.nominal_kbps)  # bytes * 8 / (kbit/s) is ms


@dataclass(frozen=True, slots=True)
class LateIndex:
    """How an index behind the audio is found and read.

    ``find`` takes a file's first bytes, where it begins and its size, and returns the
    span of the audio if all else comes behind it. ``read`` takes the bytes behind that
    span, the span and the size.
    """

    find: Callable[[bytes, int, int], Span | None]
    read: Callable[[bytes, Span, int], Timeline | None]

    def audio_before(self, head: bytes, start: int, size: int) -> Span | None:
        """Return where the audio is; raises nothing, whatever the bytes."""
        try:
            return self.find(head, start, size)
        except struct.error:
            return None

    def timeline_of(self, index: bytes, audio: Span, size: int) -> Timeline | None:
        """Return the timeline if it can be true; raises nothing, whatever the bytes."""
        try:
            return _checked(self.read(index, audio, size), size)
        except struct.error:
            return None


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of file. All but its extensions may be left out.

    The callables get bytes of strangers. They bound what they look at, and raise
    nothing but :class:`struct.error` and :class:`IndexError`, where bytes are missing;
    what cuts and shows raises :class:`~mopidy_vozduxan.audio.sound.CutFailed`.
    """

    #: By extension, lower case, without the dot.
    formats: Mapping[str, Format]
    #: What the file begins with: an offset, and the bytes there. A container without
    #: a sign is known by the extension alone.
    signs: tuple[tuple[int, bytes], ...] = ()

    #: Takes the first bytes of the file, where in them it begins (behind a tag), and
    #: its size; returns how time and bytes belong together, as far as that is certain.
    timeline: Callable[[bytes, int, int], Timeline | None] | None = None
    late_index: LateIndex | None = None
    #: Takes where the file begins and its size, and reads what cutting it needs.
    cut: Callable[[int, int], Asking[Divisible]] | None = None

    #: Tags may be at the end: ID3v1 and APEv2.
    tags_at_end: bool = False
    #: The length is known by counting frames behind a tag, which may be large.
    counts_frames: bool = False
    #: Where the file does not say its length, GStreamer goes by the bit rate of the
    #: first frames, which is off by as much as the music varies.
    length_is_guess: bool = False
    #: Takes the first and the last bytes of the file; returns its length in ms. The
    #: player's own answer is wrong.
    length_at_end: Callable[[bytes, bytes], int | None] | None = None
    #: Takes the first bytes; returns how many samples the decoder gives. The demuxer
    #: tells it wrong.
    sample_count: Callable[[bytes], int | None] | None = None
    #: Takes where the file begins and its size, and shows it to a demuxer as another
    #: kind of file.
    view: Callable[[int, int], Asking[View]] | None = None

    def timeline_of(self, head: bytes, start: int, size: int) -> Timeline | None:
        """Return the timeline if it can be true; raises nothing, whatever the bytes."""
        try:
            return self.timeline and _checked(self.timeline(head, start, size), size)
        except struct.error:  # the head ends before what has to be known
            return None


def _checked(found: Timeline | None, size: int) -> Timeline | None:
    """Return ``found`` where it can be true."""
    if found is None or not 0 <= found.audio_start < size:
        return None
    return found if 0 < found.length_ms <= _LONGEST_MS else None
