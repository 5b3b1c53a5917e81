"""When the lengths of a torrent's files will be known, by what its swarm has shown.

Pure; times are monotonic seconds. Counts what every file takes at least: one with
large pictures takes more.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from mopidy_vozduxan.engine.protocol import Statistics

F = TypeVar("F", bound=Hashable)

#: So long a swarm is watched before its rate counts.
WATCH_S = 0.4
#: It may grow yet, as peers are still being met, and asked for little: to three
#: times its rate after half a second, to twice that after a whole one.
GROWTH_S = 1.0


@dataclass(frozen=True, slots=True)
class Expected:
    """The soonest moments at which lengths are known; None where nobody can tell."""

    first: float | None = None
    all: float | None = None
    is_first_known: bool = False

    def worth_a_wait(self, until: float) -> bool:
        """Whether by ``until`` all may be known, or at least the first."""
        if self.first is None or self.all is None or self.all <= until:
            return True
        return not self.is_first_known and self.first <= until


NOBODY_KNOWS = Expected()


class Prospect(Generic[F]):
    """What is left to fetch of one torrent, and how fast that goes.

    ``heads`` has the pieces of each file's beginning, in the order they are read;
    ``first`` is the one whose length is wanted first.
    """

    def __init__(
        self, heads: Mapping[F, Iterable[int]], first: F | None, piece_length: int
    ) -> None:
        self._left = dict(heads)
        self._first = first
        self._piece_length = piece_length
        self._done = 0  # pieces of files that were read
        self._before: int | None = None  # payload before we asked
        self._begun: Statistics | None = None  # bytes came since
        self._latest = Statistics()

    def read(self, file: F) -> None:
        """Note that a file was read, or given up."""
        before = _union(self._left.values())
        self._left.pop(file, None)
        self._done += len(before) - len(_union(self._left.values()))

    def saw(self, statistics: Statistics) -> None:
        """Take the swarm's numbers."""
        if self._before is None:
            self._before = statistics.payload
        if self._begun is None and statistics.payload > self._before:
            self._begun = statistics
        self._latest = statistics

    def expected(self, now: float) -> Expected:
        """Return when the first length, and all of them, are known at the soonest."""
        rate = self._rate()
        if rate is None:
            return NOBODY_KNOWS
        return Expected(
            now + self._missing(self._up_to_first()) / rate,
            now + self._missing(_union(self._left.values())) / rate,
            self._first not in self._left,
        )

    def _up_to_first(self) -> set[int]:
        if self._first not in self._left:
            return set()
        files = list(self._left)
        return _union(self._left[f] for f in files[: files.index(self._first) + 1])

    def _rate(self) -> float | None:
        if self._begun is None:
            return None
        seconds = self._latest.at - self._begun.at
        if seconds < WATCH_S:
            return None
        came = self._latest.payload - self._begun.payload
        return max(1.0, came / seconds * (1 + GROWTH_S / seconds))

    def _missing(self, pieces: set[int]) -> int:
        """Return how many bytes are, of what comes on top of files that were read."""
        came = self._latest.payload - (self._before or 0)
        here = max(0, came - self._done * self._piece_length)
        return max(0, len(pieces) * self._piece_length - here)


def _union(heads: Iterable[Iterable[int]]) -> set[int]:
    return {piece for head in heads for piece in head}
