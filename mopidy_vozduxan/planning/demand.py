"""What streams ask of their swarms, and what planning has to know about a swarm."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from mopidy_vozduxan.planning.spans import PieceMap, Span


class Role(IntEnum):
    """What a stream is to the listener; a smaller number comes first."""

    CURRENT = 0
    PREFETCH = 1
    WARM = 2
    QUEUED = 3
    #: Nobody listens: tags, lengths or covers are read.
    BACKGROUND = 4
    #: Nobody listens: the file is fetched whole, because it is kept.
    KEPT = 5

    @property
    def is_heard(self) -> bool:
        """Whether a listener hears it, now or soon."""
        return self < Role.BACKGROUND

    @property
    def follows(self) -> bool:
        """Whether it is fetched because it will, or may, play later."""
        return self in (Role.PREFETCH, Role.WARM, Role.QUEUED)


@dataclass(frozen=True, slots=True)
class Head:
    """An offset that somebody consumes from.

    ``earned`` counts the bytes read contiguously up to ``offset``. ``waiting`` says
    that the consumer needs the byte at ``offset`` to continue, ``stuck`` that it has
    waited for seconds.
    """

    offset: int
    earned: int = 0
    waiting: bool = True
    stuck: bool = False


@dataclass(frozen=True, slots=True)
class Demand:
    """What one stream asks of its swarm.

    ``byte_rate`` is in bytes/s. ``playhead`` is the offset that sounds now, or
    ``None``. ``starts`` are the offsets of the next tracks in this stream, in order; if
    there are none, its first byte counts. ``starts_in_ms`` says when the stream's first
    byte will be due: what remains of the tracks before it. ``probes`` are spans that a
    demuxer looks at before it plays.
    """

    infohash: str
    role: Role
    pieces: PieceMap
    byte_rate: float
    heads: tuple[Head, ...] = ()
    starts: tuple[int, ...] = ()
    playhead: int | None = None
    starts_in_ms: int = 0
    probes: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class SwarmView:
    """What planning has to know about a swarm: its size in pieces, what we hold.

    ``in_use`` is false for a swarm that was joined only for its metadata: then no byte
    of its payload is wanted. ``rate`` is what it delivers, in bytes/s, ``peers`` how
    many it has. ``hopeless`` pieces must not be requested. They count as ``held``,
    because nothing waits for them. ``likely`` pieces may be on disk, so they are no
    anchors: they may be here at once. ``piece_length`` is in bytes.
    """

    piece_count: int
    held: set[int] | frozenset[int]
    in_use: bool = True
    rate: int = 0
    hopeless: frozenset[int] = frozenset()
    peers: int = 0
    likely: frozenset[int] | set[int] = frozenset()
    piece_length: int = 16 * 1024

    @property
    def has_several_peers(self) -> bool:
        """Whether we know several peers: a lone one must not hear that we are done.

        If we know of none, there may be one, and it may give two pieces before we know.
        """
        return self.peers > 1

    def holds(self, pieces: PieceMap, span: Span) -> bool:
        """Return whether the whole ``span`` of a stream is here."""
        return self.held.issuperset(pieces.pieces_of(span))
