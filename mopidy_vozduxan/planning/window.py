"""Which pieces of which swarm are wanted now: one plan per swarm.

All demands come in together, because streams of one torrent share pieces and
peers, and because bandwidth is shared by all swarms.

Design notes
------------
- *While a head that has just jumped waits for a piece, nothing else of its
  swarm is wanted.* Measured on 4 seeders of 500 kB/s and 100 ms round trip:
  1.05 s to the first byte instead of 1.6-2.4 s with three pieces wanted.
- *Readahead is earned.* The window of a head reaches no further than a few
  times what was read contiguously, so a demuxer's tail probe fetches its
  piece and leaves the window where it was.
- *A swarm in use is never finished.* libtorrent and its seeds hang up on each
  other when nothing wanted is missing, and do not meet again for minutes; so
  one missing piece, the anchor, always stays wanted.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

from mopidy_vozduxan.planning.demand import Demand, Head, Role, SwarmView
from mopidy_vozduxan.planning.plan import Plan, Urgency
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.planning.tiers import DEFAULT_TIERS, Tiers


def plans(
    demands: Sequence[Demand],
    swarms: Mapping[str, SwarmView],
    now_ms: int,
    tiers: Tiers = DEFAULT_TIERS,
) -> dict[str, Plan]:
    """Return the plan of every swarm in ``swarms``; ``now_ms`` is monotonic."""
    safe = {
        infohash: all(
            _is_safe(d, view, tiers)
            for d in demands
            if d.infohash == infohash and d.role is Role.CURRENT
        )
        for infohash, view in swarms.items()
    }
    heard = [d for d in demands if d.role is not Role.BACKGROUND]
    jumping = [d for d in heard if _jumped(d, swarms[d.infohash], tiers)]
    leaders = [d for d in jumping if d.role is Role.CURRENT]
    jumps = {d.infohash for d in jumping if d in leaders or safe[d.infohash]}
    calm = is_calm(demands, swarms, tiers)
    leading = {d.infohash for d in heard if d.role is Role.CURRENT or _waits(d)}
    result = {}
    for infohash, view in swarms.items():
        own = [d for d in heard if d.infohash == infohash]
        canvas = _Canvas(view, now_ms, tiers)
        if infohash in jumps:
            canvas.paint_awaited(own)
        elif calm or infohash in leading:
            canvas.paint(own, calm=calm)
        if calm and infohash not in jumps:
            canvas.paint_background(
                d for d in demands if d.infohash == infohash and d not in own
            )
        # A seek with an anchor took 0.8 s instead of 0.3 s; a start, where
        # nothing is asked for yet, sounds 0.6 s earlier with one.
        result[infohash] = canvas.plan(
            own, anchored=infohash not in jumps or not view.held
        )
    return result


def is_calm(
    demands: Iterable[Demand],
    swarms: Mapping[str, SwarmView],
    tiers: Tiers = DEFAULT_TIERS,
) -> bool:
    """Whether what plays has all that is due soon; only then others are served."""
    playing = ((d, swarms[d.infohash]) for d in demands if d.role is Role.CURRENT)
    return all(
        _is_safe(demand, view, tiers) and not _jumped(demand, view, tiers)
        for demand, view in playing
    )


def _waits(demand: Demand) -> bool:
    return any(head.waiting for head in demand.heads)


def _missing(demand: Demand, head: Head, view: SwarmView) -> bool:
    if not head.waiting or head.offset >= demand.pieces.size:
        return False
    return demand.pieces.piece_at(head.offset) not in view.held


def _jumped(demand: Demand, view: SwarmView, tiers: Tiers) -> bool:
    """Whether a head waits that has read nothing yet, or is stuck and due.

    A piece that nobody has must not hide behind others that come in.
    """
    return any(
        _missing(demand, head, view)
        and (not head.earned or (head.stuck and _is_due(demand, head, tiers)))
        for head in demand.heads
    )


def _is_due(demand: Demand, head: Head, tiers: Tiers) -> bool:
    return _due_in_ms(demand, head.offset) <= tiers.soon_s * 1000


def _is_safe(demand: Demand, view: SwarmView, tiers: Tiers) -> bool:
    """Whether all that is due soon, at the playhead or every head, is on disk."""
    if demand.playhead is None:
        starts = [head.offset for head in demand.heads]
    else:
        starts = [demand.playhead]
    reach = _soon_reach(demand, tiers, tiers.safe_s)
    return all(
        view.held.issuperset(demand.pieces.pieces_of(Span(start, start + reach)))
        for start in starts
    )


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
            for head in demand.heads:
                if _missing(demand, head, self.view):
                    self._await(demand, head)

    def paint(self, demands: Sequence[Demand], *, calm: bool) -> None:
        """Want what each demand asks for; ``calm`` lets the later roles in."""
        for demand, span in _in_turn(demands, calm=calm, tiers=self.tiers):
            self._fill(demand, span, Urgency.IDLE)
            if not self._holds(demand, span):
                break  # what comes after this waits for it
        following = [d for d in demands if calm and _follows(d)]
        later, tiers, opening = following, self.tiers, self.tiers.for_opening()
        if self._hold_beginnings(following, tiers):
            later = list(demands)  # else the next beginning comes first
        elif not self._hold_beginnings(following, opening):
            tiers = opening
        for urgency, those in ((Urgency.LATER, later), (Urgency.SOON, demands)):
            for demand in sorted(those, key=lambda d: -d.role):
                for span in _spans(demand, urgency, tiers, calm=calm):
                    self._fill(demand, span, urgency)
        self.paint_awaited(demands)

    def paint_background(self, demands: Iterable[Demand]) -> None:
        """Want what a read in the background waits for, and as much again."""
        waiting = (
            (demand, head)
            for demand in demands
            for head in demand.heads
            if _missing(demand, head, self.view)
        )
        for demand, head in waiting:
            stop = min(head.offset + max(head.earned, 1), demand.pieces.size)
            for piece in demand.pieces.pieces_of(Span(head.offset, stop)):
                self.urgencies[piece] = max(self.urgencies[piece], Urgency.LATER)

    def _hold_beginnings(self, demands: Iterable[Demand], tiers: Tiers) -> bool:
        return all(
            self._holds(d, span) for d in demands for span in _beginnings(d, tiers)
        )

    def _holds(self, demand: Demand, span: Span) -> bool:
        return self.view.held.issuperset(demand.pieces.pieces_of(span))

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
            due_in_ms = _due_in_ms(demand, demand.pieces.span_of(piece).start)
            if due_in_ms <= self.tiers.deadline_s * 1000:
                due = self.now_ms + due_in_ms
                self.due_ms[piece] = min(due, self.due_ms.get(piece, due))

    def _await(self, demand: Demand, head: Head) -> None:
        piece = demand.pieces.piece_at(head.offset)
        if head.earned and not _is_due(demand, head, self.tiers):
            # The player reads megabytes past the playhead; such a wait is
            # long before its time, and must not outrank the next track.
            self.urgencies[piece] = max(self.urgencies[piece], Urgency.LATER)
            return
        self.urgencies[piece] = Urgency.NOW
        if not head.earned or head.stuck:
            self.due_ms[piece] = self.now_ms

    def plan(self, demands: Sequence[Demand], *, anchored: bool) -> Plan:
        """Return the plan; ``anchored`` adds a piece that stays wanted.

        The anchor is wanted before the last other piece comes: a swarm that is
        finished for a moment already stops dialling the peers it knows.
        """
        trickle = not any(
            urgency and piece not in self.view.held
            for piece, urgency in enumerate(self.urgencies)
        )
        anchor = self._anchor(demands) if anchored and self.view.in_use else None
        if anchor is not None:
            self.urgencies[anchor] = Urgency.IDLE
        return Plan(bytes(self.urgencies), self.due_ms, trickle)

    def _anchor(self, demands: Sequence[Demand]) -> int | None:
        """Return the next missing, unwanted piece after the leading stream."""
        first = min(demands, key=lambda d: d.role, default=None)
        start = first.pieces.pieces.stop if first else 0
        if (awaited := self.urgencies.find(Urgency.NOW)) >= 0:
            start = awaited + 1
        order = itertools.chain(range(start, self.view.piece_count), range(start))
        return next(
            (p for p in order if not self.urgencies[p] and p not in self.view.held),
            None,
        )


def _due_in_ms(demand: Demand, offset: int) -> int:
    """Return in how many ms the byte at ``offset`` will be needed."""
    if demand.playhead is not None and offset >= demand.playhead:
        origin = demand.playhead
    else:
        origin = max((h.offset for h in demand.heads if h.offset <= offset), default=0)
    ahead_ms = int((offset - origin) * 1000 / max(1.0, demand.byte_rate))
    return demand.starts_in_ms + max(0, ahead_ms)


def _in_turn(
    demands: Sequence[Demand], *, calm: bool, tiers: Tiers
) -> Iterable[tuple[Demand, Span]]:
    """Return what is wanted some day, in the order it is wanted.

    The rest of what plays; then, in calm, the beginnings of what follows, the
    rest of the next track, and what lies behind.
    """
    read = [d for d in demands if d.role is Role.CURRENT or d.heads]
    for demand in read:
        yield demand, Span(_front(demand), demand.pieces.size)
    if calm:
        waiting = sorted((d for d in demands if d not in read), key=lambda d: d.role)
        for demand in waiting:
            for span in _beginnings(demand, tiers):
                yield demand, span
        for demand in waiting:
            if demand.role is Role.PREFETCH:
                yield demand, Span(0, demand.pieces.size)
    for demand in read:
        yield demand, Span(0, demand.pieces.size)


def _follows(demand: Demand) -> bool:
    return demand.role is Role.PREFETCH and not demand.heads


def _front(demand: Demand) -> int:
    """Return the offset of the rearmost head that has proved itself."""
    fronts = [head.offset for head in demand.heads if head.earned]
    if demand.playhead is not None:
        fronts.append(demand.playhead)
    return min(fronts, default=0)


def _beginnings(demand: Demand, tiers: Tiers) -> list[Span]:
    """Return the beginning of the file, or those of the tracks that come next.

    Where a track begins is less sure within a file, so it is from a second before.
    """
    next_s = tiers.prefetch_s if demand.role <= Role.PREFETCH else tiers.head_s
    rate, most = demand.byte_rate, tiers.prefetch_bytes
    if not demand.starts:
        return [Span(0, min(int(next_s * rate), most))]
    lengths = (next_s, *(tiers.head_s for _ in demand.starts[1:]))
    spans = [
        Span(int(start - rate), start + min(int(seconds * rate), most))
        for start, seconds in zip(demand.starts, lengths, strict=True)
    ]
    return [Span(0, 1), *(span.clipped(demand.pieces.size) for span in spans)]


def _spans(demand: Demand, urgency: Urgency, tiers: Tiers, *, calm: bool) -> list[Span]:
    """Return the parts of a stream that deserve ``urgency`` by its role."""
    if demand.role is Role.CURRENT or demand.heads:
        spans = _current_spans(demand, urgency, tiers)
        if calm and demand.starts and urgency is Urgency.LATER:
            spans += _beginnings(demand, tiers)
        return spans
    if not calm or demand.role is not Role.PREFETCH:
        return []
    due = demand.starts_in_ms < tiers.soon_s * 1000
    if urgency is Urgency.SOON and not due:
        return []
    return [*_beginnings(demand, tiers), *demand.probes]


def _current_spans(demand: Demand, urgency: Urgency, tiers: Tiers) -> list[Span]:
    heads = [h for h in demand.heads if h.earned]
    playing = [
        Head(offset, earned=demand.pieces.size, waiting=False)
        for offset in [demand.playhead]
        if offset is not None
    ]
    if urgency is Urgency.LATER:
        reach = _later_reach(demand, tiers)
        return [_window(demand, h, reach, tiers) for h in playing + heads]
    # What is due soon counts from what sounds; readers run megabytes ahead.
    reach = _soon_reach(demand, tiers, tiers.soon_s)
    windows = [_window(demand, h, reach, tiers) for h in playing or heads]
    return windows + list(demand.probes if heads else ())


def _soon_reach(demand: Demand, tiers: Tiers, seconds: float) -> int:
    """Return how many bytes ``seconds`` take, within the first tier's bounds."""
    least, most = (n * demand.pieces.piece_length for n in tiers.soon_pieces)
    wanted = int(seconds * demand.byte_rate)
    return min(max(wanted, least), max(most, tiers.soon_bytes))


def _later_reach(demand: Demand, tiers: Tiers) -> int:
    """Return how many bytes the first two tiers take."""
    most = max(tiers.later_pieces * demand.pieces.piece_length, tiers.later_bytes)
    return min(int(tiers.later_s * demand.byte_rate), most)


def _window(demand: Demand, head: Head, reach: int, tiers: Tiers) -> Span:
    """Return the span ahead of ``head``: no more than it has earned."""
    earned = max(head.earned * tiers.earning, demand.pieces.piece_length)
    return Span(head.offset, head.offset + min(reach, earned))
