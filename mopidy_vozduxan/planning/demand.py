"""What streams ask of their swarms, and what planning has to know of a swarm."""

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
    #: Tags, lengths and covers are read: nobody listens to it.
    BACKGROUND = 4

    @property
    def follows(self) -> bool:
        """Whether it is fetched because it will, or may, be played later."""
        return self in (Role.PREFETCH, Role.WARM, Role.QUEUED)


@dataclass(frozen=True, slots=True)
class Head:
    """An offset somebody consumes from.

    ``earned`` counts the bytes read contiguously up to ``offset``; ``waiting``
    says that the consumer can do nothing until the byte at ``offset`` is here,
    ``stuck`` that this has lasted for seconds.
    """

    offset: int
    earned: int = 0
    waiting: bool = True
    stuck: bool = False


@dataclass(frozen=True, slots=True)
class Demand:
    """What one stream asks of its swarm.

    ``byte_rate`` is in bytes/s. ``playhead`` is the offset that sounds now, or
    ``None``. ``starts`` are the offsets of tracks that come next in this stream, the
    next first; without any it is its first byte. ``starts_in_ms`` says when the
    stream's first byte will be due (what remains of the tracks before it).
    ``probes`` are spans that a demuxer looks at before it plays.
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
    """What planning has to know of a swarm: its size in pieces, what it holds.

    ``in_use`` is false for a swarm that was joined for its metadata only: not
    a byte of its payload is wanted then. ``rate`` is what it delivers, in bytes/s,
    ``peers`` how many it has.
    ``hopeless`` pieces are not to be asked for; they are among the ``held``, because
    nothing waits for them.
    """

    piece_count: int
    held: set[int] | frozenset[int]
    in_use: bool = True
    rate: int = 0
    hopeless: frozenset[int] = frozenset()
    peers: int = 0

    @property
    def has_several_peers(self) -> bool:
        """Whether more than one peer is known; one must not be told that we are done.

        Who is not known yet may be one, and may have given two pieces before we know.
        """
        return self.peers > 1

    def holds(self, pieces: PieceMap, span: Span) -> bool:
        """Return whether all of a stream's ``span`` is here."""
        return self.held.issuperset(pieces.pieces_of(span))
