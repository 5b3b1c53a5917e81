"""One torrent as we see it: its names, what it holds, who waits for it.

Lives on our event loop and belongs to the manager. Never decides what is wanted.
"""

from __future__ import annotations

from collections.abc import Callable

from mopidy_vozduxan.engine.protocol import Statistics
from mopidy_vozduxan.exceptions import StorageFailed, VozduxanError
from mopidy_vozduxan.streaming.piece_memory import PieceMemory
from mopidy_vozduxan.streaming.swarm_activity import SwarmActivity
from mopidy_vozduxan.streaming.swarm_membership import SwarmMembership
from mopidy_vozduxan.streaming.swarm_pieces import SwarmPieces
from mopidy_vozduxan.streaming.swarm_plan import SwarmPlan
from mopidy_vozduxan.streaming.waits import Waits
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentSource


class Swarm:
    """The state of one swarm. The engine's events change all parts of it together."""

    def __init__(
        self,
        source: TorrentSource,
        metainfo: Metainfo | None,
        memory: PieceMemory,
        read_piece: Callable[[str, int], None],
        now: float,
    ) -> None:
        self.metainfo = metainfo
        self.failure: VozduxanError | None = None
        self.disk_trouble = ""  # a sentence while its disk fails
        self.membership = SwarmMembership(source, now)
        self.pieces = SwarmPieces(source.infohash, memory, read_piece)
        if metainfo:
            self.pieces.describe(metainfo.piece_length)
        self.activity = SwarmActivity(now)
        self.plan = SwarmPlan()
        self.listeners: set[Callable[[], None]] = set()  # for new numbers and the end
        self.trackers: dict[str, str | None] = {}  # what is wrong with each, by host
        self._waits: Waits[Metainfo] = Waits()

    def __repr__(self) -> str:
        return f"<Swarm {self.infohash[:8]} {self.pieces} {self.plan}>"

    @property
    def infohash(self) -> str:
        """The name of the swarm."""
        return self.membership.source.infohash

    @property
    def names(self) -> frozenset[str]:
        """The infohash by which it was joined, and the one in its metadata."""
        own = self.metainfo.infohash if self.metainfo else self.infohash
        return frozenset((self.infohash, own))

    @property
    def name(self) -> str:
        """The torrent's name for listeners."""
        if self.metainfo:
            return self.metainfo.name
        return self.membership.source.display_name or self.infohash

    @property
    def statistics(self) -> Statistics:
        """The last known numbers."""
        return self.activity.statistics

    # --- waits for its metadata

    @property
    def is_waited_for(self) -> bool:
        """Whether anybody waits for its metadata.

        A wait for a piece belongs to a stream, or to one that ended a moment ago.
        """
        return bool(self._waits)

    async def wait_metainfo(self) -> Metainfo:
        """Wait for the metadata, and return it. Raises the swarm's error."""
        if self.metainfo:
            return self.metainfo
        if self.failure:
            raise self.failure
        return await self._waits.wait()

    # --- what the engine says

    def metadata_received(self, metainfo: Metainfo) -> None:
        """Take the metadata, and end the waits for it."""
        self.metainfo = metainfo
        self.pieces.describe(metainfo.piece_length)
        self._waits.end(metainfo)
        self._tell()

    def pieces_held(
        self, held: frozenset[int], likely: frozenset[int] = frozenset()
    ) -> None:
        """Take the pieces that are on disk, and those that may be."""
        self.pieces.hold(held, likely)

    def tracker_answered(self, host: str, trouble: str | None) -> bool:
        """Note a tracker's answer; return whether it is news."""
        news = self.trackers.get(host) != trouble
        self.trackers[host] = trouble
        return news

    def piece_finished(self, piece: int, now: float) -> None:
        """Note a piece that passed its hash check; read it if somebody waits."""
        self.plan.piece_came()
        self.activity.piece_came(now)
        self.pieces.finish(piece)

    def piece_read(self, piece: int, data: bytes) -> None:
        """Give the bytes of a piece to all that wait for them."""
        self.pieces.hand_out(piece, data)

    def piece_unreadable(self, piece: int, reason: str) -> None:
        """Read again what should be there; give up after a few attempts."""
        text = f"A piece of “{self.name}” cannot be read: {reason}."
        self.pieces.read_again(piece, StorageFailed(text))

    def pieces_lost(self, lost: frozenset[int], now: float) -> bool:
        """Note that the engine starts over; return whether there is hope."""
        hope = self.pieces.lose(lost)
        self.begin_anew(now)
        self.activity.excuse(now)
        return hope

    def begin_anew(self, now: float) -> None:
        """Note that it is joined again: the engine reports all held pieces again."""
        self.disk_trouble = ""
        self.pieces.begin_anew()
        self.membership.begin_anew()
        self.activity.begin_anew(now)

    def statistics_changed(self, statistics: Statistics, now: float) -> None:
        """Take new numbers."""
        self.activity.count(statistics, now)
        self._tell()

    def disk_failed(self, sentence: str) -> None:
        """Note what is wrong with its disk; nothing any more if it is empty."""
        self.disk_trouble = sentence
        self._tell()

    def broke(self, error: VozduxanError) -> None:
        """End every wait, now and later, with ``error``."""
        self.failure = error
        self._waits.fail(error)
        self.pieces.fail(error)
        self._tell()

    def _tell(self) -> None:
        for listener in list(self.listeners):
            listener()
