"""Position in ms ↔ offset in bytes, by proportion over the audio of a file.

A proportion is exact for constant bitrates, and close for the rest. With a seek table,
the proportion applies between its points. Never reads a file.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter

#: A position in ms, and the offset of the byte that sounds then.
Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A stream of ``size`` bytes that plays for ``length_ms``.

    ``audio_start`` is the offset of the first audio byte: tags and pictures before it
    take no time. ``points`` are known positions in between; those that do not increase
    in both, or are outside the audio, are left out. A point at ``length_ms`` is the end
    of the audio: what follows it takes no time either.
    """

    size: int
    length_ms: int
    audio_start: int = 0
    points: tuple[Point, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", tuple(self._rising()))

    def _rising(self) -> Iterator[Point]:
        position, offset = self._start
        for point in self.points:
            higher = position < point[0] <= self.length_ms
            if higher and offset < point[1] <= self.size:
                position, offset = point
                yield point

    @property
    def _start(self) -> Point:
        return (0, self.audio_start)

    @property
    def _end(self) -> Point:
        if self.points and self.points[-1][0] == self.length_ms:
            return self.points[-1]
        return (max(0, self.length_ms), max(self.audio_start, self.size))

    @property
    def byte_rate(self) -> float:
        """Bytes of audio per second on average; at least one."""
        audio = self._end[1] - self.audio_start
        return max(1.0, audio * 1000 / max(1, self.length_ms))

    def offset_at(self, position_ms: int) -> int:
        """Return the offset of the byte that sounds at ``position_ms``."""
        played = min(max(position_ms, 0), self._end[0])
        low, high = self._around(played, axis=0)
        offset = low[1] + (high[1] - low[1]) * (played - low[0]) // _apart(low, high, 0)
        return min(max(offset, 0), max(0, self.size - 1))

    def position_at(self, offset: int) -> int:
        """Return the position in ms at which the byte ``offset`` sounds."""
        heard = min(max(offset, self.audio_start), self._end[1])
        low, high = self._around(heard, axis=1)
        return low[0] + (high[0] - low[0]) * (heard - low[1]) // _apart(low, high, 1)

    def _around(self, value: int, axis: int) -> tuple[Point, Point]:
        """Return the points before and after a position (0) or an offset (1)."""
        index = bisect_right(self.points, value, key=itemgetter(axis))
        low = self.points[index - 1] if index else self._start
        high = self.points[index] if index < len(self.points) else self._end
        return low, high


def _apart(low: Point, high: Point, axis: int) -> int:
    return max(1, high[axis] - low[axis])
