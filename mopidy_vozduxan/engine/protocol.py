"""The seam: what we need from a torrent engine, and what it tells us.

Everything above this folder uses only these values. A swarm is named by its infohash:
lower-case hex, v1 (40 digits) if the torrent has one, else v2 (64 digits).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Protocol

from mopidy_vozduxan.network.network_limits import NetworkLimits
from mopidy_vozduxan.planning.plan import Changes, Plan
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentSource


@dataclass(frozen=True, slots=True)
class Statistics:
    """A swarm at one moment; rates in bytes/s.

    ``payload`` are the bytes fetched so far; ``wasted`` of them were wrong, or came
    twice. ``given`` are those that peers got from us. All may restart at 0.
    """

    download_rate: int = 0
    upload_rate: int = 0
    num_peers: int = 0
    num_seeds: int = 0
    payload: int = 0
    wasted: int = 0
    given: int = 0


@dataclass(frozen=True, slots=True)
class MetadataReceived:
    """The metadata came from a peer; ``torrent`` has it as ``.torrent`` bytes."""

    infohash: str
    metainfo: Metainfo
    torrent: bytes


@dataclass(frozen=True, slots=True)
class PiecesHeld:
    """All pieces that are on disk; sent after adding, checking, or a loss.

    ``likely`` pieces may be on disk, too. They are checked once they are wanted, before
    anybody is asked for them: :class:`PieceFinished` or :class:`PieceAbsent` follows.
    """

    infohash: str
    held: frozenset[int]
    likely: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class PieceFinished:
    """A piece passed its hash check; it may not be in the file yet."""

    infohash: str
    piece: int


@dataclass(frozen=True, slots=True)
class PieceAbsent:
    """A likely piece is not on disk; it is requested like any other."""

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
    """The other answer to ``read_piece``; ``reason`` is in the engine's words."""

    infohash: str
    piece: int
    reason: str


@dataclass(frozen=True, slots=True)
class PiecesLost:
    """Held pieces that have changed: overwritten, cut short, or missing.

    The engine still takes them for held until the swarm is left and joined again; then
    they are missing. An empty set means that only half-fetched pieces are lost.
    """

    infohash: str
    pieces: frozenset[int]


@dataclass(frozen=True, slots=True)
class PieceWrong:
    """A piece came and did not match its hash; it is requested again.

    ``elsewhere`` says that a peer, not only a web seed, has it.
    """

    infohash: str
    piece: int
    elsewhere: bool


@dataclass(frozen=True, slots=True)
class PieceOffered:
    """A new peer has a piece that came wrong."""

    infohash: str
    piece: int


@dataclass(frozen=True, slots=True)
class SwarmBroke:
    """The torrent stopped with an error for good.

    ``storage`` says that the disk is at fault: only for what no time can heal, such as
    a name that is too long. All else is a :class:`DiskTrouble`.
    """

    infohash: str
    reason: str
    storage: bool = False


@dataclass(frozen=True, slots=True)
class DiskTrouble:
    """The disk of a swarm fails, or works again if ``sentence`` is empty.

    What is held can still be read, if the disk can be; nothing is written.
    ``full`` says that room would help.
    """

    infohash: str
    sentence: str
    full: bool = False


@dataclass(frozen=True, slots=True)
class StatisticsChanged:
    """New numbers of one swarm."""

    infohash: str
    statistics: Statistics


@dataclass(frozen=True, slots=True)
class TrafficCounted:
    """How many bytes of payload came and went since the last such event.

    Sent when a swarm's state is saved, also while it leaves.
    """

    infohash: str
    downloaded: int
    uploaded: int


@dataclass(frozen=True, slots=True)
class TrackerAnswered:
    """A tracker of a swarm answered, or did not.

    ``trouble`` is None if all is well. ``refused`` says that these are the tracker's
    own words. ``host`` is its name only, because its URL may hold a passkey.
    """

    infohash: str
    host: str
    trouble: str | None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class EventsLost:
    """The engine's queue overflowed; :class:`PiecesHeld` follows for every swarm."""


@dataclass(frozen=True, slots=True)
class WayOut:
    """Whether anybody can be reached, because a device that we are bound to exists.

    Sent when that changes, and not at all if there is a way out from the start.
    """

    there: bool


Event = (
    MetadataReceived
    | PiecesHeld
    | PieceFinished
    | PieceAbsent
    | PieceRead
    | PieceUnreadable
    | PiecesLost
    | PieceWrong
    | PieceOffered
    | SwarmBroke
    | DiskTrouble
    | StatisticsChanged
    | TrackerAnswered
    | TrafficCounted
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

        Without a plan (a magnet link) nothing is wanted until :meth:`apply`. Adding a
        joined swarm again also uses the trackers and peers of the source's magnet
        link. :class:`PiecesHeld` follows the first time.
        """

    def apply(self, infohash: str, changes: Changes) -> None:
        """Change what is wanted. An unknown swarm is ignored."""

    def read_piece(self, infohash: str, piece: int) -> None:
        """Ask for the bytes of a held piece; they are checked against its hash.

        Exactly one :class:`PieceRead` or :class:`PieceUnreadable` follows each call,
        or a :class:`PiecesLost` that names the piece.
        """

    def watch(self, infohashes: frozenset[str], *, waiting: bool) -> None:
        """Ask for statistics of these swarms; events follow soon.

        ``waiting`` says that somebody waits for a byte right now, so that the engine
        ticks faster. Call this whenever it changes.
        """

    def limit(self, limits: NetworkLimits) -> None:
        """Keep within other limits, at once."""

    def yield_uploads(self, on: bool) -> None:
        """Upload little, because a listener needs the bandwidth; or as usual."""

    def reconnect(self, infohash: str) -> None:
        """Reconnect the peers of a swarm if one accepts requests but answers none.

        Meant for a swarm from which nothing has come for seconds.
        """

    def meet(self, infohash: str) -> None:
        """Ask trackers and the DHT for peers now, and call the known ones."""

    def remove(
        self, infohash: str, *, delete_data: bool = False
    ) -> asyncio.Future[None]:
        """Leave a swarm, and save the state that a later :meth:`add` resumes from.

        With ``delete_data`` everything of it on disk is deleted instead, also if it
        was not joined. The future ends when that is done, or with
        :class:`StorageFailed`; :meth:`close` cancels it.
        """

    def evict(
        self, source: TorrentSource, files: Set[int], spared: Set[int]
    ) -> asyncio.Future[None]:
        """Delete files of a torrent, by their indexes; no peer is told of them again.

        A joined swarm is left first; after that it may be added again, at any time.
        Files in ``spared`` lose no piece that they share with a deleted one. ``source``
        needs the torrent's bytes if the swarm is not joined. The future ends when that
        is done, with :class:`BadInput`, or with :class:`StorageFailed`. A swarm that is
        just joining or leaving loses nothing.
        """

    async def close(self) -> None:
        """Leave all swarms in order; returns within seconds whatever happens."""
