"""Files of which a part can be cut out, as the cutter sees them. Pure.

There are two kinds: samples that a decoder has to work out (:class:`Compressed`), and
files of which a part is a span of their own bytes (:class:`SpannedFile`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Protocol

from mopidy_vozduxan.audio.answering import Asking
from mopidy_vozduxan.audio.sound import Sound
from mopidy_vozduxan.planning.spans import Span


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

    def locate(self, sample: int) -> Asking[Place]:
        """Find a place at or before ``sample``, as near as is quickly found."""

    def packets(self, place: Place) -> Iterator[Packet]:
        """Yield what decodes to the samples from ``place`` to the end."""


class SpannedFile(ABC):
    """A file of which a part is a span of its own bytes, behind a head."""

    #: That of a part.
    content_type: ClassVar[str]

    @abstractmethod
    def span(self, start: int, stop: int | None) -> Asking[Span]:
        """Find the bytes of a part, in CUE frames; None is the end of the file."""

    def head(self, length: int) -> bytes:
        """Return what comes before ``length`` bytes of the file in one of their own."""
        return b""


Divisible = Compressed | SpannedFile
