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
from dataclasses import dataclass
from enum import IntEnum

from mopidy_vozduxan.planning.plan import Plan, Urgency
from mopidy_vozduxan.planning.spans import PieceMap, Span


class Role(IntEnum):
    """What a stream is to the listener; a smaller number comes first."""

    CURRENT = 0
    PREFETCH = 1
    WARM = 2
    QUEUED = 3


@dataclass(frozen=True, slots=True)
class Tiers:
    """How far ahead of a head the tiers reach, in seconds and pieces."""

    soon_s: float = 15.0
    later_s: float = 60.0
    soon_pieces: tuple[int, int] = (2, 20)
    later_pieces: int = 60
    prefetch_s: float = 30.0
    head_s: float = 10.0
    #: A deadline also makes a piece as urgent as one that is waited for, and the
    #: engine then fetches them in any order: with 8 of them the one waited for
    #: came up to 2.2 s late, in a swarm of 1.5 times the bitrate.
    deadlines: int = 2
    #: A window reaches this many times the contiguously read bytes.
    earning: int = 4


def tiers_of(readahead_s: float) -> Tiers:
    """Return tiers that reach ``readahead_s`` ahead in all."""
    return Tiers(soon_s=min(15.0, readahead_s), later_s=readahead_s)


@dataclass(frozen=True, slots=True)
class Head:
    """An offset somebody consumes from.

    ``earned`` counts the bytes read contiguously up to ``offset``; ``waiting``
    says that the consumer can do nothing until the byte at ``offset`` is here.
    """

    offset: int
    earned: int = 0
    waiting: bool = True


@dataclass(frozen=True, slots=True)
class Demand:
    """What one stream asks of its swarm.

    ``byte_rate`` is in bytes/s. ``playhead`` is the offset that sounds now, or
    ``None``. ``starts_in_ms`` says when the stream's first byte will be due
    (what remains of the tracks before it). ``probes`` are spans that a demuxer
    looks at before it plays.
    """

    infohash: str
    role: Role
    pieces: PieceMap
    byte_rate: float
    heads: tuple[Head, ...] = ()
    playhead: int | None = None
    starts_in_ms: int = 0
    probes: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class SwarmView:
    """What planning has to know of a swarm: its size in pieces, what it holds.

    ``in_use`` is false for a swarm that was joined for its metadata only: not
    a byte of its payload is wanted then.
    """

    piece_count: int
    held: set[int] | frozenset[int]
    in_use: bool = True


def plans(
    demands: Sequence[Demand],
    swarms: Mapping[str, SwarmView],
    now_ms: int,
    tiers: Tiers = Tiers(),
) -> dict[str, Plan]:
    """Return the plan of every swarm in ``swarms``; ``now_ms`` is monotonic."""
    jumps = {d.infohash for d in demands if _jumped(d, swarms[d.infohash])}
    calm = not jumps and all(
        _is_safe(d, swarms[d.infohash], tiers)
        for d in demands
        if d.role is Role.CURRENT
    )
    leading = {d.infohash for d in demands if d.role is Role.CURRENT or _waits(d)}
    result = {}
    for infohash, view in swarms.items():
        own = [d for d in demands if d.infohash == infohash]
        canvas = _Canvas(view, now_ms, tiers)
        if infohash in jumps:
            canvas.paint_awaited(own)
        elif calm or infohash in leading:
            canvas.paint(own, calm=calm)
        result[infohash] = canvas.plan(own, anchored=infohash not in jumps)
    return result


def _waits(demand: Demand) -> bool:
    return any(head.waiting for head in demand.heads)


def _missing(demand: Demand, head: Head, view: SwarmView) -> bool:
    if not head.waiting or head.offset >= demand.pieces.size:
        return False
    return demand.pieces.piece_at(head.offset) not in view.held


def _jumped(demand: Demand, view: SwarmView) -> bool:
    return any(not h.earned and _missing(demand, h, view) for h in demand.heads)


