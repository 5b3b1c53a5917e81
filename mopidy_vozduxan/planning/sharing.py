"""Which pieces of which swarm are wanted now: one plan per swarm.

Sees all demands together, because streams of one torrent share pieces and peers, and
all swarms share the bandwidth. :mod:`~mopidy_vozduxan.planning.window` sees one at a
time.

Design notes
------------
- *A swarm in use is never finished.* If no wanted piece is missing, libtorrent and its
  seeds hang up on each other, and do not reconnect for minutes. So some missing pieces,
  the anchors, always stay wanted.
- *We never tell a lone seed that we are "not interested"*, not even for the 2 ms
  between the last wanted piece and the next plan: aria2 and rtorrent then choke us for
  11 to 30 s. So we add many anchors to the wanted pieces. We also do that before the
  first connection: rtorrent gave two pieces in 9 ms, before we knew about it.
- *With several peers there is at most one anchor*: libtorrent asks more than one peer
  for the last blocks of a piece only if it has nothing else to request.
- *While nobody listens there is one anchor*: reading tags takes a few pieces, and
  fetching the rest costs the listener.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from mopidy_vozduxan.planning.budget import LEAST, alone
from mopidy_vozduxan.planning.calm import need_of
from mopidy_vozduxan.planning.demand import Demand, Head, Role, SwarmView
from mopidy_vozduxan.planning.plan import Plan, Urgency
from mopidy_vozduxan.planning.room import EVERYTHING, Allowance, admitted
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.planning.tiers import DEFAULT_TIERS, Tiers
from mopidy_vozduxan.planning.turns import Turns, turns_of
from mopidy_vozduxan.planning.window import (
    beginnings,
    front,
    is_due,
    spans,
    unmet_heads,
)


def plans(
    demands: Sequence[Demand],
    swarms: Mapping[str, SwarmView],
    tiers: Tiers = DEFAULT_TIERS,
    allowed: Allowance = EVERYTHING,
    *,
    listening: bool = True,
) -> dict[str, Plan]:
    """Return the plan of every swarm in ``swarms``, as far as there is room.

    What is kept is not wanted while somebody is ``listening``.
    """
    demands = admitted(demands, allowed.room)
    need = need_of(demands, swarms, tiers)
    heard = [d for d in demands if d.role.is_heard]
    leading = {d.infohash for d in heard if d.role is Role.CURRENT or _waits(d)}
    turns = turns_of(demands, swarms, tiers) if need.is_calm else Turns()
    result = {}
    for infohash, view in swarms.items():
        own = [d for d in heard if d.infohash == infohash and d not in turns.held_back]
        yields = infohash in turns.yields
        canvas = _Canvas(view, tiers.for_yielding() if yields else tiers)
        jumped = infohash in need.jumps
        if jumped:
            canvas.paint_awaited(own)
        elif yields:
            canvas.paint_near(own)
        elif need.is_calm or infohash in leading:
            canvas.paint(own, calm=need.is_calm)
        if not listening:
            kept = [
                d for d in demands if d.infohash == infohash and d.role is Role.KEPT
            ]
            canvas.paint_kept(kept, allowed.kept(view.piece_length))
        if need.is_calm and not jumped:
            canvas.paint_background(
                d
                for d in demands
                if d.infohash == infohash and d.role is Role.BACKGROUND
            )
        result[infohash] = canvas.plan(own, _limit(own, view), jumped, allowed)
    return result


def _waits(demand: Demand) -> bool:
    return any(head.waiting for head in demand.heads)


class _Canvas:
    """The urgencies of one swarm's pieces: higher ones are painted over lower ones."""

    def __init__(self, view: SwarmView, tiers: Tiers) -> None:
        self.view = view
        self.tiers = tiers
        self.urgencies = bytearray(view.piece_count)
        self.hurried: set[int] = set()

    def paint_awaited(self, demands: Iterable[Demand]) -> None:
        """Want only the pieces that somebody waits for."""
        for demand in demands:
            for head in unmet_heads(demand, self.view):
                self._await(demand, head)

    def paint_near(self, demands: Sequence[Demand]) -> None:
        """Want only what is due within the first tier."""
        for demand in demands:
            for span in spans(demand, Urgency.SOON, self.tiers, calm=False):
                self._fill(demand, span, Urgency.SOON)
            for head in unmet_heads(demand, self.view):
                if is_due(demand, head, self.tiers):
                    self._await(demand, head)

    def paint(self, demands: Sequence[Demand], *, calm: bool) -> None:
        """Want what each demand asks for; ``calm`` includes the later roles."""
        for demand, span in _in_turn(demands, calm=calm, tiers=self.tiers):
            self._fill(demand, span, Urgency.IDLE)
            if not self.view.holds(demand.pieces, span):
                break  # later spans wait for this one
        following = [d for d in demands if calm and _follows(d)]
        later, tiers, opening = following, self.tiers, self.tiers.for_opening()
        if self._hold_beginnings(following, tiers):
            later = list(demands)  # otherwise the next beginning comes first
        elif not self._hold_beginnings(following, opening):
            tiers = opening
        for urgency, those in ((Urgency.LATER, later), (Urgency.SOON, demands)):
            for demand in sorted(those, key=lambda d: -d.role):
                for span in spans(demand, urgency, tiers, calm=calm):
                    self._fill(demand, span, urgency)
        self.paint_awaited(demands)

    def paint_kept(self, demands: Iterable[Demand], most: int | None) -> None:
        """Want all of what is kept, after everything else; ``most`` missing pieces."""
        kept = (piece for demand in demands for piece in demand.pieces.pieces)
        missing = (piece for piece in kept if piece not in self.view.held)
        for piece in islice(missing, most):
            self.urgencies[piece] = max(self.urgencies[piece], Urgency.IDLE)

    def paint_background(self, demands: Iterable[Demand]) -> None:
        """Want what a read in the background waits for, and as much again."""
        for demand in demands:
            for head in unmet_heads(demand, self.view):
                stop = min(head.offset + max(head.earned, 1), demand.pieces.size)
                for piece in demand.pieces.pieces_of(Span(head.offset, stop)):
                    self.urgencies[piece] = max(self.urgencies[piece], Urgency.LATER)

    def _hold_beginnings(self, demands: Iterable[Demand], tiers: Tiers) -> bool:
        return all(
            self.view.holds(d.pieces, span)
            for d in demands
            for span in beginnings(d, tiers)
        )

    def _fill(self, demand: Demand, span: Span, urgency: Urgency) -> None:
        # Spans come in rising urgency, so painting over them takes the maximum.
        pieces = demand.pieces.pieces_of(span)
        self.urgencies[pieces.start : pieces.stop] = bytes([urgency]) * len(pieces)

    def _await(self, demand: Demand, head: Head) -> None:
        piece = demand.pieces.piece_at(head.offset)
        if head.earned and not is_due(demand, head, self.tiers):
            # The player reads megabytes beyond the playhead. It waits long before it
            # needs the bytes, so this must not outrank the next track.
            self.urgencies[piece] = max(self.urgencies[piece], Urgency.LATER)
            return
        self.urgencies[piece] = Urgency.NOW
        if not head.earned or head.stuck:
            self.hurried.add(piece)

    def plan(
        self,
        demands: Sequence[Demand],
        limit: int | None,
        jumped: bool,
        allowed: Allowance,
    ) -> Plan:
        """Return the plan, with anchors: at most ``limit`` missing pieces.

        Anchors are wanted before the last other piece comes: a swarm that is finished,
        even for a moment, stops calling the peers it knows.
        """
        for piece in self.view.hopeless:
            self.urgencies[piece] = Urgency.NONE
            self.hurried.discard(piece)
        start = self._start(demands)
        order = list(self._missing(start))
        missing = order[:limit]
        for piece in order[len(missing) :]:
            self.urgencies[piece] = Urgency.NONE
        anchors = []
        if self.view.in_use:
            free = self._free(start)
            anchors = self._anchors(free, len(missing), limit, jumped)
            least = 1 if missing else LEAST
            anchors = anchors[: allowed.anchors(self.view.piece_length, least)]
        for piece in anchors:
            self.urgencies[piece] = Urgency.ANCHOR
        # A deadline cancels requests, and a lone peer may forget cancelled ones.
        hurried = () if self.view.peers == 1 else self.hurried
        count = len(missing) + len(anchors)
        return Plan(bytes(self.urgencies), frozenset(hurried), not missing, count)

    def _start(self, demands: Sequence[Demand]) -> int:
        """Return the piece at which the leading stream is read."""
        if (awaited := self.urgencies.find(Urgency.NOW)) >= 0:
            return awaited
        first = min(demands, key=lambda d: d.role, default=None)
        if first is None:
            return 0
        return first.pieces.piece_at(min(front(first), first.pieces.size - 1))

    def _missing(self, start: int) -> Iterator[int]:
        """Yield the wanted pieces that are missing, the most urgent first.

        Among equally urgent ones, those that follow ``start`` are first.
        """
        for urgency in sorted(set(self.urgencies) - {Urgency.NONE}, reverse=True):
            for first, stop in ((start, self.view.piece_count), (0, start)):
                piece = self.urgencies.find(urgency, first, stop)
                while piece >= 0:
                    if piece not in self.view.held:
                        yield piece
                    piece = self.urgencies.find(urgency, piece + 1, stop)

    def _free(self, start: int) -> list[int]:
        """Return the missing pieces that nobody wants, the next ones first."""
        here = self.view.held | self.view.likely if self.view.likely else self.view.held
        return [
            piece
            for piece in (*range(start, self.view.piece_count), *range(start))
            if not self.urgencies[piece] and piece not in here
        ]

    def _anchors(
        self, free: list[int], missing: int, limit: int | None, jumped: bool
    ) -> list[int]:
        """Return the ``free`` pieces that keep the peers connected.

        In a trickle they are a head start for what is played next. We have asked a lone
        peer for many of them, so the last ones come last.
        """
        several = self.view.has_several_peers
        room = len(free) if limit is None else limit - missing
        if not several and limit is not None:
            return free[:room]
        if not missing:
            return free[:LEAST] if several else free[-LEAST:]
        # With an anchor a seek took 0.8 s instead of 0.3 s. A start, when nothing has
        # been requested yet, sounds 0.6 s earlier with one.
        return [] if jumped and self.view.held else free[: min(1, room)]


def _limit(demands: Sequence[Demand], view: SwarmView) -> int | None:
    """Return how many pieces may be wanted at one time; ``None`` is no limit."""
    if view.has_several_peers or not demands:
        return None
    return alone(demands[0].pieces.piece_length)


def _in_turn(
    demands: Sequence[Demand], *, calm: bool, tiers: Tiers
) -> Iterable[tuple[Demand, Span]]:
    """Return what is wanted at some time, in this order.

    The rest of what plays; then, in calm, the beginnings of the following tracks, the
    rest of the next one, and what is behind the playhead.
    """
    read = [d for d in demands if d.role is Role.CURRENT or d.heads]
    for demand in read:
        yield demand, Span(front(demand), demand.pieces.size)
    if calm:
        waiting = sorted((d for d in demands if d not in read), key=lambda d: d.role)
        for demand in waiting:
            for span in beginnings(demand, tiers):
                yield demand, span
        for demand in waiting:
            if demand.role is Role.PREFETCH:
                yield demand, Span(0, demand.pieces.size)
    for demand in read:
        yield demand, Span(0, demand.pieces.size)


def _follows(demand: Demand) -> bool:
    return demand.role is Role.PREFETCH and not demand.heads
