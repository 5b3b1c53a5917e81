"""What we know about a container: a form that each module in this folder fills in.

Pure. :mod:`mopidy_vozduxan.audio.formats` has the table of all containers. The rest of
the package asks that table, and never names a format.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mopidy_vozduxan.audio.answering import Asking
from mopidy_vozduxan.audio.chapters import Chapter
from mopidy_vozduxan.audio.divisible import Divisible
from mopidy_vozduxan.audio.view import View
from mopidy_vozduxan.planning.position import Timeline
from mopidy_vozduxan.planning.spans import Span

# Bit rates (kbit/s) for guessing lengths. They are low on purpose, so that the guess is
# rather too long: core turns a seek beyond the length into "next", while a seek within
# a length that is too long works.
# 700: acoustic and classical CD rips; loud ones have 1000, hi-res 2500 and more.
LOSSLESS_KBPS = 700
PCM_KBPS = 1411  # 44.1 kHz x 16 bit x 2, exact for CDs
DSD_KBPS = 5645  # DSD64: 2.8224 MHz x 1 bit x 2
MP3_KBPS = 192  # V2; V0 has 245, most others 320
MUSEPACK_KBPS = 160
AAC_KBPS = 128  # the usual web rip; shops sell 256
VORBIS_KBPS = 128  # quality 4; most rips are 5 to 8 (160 to 256)
OPUS_KBPS = 96  # most rips are 96 to 160
VIDEO_KBPS = 1000  # with its sound; films have 1500 and more
SPEECH_KBPS = 64  # audio books

Improve = Callable[[bytes, int, int], Asking[tuple[bytes, Span] | None]]

_LONGEST_MS = 7 * 24 * 3600 * 1000  # "unknown", all bits set, is 49 days or more


@dataclass(frozen=True, slots=True)
class Format:
    """What a file's extension tells: a content type and the usual bit rate.

    Demuxers read ``tail_kib`` at the end of the file before they play.
    """

    content_type: str
    nominal_kbps: int
    tail_kib: int = 0

    def length_ms(self, size: int) -> int:
        """Guess the length of ``size`` bytes."""
        return max(1, size * 8 // self.nominal_kbps)  # bytes * 8 / (kbit/s) is ms


@dataclass(frozen=True, slots=True)
class LateIndex:
    """How to find and read an index that follows the audio.

    ``find`` takes a file's first bytes, the offset where it starts and its size. It
    returns the span of the audio if the index follows it. ``read`` takes the bytes that
    follow the span, the span and the size.
    """

    find: Callable[[bytes, int, int], Span | None]
    read: Callable[[bytes, Span, int], Timeline | None]

    def audio_before(self, head: bytes, start: int, size: int) -> Span | None:
        """Return the span of the audio; never raises."""
        try:
            return self.find(head, start, size)
        except struct.error:
            return None

    def timeline_of(self, index: bytes, audio: Span, size: int) -> Timeline | None:
        """Return the timeline if it is plausible; never raises."""
        try:
            return _checked(self.read(index, audio, size), size)
        except struct.error:
            return None


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of file. Only the extensions are required.

    The callables get bytes from strangers, and bound what they look at. If bytes are
    missing they may raise :class:`struct.error` or :class:`IndexError`; ``cut`` and
    ``view`` raise :class:`~mopidy_vozduxan.audio.sound.CutFailed`.
    """

    #: By extension: lower case, without the dot.
    formats: Mapping[str, Format]
    #: The file's signature: an offset and the bytes there. A container without one is
    #: known by its extensions alone.
    signatures: tuple[tuple[int, bytes], ...] = ()

    #: Takes the file's first bytes, the offset where it starts (behind a tag) and its
    #: size. Returns its timeline, if the bytes give it.
    timeline: Callable[[bytes, int, int], Timeline | None] | None = None
    late_index: LateIndex | None = None
    #: Takes the offset where the file starts and its size. Reads what cutting it needs.
    cut: Callable[[int, int], Asking[Divisible]] | None = None
    #: GStreamer's demuxer finds each sample of such files, so it can cut them.
    demuxer_cuts: bool = False

    #: Takes the offset where the file starts and its size. Reads its chapters.
    chapters: Callable[[int, int], Asking[list[Chapter]]] | None = None

    #: There may be tags at the end: ID3v1 or APEv2.
    tags_at_end: bool = False
    #: If the file does not give its length, GStreamer extrapolates the bit rate of the
    #: first frames. That is wrong if the bit rate varies.
    length_is_guess: bool = False
    #: Takes the offset where the file starts and its size. Reads its length in ms, if
    #: the bytes give it. For containers where GStreamer gets it wrong.
    measure: Callable[[int, int], Asking[int | None]] | None = None
    #: Takes the first bytes, then the same. Reads a header that the file lacks, and the
    #: span to serve behind it, so that players find their way; None if it needs none.
    improve: Improve | None = None
    #: Takes the first bytes, the offset and the size. Whether the samples may be frames
    #: of DTS (:func:`~mopidy_vozduxan.audio.dts.is_dts`).
    may_hide: Callable[[bytes, int, int], bool] | None = None
    #: Takes the offset and the size. Reads tags behind the sound, which players do not
    #: see, and returns a short silent file with these tags; b"" if there are none.
    late_tags: Callable[[int, int], Asking[bytes]] | None = None
    #: Takes the first bytes, and returns the number of samples that the decoder gives.
    #: For containers where the demuxer gets it wrong.
    sample_count: Callable[[bytes], int | None] | None = None
    #: Takes the offset where the file starts and its size. Presents the file to a
    #: demuxer as another kind of file.
    view: Callable[[int, int], Asking[View]] | None = None

    def timeline_of(self, head: bytes, start: int, size: int) -> Timeline | None:
        """Return the timeline if it is plausible; never raises."""
        try:
            return self.timeline and _checked(self.timeline(head, start, size), size)
        except struct.error:  # the head is too short
            return None


def _checked(found: Timeline | None, size: int) -> Timeline | None:
    """Return ``found`` if it is plausible."""
    if found is None or not 0 <= found.audio_start < size:
        return None
    return found if 0 < found.length_ms <= _LONGEST_MS else None
