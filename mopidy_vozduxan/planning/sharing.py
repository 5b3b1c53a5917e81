"""Which pieces of which swarm are wanted now: one plan per swarm.

All demands come in together, because streams of one torrent share pieces and
peers, and because bandwidth is shared by all swarms. What one of them deserves
is the matter of :mod:`~mopidy_vozduxan.planning.window`.

Design notes
------------
- *A swarm in use is never finished.* libtorrent and its seeds hang up on each
  other when nothing wanted is missing, and do not meet again for minutes; so
  missing pieces, the anchors, always stay wanted.
- *A seed that is alone is never told "not interested"*, not for the 2 ms between
  the last wanted piece and the next plan: aria2 and rtorrent then choke us for 11 to
  30 s. So many anchors follow what is wanted. This holds before anybody is met, too:
  rtorrent gave two pieces 9 ms after we met it, and we did not know of it yet.
- *Several peers have one anchor at most*: libtorrent asks several of them for the
  last blocks of a piece only if it has nothing else to ask for.
- *While nobody listens there is one anchor*: reading tags takes a few pieces, and
  fetching the rest costs the listener.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from mopidy_vozduxan.planning.budget import LEAST, alone, at_ease
from mopidy_vozduxan.planning.calm import Need, need_of
from mopidy_vozduxan.planning.demand import Demand, Head, Role, SwarmView
from mopidy_vozduxan.planning.plan import Plan, Urgency
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
) -> dict[str, Plan]:
    """Return the plan of every swarm in ``swarms``."""
    need = need_of(demands, swarms, tiers)
    heard = [d for d in demands if d.role is not Role.BACKGROUND]
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
        if need.is_calm and not jumped:
            canvas.paint_background(
                d
                for d in demands
                if d.infohash == infohash and d.role is Role.BACKGROUND
            )
        result[infohash] = canvas.plan(own, _limit(own, view, need), jumped)
    return result


def _waits(demand: Demand) -> bool:
    return any(head.waiting for head in demand.heads)


class _Canvas:
    """Urgencies being painted, the calm ones first, the pressing ones over them."""

    def __init__(self, view: SwarmView, tiers: Tiers) -> None:
        self.view = view
        self.tiers = tiers
        self.urgencies = bytearray(view.piece_count)
        self.hurried: set[int] = set()

    def paint_awaited(self, demands: Iterable[Demand]) -> None:
        """Want the pieces somebody waits for, and nothing else."""
        for demand in demands:
            for head in unmet_heads(demand, self.view):
                self._await(demand, head)

    def paint_near(self, demands: Sequence[Demand]) -> None:
        """Want what is due within the first tier, and nothing else."""
        for demand in demands:
            for span in spans(demand, Urgency.SOON, self.tiers, calm=False):
                self._fill(demand, span, Urgency.SOON)
            for head in unmet_heads(demand, self.view):
                if is_due(demand, head, self.tiers):
                    self._await(demand, head)

    def paint(self, demands: Sequence[Demand], *, calm: bool) -> None:
        """Want what each demand asks for; ``calm`` lets the later roles in."""
        for demand, span in _in_turn(demands, calm=calm, tiers=self.tiers):
            self._fill(demand, span, Urgency.IDLE)
            if not self.view.holds(demand.pieces, span):
                break  # what comes after this waits for it
        following = [d for d in demands if calm and _follows(d)]
        later, tiers, opening = following, self.tiers, self.tiers.for_opening()
        if self._hold_beginnings(following, tiers):
            later = list(demands)  # else the next beginning comes first
        elif not self._hold_beginnings(following, opening):
            tiers = opening
        for urgency, those in ((Urgency.LATER, later), (Urgency.SOON, demands)):
            for demand in sorted(those, key=lambda d: -d.role):
                for span in spans(demand, urgency, tiers, calm=calm):
                    self._fill(demand, span, urgency)
        self.paint_awaited(demands)

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
        # They come in rising urgency, so painting over is taking the maximum.
        pieces = demand.pieces.pieces_of(span)
        self.urgencies[pieces.start : pieces.stop] = bytes([urgency]) * len(pieces)

    def _await(self, demand: Demand, head: Head) -> None:
        piece = demand.pieces.piece_at(head.offset)
        if head.earned and not is_due(demand, head, self.tiers):
            # The player reads megabytes past the playhead; such a wait is
            # long before its time, and must not outrank the next track.
            self.urgencies[piece] = max(self.urgencies[piece], Urgency.LATER)
            return
        self.urgencies[piece] = Urgency.NOW
        if not head.earned or head.stuck:
            self.hurried.add(piece)

    def plan(self, demands: Sequence[Demand], limit: int | None, jumped: bool) -> Plan:
        """Return the plan, with anchors: ``limit`` missing pieces at most.

        They are wanted before the last other piece comes: a swarm that is
        finished for a moment already stops dialling the peers it knows.
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
        for piece in anchors:
            self.urgencies[piece] = Urgency.ANCHOR
        # A deadline cancels, and who is alone may be one who forgets what was.
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

        Among equals the next ones from ``start`` on are first.
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
        return [
            piece
            for piece in (*range(start, self.view.piece_count), *range(start))
            if not self.urgencies[piece] and piece not in self.view.held
        ]

    def _anchors(
        self, free: list[int], missing: int, limit: int | None, jumped: bool
    ) -> list[int]:
        """Return those of the ``free`` pieces that keep the peers.

        Those of a trickle are a head start for what is played next. Who is alone is
        asked for many of them, and never for all: Transmission 3.00 remembers the
        address of a peer that has everything, and does not let it in again.
        """
        several = self.view.has_several_peers
        if not missing:
            return free[:LEAST] if several else free[-LEAST:]
        room = len(free) if limit is None else limit - missing
        if not several and limit is not None:
            return free[:-LEAST][:room] or free[: min(1, room)]
        # One took a seek from 0.3 to 0.8 s; a start, where nothing is asked for yet,
        # sounds 0.6 s earlier with one.
        return [] if jumped and self.view.held else free[: min(1, room)]


def _limit(demands: Sequence[Demand], view: SwarmView, need: Need) -> int | None:
    """Return how many pieces are wanted at one time; ``None``: all that are."""
    if not demands:
        return None
    piece_length = demands[0].pieces.piece_length
    if not view.has_several_peers:
        return alone(piece_length)
    if need.is_at_ease and demands[0].infohash not in need.jumps:
        return at_ease(view.rate, piece_length)
    return None


def _in_turn(
    demands: Sequence[Demand], *, calm: bool, tiers: Tiers
) -> Iterable[tuple[Demand, Span]]:
    """Return what is wanted some day, in the order it is wanted.

    The rest of what plays; then, in calm, the beginnings of what follows, the
    rest of the next track, and what lies behind.
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
