"""What a lossless file holds, and how a WAV file of it begins. Pure."""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.torrent.tags import CUE_FRAMES_PER_S

T = TypeVar("T")

#: A computation that asks for spans of a file, is sent their bytes (fewer only at
#: the file's end), and returns a ``T``. It does no reading itself.
Reading = Generator[Span, bytes, T]

#: DSD512, as its decoder gives it; all else has 768 kHz at most.
_MOST_RATE = 2_822_400
_PCM, _EXTENSIBLE = 1, 0xFFFE
_SUBTYPE_TAIL = bytes.fromhex("000000001000800000aa00389b71")
#: Speakers of one to eight channels, as FLAC and WAV order them (RFC 9639, 9.1.3).
_SPEAKERS = (0x4, 0x3, 0x7, 0x33, 0x607, 0x3F, 0x70F, 0x63F)


class CutFailed(VozduxanError):
    """The file is damaged, or of a kind that cannot be cut."""


@dataclass(frozen=True, slots=True)
class Sound:
    """PCM: ``samples`` per channel at ``rate`` per second, ``bits`` each."""

    rate: int
    channels: int
    bits: int
    samples: int

    def __post_init__(self) -> None:
        sane = 1 <= self.channels <= 8 and 4 <= self.bits <= 32 and self.samples > 0
        if not sane or not 1000 <= self.rate <= _MOST_RATE:
            raise CutFailed("The file does not say how long it is, or how it sounds.")

    @property
    def wave_bytes(self) -> int:
        """Bytes of one number in a WAV file that loses nothing of it."""
        return max(2, -(-self.bits // 8))

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels in that WAV file."""
        return self.channels * self.wave_bytes

    @property
    def gst_format(self) -> str:
        """What GStreamer calls such numbers."""
        return {2: "S16LE", 3: "S24LE", 4: "S32LE"}[self.wave_bytes]

    def sample_at(self, cue_frames: int | None) -> int:
        """Return the sample that a CUE sheet means; None is the end of the file."""
        if cue_frames is None:
            return self.samples
        return min(cue_frames * self.rate // CUE_FRAMES_PER_S, self.samples)

    def wave_head(self, samples: int) -> bytes:
        """Return what comes before the samples in a WAV file of ``samples``."""
        rate, size = self.rate, self.frame_bytes
        kind = _PCM if self.channels <= 2 else _EXTENSIBLE
        numbers = (kind, self.channels, rate, rate * size, size, self.wave_bytes * 8)
        form = struct.pack("<HHIIHH", *numbers)
        if kind == _EXTENSIBLE:
            speakers = _SPEAKERS[self.channels - 1]
            form += struct.pack("<HHIH", 22, self.wave_bytes * 8, speakers, _PCM)
            form += _SUBTYPE_TAIL
        return wave_head(form, samples * size)


def wave_head(form: bytes, length: int) -> bytes:
    """Return the head of a WAV file with ``length`` bytes of samples.

    ``form`` is the body of its ``fmt`` chunk. From 4 GiB on, where the numbers
    end, the length is given as 0: players then take what comes.
    """
    whole = 4 + 8 + len(form) + 8 + length
    known = (whole, length) if whole < 1 << 32 else (0, 0)
    chunk = struct.pack("<4sI", b"fmt ", len(form)) + form
    head = struct.pack("<4sI4s", b"RIFF", known[0], b"WAVE")
    return head + chunk + struct.pack("<4sI", b"data", known[1])


@dataclass(frozen=True, slots=True)
class Packet:
    """What a decoder is given at once: ``prefix``, then the bytes of ``span``."""

    prefix: bytes
    span: Span


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A ``sample`` that a decoder can begin at, and the offset of its first byte."""

    sample: int
    offset: int


class Compressed(Protocol):
    """A lossless file whose samples a decoder has to work out.

    ``elements`` is that decoder in GStreamer's notation, and ``caps`` what the
    packets are to it ("" for the bytes of the file as they are).
    """

    sound: Sound
    elements: str
    caps: str

    def locate(self, sample: int) -> Reading[Place]:
        """Find a place at or before ``sample``, as near as is quickly found."""

    def packets(self, place: Place) -> Iterator[Packet]:
        """Yield what decodes to the samples from ``place`` to the end."""
