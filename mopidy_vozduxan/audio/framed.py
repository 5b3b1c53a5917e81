"""Finds a sample in a file whose frames are numbered: FLAC, WavPack. Pure.

A few probes of some dozens of kilobytes each find a frame shortly before the sample,
and nothing before it has to be read. Frames that were found are remembered, so the next
search is shorter.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mopidy_vozduxan.audio.answering import Asking
from mopidy_vozduxan.audio.divisible import Packet, Place
from mopidy_vozduxan.audio.sound import Sound
from mopidy_vozduxan.planning.spans import Span

#: The size of a decoder's buffers.
_PACKET_BYTES = 64 * 1024
#: Skipping this much takes some 10 ms of decoding.
_NEAR_S = 1
#: After this many guesses by proportion we bisect.
_GUESSES = 4
_MOST_PROBES = 24


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame header: its offset, the first sample, and the number of samples."""

    offset: int
    sample: int
    samples: int


class FramedFile:
    """Such a file. Subclasses know the frame headers.

    Any ``window`` bytes of the file hold at least two frames.
    """

    elements = ""
    caps = ""

    def __init__(self, sound: Sound, first: int, size: int, window: int) -> None:
        self.sound = sound
        self._size = size
        self._window = window
        self._places = [Place(0, first), Place(sound.samples, size)]
        self._hints: set[Place] = set()

    def frames(self, data: bytes) -> Iterator[Frame]:
        """Yield whatever looks like a frame header in ``data``, in order."""
        raise NotImplementedError

    def head(self) -> bytes:
        """Return what a decoder needs before the first frame."""
        return b""

    def hint(self, place: Place) -> None:
        """Take a place from the file's own table; it may be wrong."""
        if self._remember(place):
            self._hints.add(place)

    def locate(self, sample: int) -> Asking[Place]:
        """Find a place at or before ``sample``."""
        place = yield from self._search(sample)
        if place in self._hints:
            start = place.offset
            data = yield Span(start, min(start + self._window, self._size))
            first = next(self.frames(data), None)
            if first and (first.offset, first.sample) == (0, place.sample):
                self._hints.discard(place)
            else:
                self._places = [p for p in self._places if p not in self._hints]
                self._hints.clear()
                place = yield from self._search(sample)
        return place

    def _search(self, sample: int) -> Asking[Place]:
        low, high = self._around(sample)
        for probe in range(_MOST_PROBES):
            near = sample - low.sample <= _NEAR_S * self.sound.rate
            if near or high.offset - low.offset <= self._window:
                break
            guess = self._guess(low, high, sample, probe)
            data = yield Span(guess, min(guess + self._window, self._size))
            found = self._first_place(data, guess, low, high)
            if found is None:
                high = Place(high.sample, guess)
            elif found.sample <= sample:
                low = found
            else:
                high = Place(found.sample, guess)
        return low

    def packets(self, place: Place) -> Iterator[Packet]:
        """Yield the head, then the file's bytes from ``place`` on."""
        yield Packet(self.head(), Span(0, 0))
        for start in range(place.offset, self._size, _PACKET_BYTES):
            yield Packet(b"", Span(start, min(start + _PACKET_BYTES, self._size)))

    def _remember(self, place: Place) -> bool:
        after = bisect_right(self._places, place)
        if not 0 < after < len(self._places):
            return False
        low, high = self._places[after - 1], self._places[after]
        fits = low.sample < place.sample < high.sample
        if fits and low.offset < place.offset < high.offset:
            self._places.insert(after, place)
            return True
        return False

    def _around(self, sample: int) -> tuple[Place, Place]:
        after = bisect_right(self._places, sample, key=lambda place: place.sample)
        after = min(max(after, 1), len(self._places) - 1)
        return self._places[after - 1], self._places[after]

    def _guess(self, low: Place, high: Place, sample: int, probe: int) -> int:
        """Return an offset that is probably shortly before ``sample``."""
        apart = high.offset - low.offset
        if probe >= _GUESSES:
            return low.offset + apart // 2
        wanted = max(0, sample - low.sample - _NEAR_S * self.sound.rate // 2)
        way = apart * wanted // max(1, high.sample - low.sample)
        return low.offset + min(max(way, 1), apart - 1)

    def _first_place(
        self, data: bytes, start: int, low: Place, high: Place
    ) -> Place | None:
        """Return the first frame that another one confirms."""
        frames = [
            frame
            for frame in self.frames(data)
            if low.sample < frame.sample < high.sample
        ]
        first = _first_followed(frames)
        if first is None:
            return None
        place = Place(first.sample, start + first.offset)
        self._remember(place)
        return place


def _first_followed(frames: Sequence[Frame]) -> Frame | None:
    begins = {frame.sample: frame.offset for frame in frames}
    for frame in frames:
        if begins.get(frame.sample + frame.samples, -1) > frame.offset:
            return frame
    return None
