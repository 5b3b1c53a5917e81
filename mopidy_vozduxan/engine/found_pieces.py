"""The pieces of one swarm that libtorrent does not hold, and that are on disk anyway.

A *likely* piece may be on disk: its bytes are there, and nobody has checked them. What
is wanted of it is held back from libtorrent until it is checked. A *found* piece has
matched its hash; libtorrent is never asked for it. Touches neither disk nor session.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from heapq import heappop, heappush

from mopidy_vozduxan.engine.places import Place
from mopidy_vozduxan.planning.plan import Changes, Plan, Urgency


class FoundPieces:
    """None, until :meth:`learn`."""

    def __init__(self) -> None:
        self.places: tuple[Place, ...] = ()
        self.likely: set[int] = set()
        self._found: dict[int, Place] = {}
        self._wanted: dict[int, Urgency] = {}
        self._hurried: set[int] = set()
        self._order: list[tuple[int, int]] = []  # a heap; entries may be outdated

    @property
    def found(self) -> Set[int]:
        """The pieces that have matched their hash."""
        return self._found.keys()

    @property
    def ours(self) -> set[int]:
        """The found pieces that lie in our own folder."""
        return {piece for piece, place in self._found.items() if place.ours}

    def learn(self, places: Iterable[Place], held: Set[int]) -> None:
        """Take the places where files lie; libtorrent holds ``held`` already."""
        self.places = tuple(places)
        for place in self.places:
            self.likely |= place.likely
        self.settle(held)

    def settle(self, held: Set[int]) -> None:
        """Leave to libtorrent what it holds."""
        self.likely -= held
        for piece in self._found.keys() & held:
            del self._found[piece]

    def want(self, plan: Plan) -> None:
        """Take a first plan; the caller keeps likely pieces of it from libtorrent."""
        pairs = enumerate(plan.urgencies)
        wanted = tuple((piece, Urgency(u)) for piece, u in pairs if u)
        self.hold_back(Changes(wanted, tuple(plan.hurried)))

    def hold_back(self, changes: Changes) -> Changes:
        """Keep what concerns pieces that may be on disk; return the rest."""
        if not self.likely and not self._found:
            return changes
        if changes.unhurried:
            self._hurried.clear()
        self._hurried.update(self.likely.intersection(changes.hurried))
        for piece, urgency in changes.urgencies:
            if piece in self.likely:
                self._want(piece, urgency)
        for piece in self.likely.intersection(changes.hurried):
            self._want(piece, Urgency.NOW)
        here = self.likely | self._found.keys()
        return Changes(
            tuple(pair for pair in changes.urgencies if pair[0] not in here),
            tuple(piece for piece in changes.hurried if piece not in here),
            changes.unhurried,
            changes.trickle,
        )

    def _want(self, piece: int, urgency: Urgency) -> None:
        self._wanted[piece] = urgency
        if urgency > Urgency.ANCHOR:  # nobody needs an anchor
            heappush(self._order, (-urgency, piece))

    def next(self) -> int | None:
        """Return the most urgent piece to check; ``None`` if none is wanted."""
        while self._order:
            urgency, piece = self._order[0]
            if piece in self.likely and self._wanted[piece] == -urgency:
                return piece
            heappop(self._order)
        return None

    def place_of(self, piece: int) -> Place | None:
        """Return where a found piece lies."""
        return self._found.get(piece)

    def find(self, piece: int, place: Place) -> None:
        """Note that a likely piece has matched its hash."""
        self._forget(piece)
        self._found[piece] = place

    def miss(self, piece: int, trickle: bool) -> Changes:
        """Note that a likely piece is not there; return what is wanted of it."""
        hurried = (piece,) if piece in self._hurried else ()
        urgency = self._wanted.get(piece, Urgency.NONE)
        self._forget(piece)
        return Changes(((piece, urgency),), hurried, trickle=trickle)

    def lose(self, piece: int) -> None:
        """Note that a found piece has changed since."""
        self._found.pop(piece, None)

    def _forget(self, piece: int) -> None:
        self.likely.discard(piece)
        self._hurried.discard(piece)
        self._wanted.pop(piece, None)
