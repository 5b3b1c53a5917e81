"""The window of one stream: which of its spans are wanted, and how soon.

Sees one demand at a time. :mod:`~mopidy_vozduxan.planning.sharing` decides between
several demands.

Design notes
------------
- *Readahead is earned.* The window of a head reaches no further than a few times what
  was read contiguously. So a demuxer's tail probe fetches its piece, and does not move
  the window.
"""

from __future__ import annotations

from mopidy_vozduxan.planning.demand import Demand, Head, Role, SwarmView
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.planning.spans import Span
from mopidy_vozduxan.planning.tiers import Tiers


def spans(demand: Demand, urgency: Urgency, tiers: Tiers, *, calm: bool) -> list[Span]:
    """Return the parts of a stream that have ``urgency`` by its role.

    ``urgency`` is LATER or SOON; ``calm`` includes the later roles.
    """
    if demand.role is Role.CURRENT or demand.heads:
        found = _current_spans(demand, urgency, tiers)
        if calm and demand.starts and urgency is Urgency.LATER:
            found += beginnings(demand, tiers)
        return found
    if not calm or demand.role is not Role.PREFETCH:
        return []
    due = demand.starts_in_ms < tiers.soon_s * 1000
    if urgency is Urgency.SOON and not due:
        return []
    return [*beginnings(demand, tiers), *demand.probes]


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
    # What is due soon counts from the playhead; readers are megabytes ahead.
    reach = soon_reach(demand, tiers, tiers.soon_s)
    windows = [_window(demand, h, reach, tiers) for h in playing or heads]
    return windows + list(demand.probes if heads else ())


def _window(demand: Demand, head: Head, reach: int, tiers: Tiers) -> Span:
    """Return the span ahead of ``head``, limited to what it has earned."""
    earned = max(head.earned * tiers.earning, demand.pieces.piece_length)
    return Span(head.offset, head.offset + min(reach, earned))


def soon_reach(demand: Demand, tiers: Tiers, seconds: float) -> int:
    """Return the bytes of ``seconds``, within the first tier's bounds."""
    least, most = (n * demand.pieces.piece_length for n in tiers.soon_pieces)
    wanted = int(seconds * demand.byte_rate)
    return min(max(wanted, least), max(most, tiers.soon_bytes))


def _later_reach(demand: Demand, tiers: Tiers) -> int:
    """Return the bytes of the first two tiers."""
    most = max(tiers.later_pieces * demand.pieces.piece_length, tiers.later_bytes)
    return min(int(tiers.later_s * demand.byte_rate), most)


def beginnings(demand: Demand, tiers: Tiers) -> list[Span]:
    """Return the beginning of the file, or the beginnings of the next tracks in it.

    The start of a track inside a file is less certain, so its beginning includes the
    second before.
    """
    next_s = tiers.prefetch_s if demand.role <= Role.PREFETCH else tiers.head_s
    rate, most = demand.byte_rate, tiers.prefetch_bytes
    if not demand.starts:
        return [Span(0, min(int(next_s * rate), most))]
    lengths = (next_s, *(tiers.head_s for _ in demand.starts[1:]))
    found = [
        Span(int(start - rate), start + min(int(seconds * rate), most))
        for start, seconds in zip(demand.starts, lengths, strict=True)
    ]
    return [Span(0, 1), *(span.clipped(demand.pieces.size) for span in found)]


def front(demand: Demand) -> int:
    """Return the smallest offset of the heads that have read anything."""
    fronts = [head.offset for head in demand.heads if head.earned]
    if demand.playhead is not None:
        fronts.append(demand.playhead)
    return min(fronts, default=0)


def unmet_heads(demand: Demand, view: SwarmView) -> list[Head]:
    """Return the heads that wait for a missing piece."""
    return [
        head
        for head in demand.heads
        if head.waiting
        and head.offset < demand.pieces.size
        and demand.pieces.piece_at(head.offset) not in view.held
    ]


def due_in_ms(demand: Demand, offset: int) -> int:
    """Return in how many ms the byte at ``offset`` is due."""
    if demand.playhead is not None and offset >= demand.playhead:
        origin = demand.playhead
    else:
        origin = max((h.offset for h in demand.heads if h.offset <= offset), default=0)
    ahead_ms = int((offset - origin) * 1000 / max(1.0, demand.byte_rate))
    return demand.starts_in_ms + max(0, ahead_ms)


def is_due(demand: Demand, head: Head, tiers: Tiers) -> bool:
    """Whether the byte at ``head`` is due within the first tier."""
    return due_in_ms(demand, head.offset) <= tiers.soon_s * 1000


def opening_bytes(demand: Demand, tiers: Tiers) -> int:
    """Return the most that the beginnings of a stream take on disk.

    Neighbours put their parts of two shared pieces into the file, too.
    """
    pieces = {
        piece
        for span in beginnings(demand, tiers)
        for piece in demand.pieces.pieces_of(span)
    }
    return (len(pieces) + 2) * demand.pieces.piece_length
