"""One torrent in the session: its handle, what it holds, who waits for a piece.

Speaks libtorrent's priorities and deadlines; decides nothing about what is
wanted. Calls nothing that waits for libtorrent's network thread.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.damage import Damage
from mopidy_vozduxan.engine.farewell import Farewell
from mopidy_vozduxan.engine.hashes import PieceHashes
from mopidy_vozduxan.engine.parsing import params_of_magnet
from mopidy_vozduxan.engine.protocol import Statistics
from mopidy_vozduxan.engine.settings import TRICKLE_BYTES_PER_S
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
#: Every tier is asked at once, and in each the first tracker that answers counts.
_LATER_TIER = 100
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
    #: By what was saved; until what is held is told, that has to do.
    resumed: set[int] = field(default_factory=set)
    hoped: set[int] = field(default_factory=set)  # wanted and, by that, held
    reads: dict[int, int] = field(default_factory=dict)
    hashes: PieceHashes | None = None  # known with the metadata
    #: Read, and not judged yet: piece, bytes, number of callers.
    unhashed: list[tuple[int, bytes, int]] = field(default_factory=list)
    damage: Damage = field(default_factory=Damage)
    looks: dict[int, asyncio.Event] = field(default_factory=dict)
    due: set[int] = field(default_factory=set)
    backlog: list[Changes] = field(default_factory=list)
    may_cancel: bool = True  # no peer has left us waiting for what it was asked for
    reconnects_from: float = 0.0  # not before that time of the loop, in seconds
    links: list[str] = field(default_factory=list)  # more magnet links, to come
    web_seeds: set[str] = field(default_factory=set)
    #: Pieces that came wrong, and which peers had them then.
    wrong: dict[int, frozenset[tuple[str, int]]] = field(default_factory=dict)
    peers: list[tuple[str, int]] = field(default_factory=list)  # to be saved
    statistics: Statistics = field(default_factory=Statistics)
    trickle: bool = False
    checked: bool = False
    broken: bool = False
    saved_at: float = 0.0
    saves: int = 0  # asked for and not answered yet
    wants_metadata: bool = False
    wants_held: bool = False
    farewell: Farewell = field(default_factory=Farewell)

    @property
    def leaving(self) -> bool:
        """Whether it was told to leave."""
        return self.farewell.begun

    @property
    def name(self) -> str:
        """What a log calls it."""
        return self.source.display_name or self.infohash

    def joined(self, handle: Any) -> None:
        """Take the handle and send what was asked for in the meantime."""
        self.handle = handle
        self.params = None
        backlog, self.backlog = self.backlog, []
        for changes in backlog:
            self.apply(changes)
        for link in self.links:
            self.follow(link)

    def follow(self, link: str) -> None:
        """Ask the trackers, web seeds and peers of another magnet link too.

        Raises :class:`BadInput`.
        """
        if self.handle is None:
            self.links.append(link)
            return
        params = params_of_magnet(link)
        for url in params.trackers:
            self.handle.add_tracker({"url": url, "tier": _LATER_TIER})
        for url in params.url_seeds:
            self.web_seeds.add(url)
            self.handle.add_url_seed(url)
        for peer in params.peers:
            self.handle.connect_peer(peer)

    def apply(self, changes: Changes) -> None:
        """Send changes to libtorrent.

        The order matters: libtorrent drops its other requests only when the
        first deadline meets an empty list, and a deadline forces priority 7.
        """
        if self.handle is None:
            self.backlog.append(changes)
            return
        if changes.unhurried:
            self.handle.clear_piece_deadlines()
            self.due.clear()
        self._set_trickle(changes.trickle)
        self._prioritize(changes)
        # The first deadline cancels all other requests; NOW asks for it next anyway.
        for piece in changes.hurried if self.may_cancel else ():
            self.handle.set_piece_deadline(piece, 0)
            self.due.add(piece)
        if self.stopped and self._wants_missing(changes):
            self._wake()

    def look_for_peers(self) -> None:
        """Ask every tracker and the DHT now, whenever they wish to be asked."""
        self.handle.force_reannounce(0, -1, _AT_ONCE)
        self.handle.force_dht_announce()

    def told(self, held: set[int]) -> None:
        """Take the truth about what is held; what was hoped for may be missing."""
        self.held = held
        missing = self.hoped - held
        self.resumed, self.hoped = set(), set()
        if self.stopped and missing:
            self._wake()

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
        """Send pairs: unlike the whole vector they leave other pieces alone."""
        kept = self.due - self.held
        dropped = {p for p, u in changes.urgencies if not u and p in kept}
        for piece in dropped:
            # A piece on the deadline list is fetched whatever its priority.
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
        """Read a held piece; callers that ask meanwhile share the answer."""
        waiting = self.reads.get(piece, 0)
        self.reads[piece] = waiting + 1
        if not waiting:
            self.handle.read_piece(piece)

    def ask_again(self) -> None:
        """Repeat every read whose answer may be lost."""
        for piece in self.reads.keys() | self.looks.keys():
            self.handle.read_piece(piece)

    def look_at(self, piece: int) -> asyncio.Event:
        """Read a held piece for nobody; the event is set when it was judged."""
        if piece not in self.looks:
            self.looks[piece] = asyncio.Event()
            if piece not in self.reads:
                self.handle.read_piece(piece)
        return self.looks[piece]

    def looked_at(self, piece: int) -> None:
        """Take it that a piece was judged."""
        if seen := self.looks.pop(piece, None):
            seen.set()

    def answered(self, piece: int) -> int:
        """Return how many callers an answer is for; late doubles are for none."""
        return self.reads.pop(piece, 0)
