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
  the last wanted piece and the next plan: aria2 and rtorrent then choke us, and
  let us wait for 11 to 30 s. So its anchors are all that is missing; it is asked
  for them when everything else is asked for, and an unlimited one on loopback gave
  27 MB before the next plan. Where there are other peers there is one: libtorrent
  asks several of them for the last blocks of a piece only where nothing else is to
  be asked for. There is one, too, before anybody is met, and while nobody listens:
  tags are read of a few pieces, and fetching the rest costs the listener.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

from mopidy_vozduxan.planning.calm import need_of
from mopidy_vozduxan.planning.demand import Demand, Head, Role, SwarmView
from mopidy_vozduxan.planning.plan import Plan, Urgency
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.planning.tiers import DEFAULT_TIERS, Tiers
from mopidy_vozduxan.planning.turns import Turns, turns_of
from mopidy_vozduxan.planning.window import (
    beginnings,
    due_in_ms,
    front,
    is_due,
    spans,
    unmet_heads,
)

#: Anchors where nothing else is wanted: one may come, the other is still missing.
TRICKLING = 2


def plans(
    demands: Sequence[Demand],
    swarms: Mapping[str, SwarmView],
    now_ms: int,
    tiers: Tiers = DEFAULT_TIERS,
) -> dict[str, Plan]:
    """Return the plan of every swarm in ``swarms``; ``now_ms`` is monotonic."""
    need = need_of(demands, swarms, tiers)
    heard = [d for d in demands if d.role is not Role.BACKGROUND]
    leading = {d.infohash for d in heard if d.role is Role.CURRENT or _waits(d)}
    turns = turns_of(demands, swarms, tiers) if need.is_calm else Turns()
    result = {}
    for infohash, view in swarms.items():
        own = [d for d in heard if d.infohash == infohash and d not in turns.held_back]
        yields = infohash in turns.yields
        canvas = _Canvas(view, now_ms, tiers.for_yielding() if yields else tiers)
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
        result[infohash] = canvas.plan(own, jumped=jumped)
    return result


def _waits(demand: Demand) -> bool:
    return any(head.waiting for head in demand.heads)


class _Canvas:
    """Urgencies being painted, the calm ones first, the pressing ones over them."""

    def __init__(self, view: SwarmView, now_ms: int, tiers: Tiers) -> None:
        self.view = view
        self.now_ms = now_ms
        self.tiers = tiers
        self.urgencies = bytearray(view.piece_count)
        self.due_ms: dict[int, int] = {}

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
        if urgency is Urgency.SOON:
            self._set_due(demand, pieces)

    def _set_due(self, demand: Demand, pieces: range) -> None:
        """Set deadlines where it is known that, and when, a piece is due soon."""
        if demand.playhead is None and demand.role is not Role.PREFETCH:
            return
        missing = (p for p in pieces if p not in self.view.held)
        for piece in itertools.islice(missing, self.tiers.deadlines):
            in_ms = due_in_ms(demand, demand.pieces.span_of(piece).start)
            if in_ms <= self.tiers.deadline_s * 1000:
                due = self.now_ms + in_ms
                self.due_ms[piece] = min(due, self.due_ms.get(piece, due))

    def _await(self, demand: Demand, head: Head) -> None:
        piece = demand.pieces.piece_at(head.offset)
        if head.earned and not is_due(demand, head, self.tiers):
            # The player reads megabytes past the playhead; such a wait is
            # long before its time, and must not outrank the next track.
            self.urgencies[piece] = max(self.urgencies[piece], Urgency.LATER)
            return
        self.urgencies[piece] = Urgency.NOW
        if not head.earned or head.stuck:
            self.due_ms[piece] = self.now_ms

    def plan(self, demands: Sequence[Demand], *, jumped: bool) -> Plan:
        """Return the plan, with anchors; a head has ``jumped`` and waits.

        They are wanted before the last other piece comes: a swarm that is
        finished for a moment already stops dialling the peers it knows.
        """
        for piece in self.view.hopeless:
            self.urgencies[piece] = Urgency.NONE
            self.due_ms.pop(piece, None)
        missing = sum(
            1
            for piece, urgency in enumerate(self.urgencies)
            if urgency and piece not in self.view.held
        )
        if not self.view.in_use:
            return Plan(bytes(self.urgencies), self.due_ms, not missing, missing)
        anchors = self._anchors(demands, jumped=jumped, trickle=not missing)
        for piece in anchors:
            self.urgencies[piece] = Urgency.ANCHOR
        # A deadline cancels, and who is alone may be one who forgets what was.
        due_ms = {} if self.view.has_one_peer else self.due_ms
        count = missing + len(anchors)
        return Plan(bytes(self.urgencies), due_ms, not missing, count)

    def _anchors(
        self, demands: Sequence[Demand], *, jumped: bool, trickle: bool
    ) -> list[int]:
        """Return missing, unwanted pieces, the next ones of the leading stream first.

        Those of a trickle are a head start for what is played next. Who is alone has
        been asked for nearly all of them; the last ones come last.
        """
        alone = self.view.has_one_peer
        first = min(demands, key=lambda d: d.role, default=None)
        start = first.pieces.pieces.stop if first else 0
        if (awaited := self.urgencies.find(Urgency.NOW)) >= 0:
            start = awaited + 1
        order = itertools.chain(range(start, self.view.piece_count), range(start))
        free = [p for p in order if not self.urgencies[p] and p not in self.view.held]
        if trickle:
            return free[-TRICKLING:] if alone else free[:TRICKLING]
        if alone and demands:
            return free
        # One took a seek from 0.3 to 0.8 s; a start, where nothing is asked for yet,
        # sounds 0.6 s earlier with one.
        return [] if jumped and self.view.held else free[:1]


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
