"""One torrent in the session: its handle, what it holds, who waits for a piece.

Uses libtorrent's priorities and deadlines; decides nothing about what is wanted. Calls
nothing that waits for libtorrent's network thread.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.damage import Damage
from mopidy_vozduxan.engine.farewell import Farewell
from mopidy_vozduxan.engine.found_pieces import FoundPieces
from mopidy_vozduxan.engine.hashes import PieceHashes
from mopidy_vozduxan.engine.parsing import params_of_magnet
from mopidy_vozduxan.engine.protocol import Statistics
from mopidy_vozduxan.engine.saved_state import SavedState
from mopidy_vozduxan.engine.settings import TRICKLE_BYTES_PER_S
from mopidy_vozduxan.engine.trackers import LAST_TIER, Turns
from mopidy_vozduxan.planning.plan import Changes, Urgency
from mopidy_vozduxan.torrent.metainfo import TorrentSource

PRIORITIES = {
    Urgency.NONE: 0,
    Urgency.ANCHOR: 1,
    Urgency.IDLE: 2,
    Urgency.LATER: 4,
    Urgency.SOON: 6,
    Urgency.NOW: 7,
}
#: How many of the last pieces may not have got to a disk that fails.
LATELY = 64
_AT_ONCE = lt.reannounce_flags_t.ignore_min_interval
_TABLE = bytes(PRIORITIES[urgency] for urgency in Urgency).ljust(256, b"\0")


def priorities_of(urgencies: bytes) -> list[int]:
    """Return libtorrent's priority of every piece."""
    return list(urgencies.translate(_TABLE))