def _is_safe(demand: Demand, view: SwarmView, tiers: Tiers) -> bool:
    """Whether all that is due soon at every head is on disk."""
    reach = int(tiers.soon_s * demand.byte_rate)
    starts = [h.offset for h in demand.heads]
    if demand.playhead is not None:
        starts = [demand.playhead]
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
        layers = [
            (u, d)
            for u in (Urgency.IDLE, Urgency.LATER, Urgency.SOON)
            for d in sorted(demands, key=lambda d: -d.role)
        ]
        for urgency, demand in layers:
            for span in _spans(demand, urgency, self.view, self.tiers, calm=calm):
                self._fill(demand, span, urgency)
        self.paint_awaited(demands)

    def _fill(self, demand: Demand, span: Span, urgency: Urgency) -> None:
        # Layers come in rising urgency, so painting over is taking the maximum.
        pieces = demand.pieces.pieces_of(span)
        self.urgencies[pieces.start : pieces.stop] = bytes([urgency]) * len(pieces)
        if urgency is Urgency.SOON:
            self._set_due(demand, pieces)

    def _set_due(self, demand: Demand, pieces: range) -> None:
        missing = [p for p in pieces if p not in self.view.held]
        for piece in missing[: self.tiers.deadlines]:
            due = self.now_ms + _due_in_ms(demand, demand.pieces.span_of(piece).start)
            self.due_ms[piece] = min(due, self.due_ms.get(piece, due))

    def _await(self, demand: Demand, head: Head) -> None:
        piece = demand.pieces.piece_at(head.offset)
        due_in_ms = _due_in_ms(demand, head.offset) if head.earned else 0
        if due_in_ms > self.tiers.soon_s * 1000:
            # The player reads megabytes past the playhead; such a wait is
            # long before its time, and must not outrank the next track.
            self.urgencies[piece] = max(self.urgencies[piece], Urgency.LATER)
            return
        self.urgencies[piece] = Urgency.NOW
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


def _spans(
    demand: Demand, urgency: Urgency, view: SwarmView, tiers: Tiers, *, calm: bool
) -> list[Span]:
    """Return the parts of a stream that deserve ``urgency`` by its role."""
    if demand.role is Role.CURRENT or demand.heads:
        return _current_spans(demand, urgency, view, tiers)
    return _waiting_spans(demand, urgency, tiers, calm=calm)


def _current_spans(
    demand: Demand, urgency: Urgency, view: SwarmView, tiers: Tiers
) -> list[Span]:
    heads = [h for h in demand.heads if h.earned]
    playing = [
        Head(offset, earned=demand.pieces.size, waiting=False)
        for offset in [demand.playhead]
        if offset is not None
    ]
    if urgency is Urgency.IDLE:
        return _rest(demand, playing + heads, view)
    if urgency is Urgency.LATER:
        reach = (tiers.later_s, (0, tiers.later_pieces))
        return [_window(demand, h, *reach, tiers) for h in playing + heads]
    # What is due soon counts from what sounds; readers run megabytes ahead.
    reach = (tiers.soon_s, tiers.soon_pieces)
    windows = [_window(demand, h, *reach, tiers) for h in playing or heads]
    return windows + list(demand.probes if heads else ())


def _rest(demand: Demand, heads: Sequence[Head], view: SwarmView) -> list[Span]:
    """Return the rest of the file; what lies behind the heads comes last."""
    size = demand.pieces.size
    start = min((h.offset for h in heads), default=0)
    ahead = Span(start, size)
    if view.held.issuperset(demand.pieces.pieces_of(ahead)):
        return [Span(0, size)]
    return [ahead]


def _window(
    demand: Demand,
    head: Head,
    seconds: float,
    pieces: tuple[int, int],
    tiers: Tiers,
) -> Span:
    """Return the span ahead of ``head`` that ``seconds`` of audio take.

    It holds at least and at most so many pieces, and no more than the head
    has earned.
    """
    least, most = (n * demand.pieces.piece_length for n in pieces)
    reach = min(max(int(seconds * demand.byte_rate), least), most)
    earned = max(head.earned * tiers.earning, demand.pieces.piece_length)
    return Span(head.offset, head.offset + min(reach, earned))


def _waiting_spans(
    demand: Demand, urgency: Urgency, tiers: Tiers, *, calm: bool
) -> list[Span]:
    """Return what a stream wants that nobody reads yet: its beginning, early."""
    seconds = tiers.prefetch_s if demand.role is Role.PREFETCH else tiers.head_s
    head = Span(0, int(seconds * demand.byte_rate))
    prefetch = calm and demand.role is Role.PREFETCH
    if urgency is Urgency.SOON:
        due = demand.starts_in_ms < tiers.soon_s * 1000
        return [head, *demand.probes] if prefetch and due else []
    if urgency is Urgency.LATER:
        return [head, *demand.probes] if prefetch else []
    return [Span(0, demand.pieces.size)] if demand.role is Role.PREFETCH else [head]
