"""Files that can be cut, as the cutter sees them. Pure.

There are two kinds: files that have to be decoded (:class:`Compressed`), and files of
which a part is a span of their own bytes (:class:`SpannedFile`).
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
    """One buffer for a decoder: ``prefix``, then the bytes of ``span``."""

    prefix: bytes
    span: Span


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A ``sample`` at which a decoder can start, and its offset."""

    sample: int
    offset: int


class Compressed(Protocol):
    """A lossless file that has to be decoded.

    ``elements`` is the decoder in GStreamer's notation, ``caps`` are the packets' caps
    ("" if packets are the file's own bytes).
    """

    sound: Sound
    elements: str
    caps: str

    def locate(self, sample: int) -> Asking[Place]:
        """Find a place at or shortly before ``sample``."""

    def packets(self, place: Place) -> Iterator[Packet]:
        """Yield packets that decode to the samples from ``place`` to the end."""


class SpannedFile(ABC):
    """A file of which a part is a span of its own bytes, after a header."""

    #: The content type of a part.
    content_type: ClassVar[str]

    @abstractmethod
    def span(self, start: int, stop: int | None) -> Asking[Span]:
        """Find a part's bytes. It is in CUE frames; None is the file's end."""

    def head(self, length: int) -> bytes:
        """Return the header of a part of ``length`` bytes."""
        return b""


Divisible = Compressed | SpannedFile