@dataclass(slots=True, eq=False)
class JoinedSwarm:
    """A torrent we joined or are leaving; named by its infohash."""

    infohash: str
    source: TorrentSource
    params: Any
    stopped: bool
    handle: Any = None
    held: set[int] = field(default_factory=set)
    #: Held according to the saved state, until libtorrent reports the held pieces.
    resumed: set[int] = field(default_factory=set)
    hoped: set[int] = field(default_factory=set)  # wanted, and held according to that
    reads: dict[int, int] = field(default_factory=dict)
    hashes: PieceHashes | None = None  # known with the metadata
    #: A magnet's saved state until then: libtorrent forgets its v2 hashes (2.1.1).
    resume_data: Any = None
    #: Read, and not checked yet: piece, bytes, number of callers.
    unhashed: list[tuple[int, bytes, int]] = field(default_factory=list)
    found: FoundPieces = field(default_factory=FoundPieces)
    damage: Damage = field(default_factory=Damage)
    looks: dict[int, asyncio.Event] = field(default_factory=dict)
    due: set[int] = field(default_factory=set)
    backlog: list[Changes] = field(default_factory=list)
    may_cancel: bool = True  # no peer has left a request unanswered
    reconnects_from: float = 0.0  # no reconnect before this time of the loop (s)
    links: list[str] = field(default_factory=list)  # more magnet links, to be added
    web_seeds: set[str] = field(default_factory=set)
    #: Pieces that came wrong, and which peers had them then.
    wrong: dict[int, frozenset[tuple[str, int]]] = field(default_factory=dict)
    peers: list[tuple[str, int]] = field(default_factory=list)  # to be saved
    statistics: Statistics = field(default_factory=Statistics)
    private: bool = False  # known with the metadata
    turns: Turns | None = None  # of a private torrent's trackers
    extra: frozenset[str] = frozenset()  # trackers that are not its own
    trickle: bool = False
    checked: bool = False
    broken: bool = False
    disk_trouble: str = ""  # a sentence while its disk fails
    recovered_at: float = -math.inf  # when its disk worked again (the loop's seconds)
    relapses: int = 0  # how often in a row it failed soon after that
    lately: deque[int] = field(default_factory=partial(deque, maxlen=LATELY))
    unreadable: set[int] = field(default_factory=set)  # held, and failed to be read
    saved_at: float = 0.0
    saves: int = 0  # asked for and not answered yet
    saved: SavedState = field(default_factory=SavedState)
    wants_metadata: bool = False
    wants_held: bool = False
    counted: tuple[int, int] = (0, 0)  # payload that came and went, at the last look
    farewell: Farewell = field(default_factory=Farewell)

    @property
    def leaving(self) -> bool:
        """Whether it was told to leave."""
        return self.farewell.begun

    @property
    def name(self) -> str:
        """The name for logs."""
        return self.source.display_name or self.infohash

    def joined(self, handle: Any) -> None:
        """Take the handle, and send what was requested in the meantime."""
        self.handle = handle
        self.params = None
        backlog, self.backlog = self.backlog, []
        for changes in backlog:
            self.apply(changes)
        for link in self.links:
            self.follow(link)

    def follow(self, link: str) -> None:
        """Use the trackers, web seeds and peers of another magnet link too.

        Raises :class:`BadInput`.
        """
        if self.handle is None:
            self.links.append(link)
            return
        if self.private:
            return
        params = params_of_magnet(link)
        self.add_trackers(params.trackers)
        for url in params.url_seeds:
            self.web_seeds.add(url)
            self.handle.add_url_seed(url)
        for peer in params.peers:
            self.handle.connect_peer(peer)

    def add_trackers(self, urls: Sequence[str]) -> None:
        """Ask more trackers, too."""
        for url in urls:
            self.handle.add_tracker({"url": url, "tier": LAST_TIER})

    def apply(self, changes: Changes) -> None:
        """Send changes to libtorrent.

        The order matters: libtorrent drops its other requests only if the deadline list
        was empty before the first deadline, and a deadline forces priority 7.
        """
        if self.handle is None:
            self.backlog.append(changes)
            return
        changes = self.found.hold_back(changes)
        if changes.unhurried:
            self.handle.clear_piece_deadlines()
            self.due.clear()
        self._set_trickle(changes.trickle)
        self._prioritize(changes)
        # The first deadline cancels all other requests; NOW makes it the next one
        # anyway.
        for piece in changes.hurried if self.may_cancel else ():
            self.handle.set_piece_deadline(piece, 0)
            self.due.add(piece)
        if self.stopped and self._wants_missing(changes):
            self._wake()

    def look_for_peers(self) -> None:
        """Ask every tracker and the DHT now, without waiting for their interval.

        Trackers of private torrents ban clients for that, so they are never asked.
        """
        if self.private:
            return
        self.handle.force_reannounce(0, -1, _AT_ONCE)
        self.handle.force_dht_announce()

    def want_absent(self, piece: int) -> None:
        """Have libtorrent fetch a piece that was thought to be on disk."""
        latest = self.backlog[-1].trickle if self.backlog else self.trickle
        self.apply(self.found.miss(piece, latest))

    def told(self, held: set[int]) -> None:
        """Take the held pieces; hoped-for ones may be missing."""
        self.held = held
        self.found.settle(held)
        missing = self.hoped - held
        self.resumed, self.hoped = set(), set()
        if self.stopped and missing:
            self._wake()

    def go_on(self) -> None:
        """Fetch again after the disk failed, and read what could not be read."""
        self.handle.clear_error()
        self.handle.unset_flags(lt.torrent_flags.upload_mode)
        if not self.stopped:
            self.handle.resume()
        self.ask_again()

    def _wake(self) -> None:
        self.stopped = False
        self.handle.unset_flags(lt.torrent_flags.stop_when_ready)
        self.handle.resume()

    def _wants_missing(self, changes: Changes) -> bool:
        wanted = set(changes.hurried)
        wanted |= {piece for piece, urgency in changes.urgencies if urgency}
        self.hoped |= wanted & self.resumed
        return bool(wanted - self.resumed - self.held)

    def _prioritize(self, changes: Changes) -> None:
        """Send pairs, which leave other pieces alone, unlike the whole vector."""
        kept = self.due - self.held
        dropped = {p for p, u in changes.urgencies if not u and p in kept}
        for piece in dropped:
            # A piece on the deadline list is fetched regardless of its priority.
            self.handle.reset_piece_deadline(piece)
        self.due -= dropped
        pairs = [
            (piece, PRIORITIES[urgency])
            for piece, urgency in changes.urgencies
            if piece not in self.due
        ]
        if pairs:
            self.handle.prioritize_pieces(pairs)

    def _set_trickle(self, trickle: bool) -> None:
        if trickle != self.trickle:
            self.trickle = trickle
            self.handle.set_download_limit(TRICKLE_BYTES_PER_S if trickle else -1)

    def ask(self, piece: int) -> None:
        """Read a held piece; simultaneous callers share the answer."""
        waiting = self.reads.get(piece, 0)
        self.reads[piece] = waiting + 1
        if not waiting:
            self.handle.read_piece(piece)

    def read_what_failed(self) -> None:
        """Repeat the reads that were kept for later."""
        for piece in self.unreadable & (self.reads.keys() | self.looks.keys()):
            self.handle.read_piece(piece)

    def ask_again(self) -> None:
        """Repeat every read whose answer may have been lost."""
        for piece in self.reads.keys() | self.looks.keys():
            self.handle.read_piece(piece)

    def look_at(self, piece: int) -> asyncio.Event:
        """Read a held piece only to check it; the event is set after that."""
        if piece not in self.looks:
            self.looks[piece] = asyncio.Event()
            if piece not in self.reads:
                self.handle.read_piece(piece)
        return self.looks[piece]

    def count(self) -> tuple[int, int]:
        """Return how much payload came and went since the last call."""
        before = self.counted
        self.counted = self.statistics.payload, self.statistics.given
        came, went = (
            now - then for now, then in zip(self.counted, before, strict=True)
        )
        return max(0, came), max(0, went)

    def looked_at(self, piece: int) -> None:
        """Note that a piece was checked."""
        if seen := self.looks.pop(piece, None):
            seen.set()

    def read_later(self, piece: int, callers: int) -> None:
        """Keep a read that failed until :meth:`ask_again`."""
        self.unreadable.add(piece)
        if callers:
            self.reads[piece] = self.reads.get(piece, 0) + callers

    def answered(self, piece: int) -> int:
        """Return for how many callers an answer is; 0 for a late duplicate."""
        return self.reads.pop(piece, 0)
