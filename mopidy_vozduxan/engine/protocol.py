"""The seam: what we need from a torrent engine, and what it tells us.

Everything above this folder speaks in these values only. A swarm is named by
its infohash: lower-case hex, v1 (40 digits) where the torrent has one, else
v2 (64 digits).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mopidy_vozduxan.planning.plan import Changes, Plan
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentSource


@dataclass(frozen=True, slots=True)
class Statistics:
    """A swarm at one moment; rates in bytes/s.

    ``payload`` are the bytes fetched so far, of which ``wasted`` were wrong, or came
    twice. Both may begin anew at 0.
    """

    download_rate: int = 0
    upload_rate: int = 0
    num_peers: int = 0
    num_seeds: int = 0
    payload: int = 0
    wasted: int = 0


@dataclass(frozen=True, slots=True)
class MetadataReceived:
    """The metadata came from a peer; ``torrent`` is it as ``.torrent`` bytes."""

    infohash: str
    metainfo: Metainfo
    torrent: bytes


@dataclass(frozen=True, slots=True)
class PiecesHeld:
    """The whole truth about what is on disk: after adding, checking, or a loss."""

    infohash: str
    held: frozenset[int]


@dataclass(frozen=True, slots=True)
class PieceFinished:
    """A piece passed its hash check. It may not be in the file yet: read it here."""

    infohash: str
    piece: int


@dataclass(frozen=True, slots=True)
class PieceRead:
    """The answer to ``read_piece``."""

    infohash: str
    piece: int
    data: bytes


@dataclass(frozen=True, slots=True)
class PieceUnreadable:
    """The other answer to ``read_piece``; ``reason`` is the engine's word."""

    infohash: str
    piece: int
    reason: str


@dataclass(frozen=True, slots=True)
class PiecesLost:
    """Held pieces that are no longer what they were: overwritten, cut short, gone.

    The engine takes them for held all the same, until the swarm is left and joined
    again; then they are missing. Without any, only what was half fetched is lost.
    """

    infohash: str
    pieces: frozenset[int]


@dataclass(frozen=True, slots=True)
class PieceWrong:
    """A piece came, and did not fit its hash; it is asked for again.

    ``elsewhere`` says that a peer, and no web seed, has it.
    """

    infohash: str
    piece: int
    elsewhere: bool


@dataclass(frozen=True, slots=True)
class PieceOffered:
    """A peer that was not there before has a piece that came wrong."""

    infohash: str
    piece: int


@dataclass(frozen=True, slots=True)
class SwarmBroke:
    """The torrent stopped with an error; ``storage`` where the disk is to blame."""

    infohash: str
    reason: str
    storage: bool = False


@dataclass(frozen=True, slots=True)
class StatisticsChanged:
    """New numbers of one swarm."""

    infohash: str
    statistics: Statistics


@dataclass(frozen=True, slots=True)
class EventsLost:
    """The engine's queue overflowed; :class:`PiecesHeld` follows for every swarm."""


@dataclass(frozen=True, slots=True)
class WayOut:
    """Whether anybody can be reached: the devices that we are bound to are there.

    Told when that changes. Nothing is told where there is a way from the start.
    """

    there: bool


Event = (
    MetadataReceived
    | PiecesHeld
    | PieceFinished
    | PieceRead
    | PieceUnreadable
    | PiecesLost
    | PieceWrong
    | PieceOffered
    | SwarmBroke
    | StatisticsChanged
    | EventsLost
    | WayOut
)


class Engine(Protocol):
    """A torrent engine.

    Every method is called on our event loop and returns at once.
    """

    def start(
        self, loop: asyncio.AbstractEventLoop, on_event: Callable[[Event], None]
    ) -> None:
        """Open the session; ``on_event`` is called on ``loop`` from then on."""

    def add(self, source: TorrentSource, plan: Plan | None) -> None:
        """Join a swarm, wanting what ``plan`` says from the first moment.

        Without a plan (a magnet) nothing is wanted until :meth:`apply`.
        Adding a swarm that is there has the trackers and peers of the source's
        magnet link asked too. :class:`PiecesHeld` follows the first time.
        """

    def apply(self, infohash: str, changes: Changes) -> None:
        """Change what is wanted. An unknown swarm is ignored."""

    def read_piece(self, infohash: str, piece: int) -> None:
        """Ask for the bytes of a held piece, which fit its hash.

        Exactly one :class:`PieceRead` or :class:`PieceUnreadable` follows each call,
        or a :class:`PiecesLost` that names the piece.
        """

    def watch(self, infohashes: frozenset[str], *, waiting: bool) -> None:
        """Ask for statistics of these swarms: events follow soon.

        ``waiting`` says that somebody waits for a byte right now (the engine
        then ticks faster); call it whenever that changes.
        """

    def reconnect(self, infohash: str) -> None:
        """Meet the peers of a swarm anew if one takes requests and answers none.

        For a swarm from which nothing has come for seconds.
        """

    def meet(self, infohash: str) -> None:
        """Ask trackers and the DHT for peers now, and call those that are known."""

    def remove(
        self, infohash: str, *, delete_data: bool = False
    ) -> asyncio.Future[None]:
        """Leave a swarm, saving what a later :meth:`add` resumes from.

        With ``delete_data`` all there is of it on disk is deleted instead, also
        of one that was not joined. The future is done once that is; it is
        cancelled by :meth:`close`, and brings :class:`StorageFailed`.
        """

    async def close(self) -> None:
        """Leave all swarms in order; returns within seconds whatever happens."""
