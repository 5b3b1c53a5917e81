"""libtorrent behind our seam. Decides nothing; libtorrent's words stay in this folder.

Design notes. No call here waits for libtorrent's network thread, because several hold
the GIL until it answers. Torrents are added and queried asynchronously, and what we
know about them comes with alerts. We never read the file of a piece that libtorrent
fetches: at ``piece_finished`` the bytes may not be there yet (wrong in 2-25 % of reads,
libtorrent 2.1.1). We read only what it does not know of (``found_reading.py``). We
never ask libtorrent for a piece that is not held: 2.0.8 answers by stopping the
torrent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence, Set
from functools import partial
from pathlib import Path
from typing import Any

from mopidy_vozduxan.engine.alerts import AlertPump
from mopidy_vozduxan.engine.binder import Binder
from mopidy_vozduxan.engine.dht_state import DhtState
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.evicting import Eviction
from mopidy_vozduxan.engine.limiting import settings_of
from mopidy_vozduxan.engine.protocol import Event, PieceUnreadable, WayOut
from mopidy_vozduxan.engine.refusals import Refusals
from mopidy_vozduxan.engine.session_parts import SessionParts
from mopidy_vozduxan.engine.settings import (
    TICK_IDLE_MS,
    TICK_WAITING_MS,
    UTP_AFTER_S,
    settings_for,
)
from mopidy_vozduxan.network.extra_trackers import ExtraTrackers
from mopidy_vozduxan.network.network_limits import NetworkLimits
from mopidy_vozduxan.planning.plan import Changes, Plan
from mopidy_vozduxan.torrent.metainfo import TorrentSource

#: How often statistics come while a swarm is watched.
STATISTICS_EVERY_S = 1.0
#: While somebody waits: how many peers there are decides what they are asked for.
STATISTICS_WAITING_S = 0.1


_NO_LIMITS = NetworkLimits()


class LibtorrentEngine:
    """An :class:`~mopidy_vozduxan.engine.protocol.Engine` that uses libtorrent.

    Data is in ``save_dir/<infohash>/``, resume data in
    ``resume_dir/<infohash>.resume``, what is known of the DHT in
    ``resume_dir/dht.state``. ``overrides`` are libtorrent settings. Files of torrents
    are also read, and never changed, in ``data_dirs`` of other clients.
    ``extra_trackers`` are for public torrents.
    """

    def __init__(
        self,
        save_dir: Path,
        resume_dir: Path,
        overrides: Mapping[str, object],
        data_dirs: Sequence[Path] = (),
        limits: NetworkLimits = _NO_LIMITS,
        extra_trackers: Sequence[str] = (),
    ) -> None:
        self._extra_trackers = ExtraTrackers(extra_trackers)
        self._limits = limits
        self._disk = DiskStore(save_dir, resume_dir)
        self._data_dirs = tuple(data_dirs)
        self._refusals = Refusals(resume_dir)
        self._dht = DhtState(resume_dir / "dht.state")
        self._binder = Binder(settings_for({**settings_of(limits), **overrides}))
        self._may_utp = bool(overrides.get("enable_outgoing_utp", True))
        self._session: Any = None
        self._timer: asyncio.TimerHandle | None = None
        self._fast = False
        self._utp = False
        self._alone_since: float | None = None
        self._closing: asyncio.Task[None] | None = None

    def start(
        self, loop: asyncio.AbstractEventLoop, on_event: Callable[[Event], None]
    ) -> None:
        self._loop = loop
        self._on_event = on_event
        self._session = self._dht.open_session(self._binder.settings)
        self._dht.follow(self._session, loop)
        self._parts = SessionParts(
            self._session,
            loop,
            self._emit,
            self._disk,
            self._refusals,
            self._data_dirs,
            self._limits,
            self._extra_trackers,
        )
        self._members = self._parts.members
        self._parts.disk_troubles.start()
        self._pump = AlertPump(self._session, loop, self._parts.handlers())
        self._binder.start(
            self._session,
            loop,
            self._parts.peers.meet_all_anew,
            lambda there: self._emit(WayOut(there)),
        )

    def add(self, source: TorrentSource, plan: Plan | None) -> None:
        swarm = self._members.swarms.get(source.infohash)
        if self._closing is not None:
            return
        if swarm is None:
            self._parts.joining.join(source, plan)
        elif swarm.leaving:
            swarm.farewell.then(partial(self.add, source, plan))
        elif source.magnet:
            swarm.follow(source.magnet)

    def apply(self, infohash: str, changes: Changes) -> None:
        swarm = self._members.swarms.get(infohash)
        if swarm is None:
            return
        if swarm.leaving:
            swarm.farewell.then(partial(self.apply, infohash, changes))
        else:
            swarm.apply(changes)
            self._parts.found.go_on(swarm)

    def read_piece(self, infohash: str, piece: int) -> None:
        swarm = self._members.present(infohash)
        if swarm and swarm.found.place_of(piece):
            self._parts.found.read(swarm, piece)
        elif swarm and swarm.handle and piece in swarm.held:
            swarm.ask(piece)
        else:
            self._emit(PieceUnreadable(infohash, piece, "the piece is not held"))

    def watch(self, infohashes: frozenset[str], *, waiting: bool) -> None:
        if self._closing is not None:
            return
        self._parts.status.watch(infohashes)
        self._set_pace(waiting)
        if self._timer:
            self._timer.cancel()
        self._ask_statistics()

    def limit(self, limits: NetworkLimits) -> None:
        self._limits = limits
        if self._session is not None and self._closing is None:
            self._parts.limiter.set(limits)

    def yield_uploads(self, on: bool) -> None:
        if self._closing is None:
            self._parts.limiter.yield_uploads(on)

    def reconnect(self, infohash: str) -> None:
        if swarm := self._members.present(infohash):
            self._parts.peers.reconnect(swarm)

    def meet(self, infohash: str) -> None:
        if swarm := self._members.present(infohash):
            self._parts.peers.meet(swarm)

    def remove(
        self, infohash: str, *, delete_data: bool = False
    ) -> asyncio.Future[None]:
        return self._parts.departures.remove(infohash, delete_data)

    def evict(
        self, source: TorrentSource, files: Set[int], spared: Set[int]
    ) -> asyncio.Future[None]:
        eviction = Eviction(frozenset(files), frozenset(spared))
        return self._parts.departures.evict(source, eviction)

    async def close(self) -> None:
        if self._session is None and self._closing is None:
            return
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        self._parts.status.watch(frozenset())
        self._binder.stop()
        if self._timer:
            self._timer.cancel()
        await asyncio.gather(
            self._dht.end(self._session), self._parts.departures.leave_all()
        )
        self._parts.close()
        self._pump.stop()
        self._session = None
        await self._parts.departures.end_session()
        self._pump.close()

    def _set_pace(self, waiting: bool) -> None:
        if waiting != self._fast:
            self._fast = waiting
            tick = TICK_WAITING_MS if waiting else TICK_IDLE_MS
            self._session.apply_settings({"tick_interval": tick})
        if not waiting:
            self._alone_since = None

    def _ask_statistics(self) -> None:
        self._timer = None
        if self._parts.status.watched and self._closing is None:
            self._session.post_torrent_updates(0)
            self._parts.limiter.look()
            every_s = STATISTICS_WAITING_S if self._fast else STATISTICS_EVERY_S
            self._timer = self._loop.call_later(every_s, self._ask_statistics)
            self._try_utp()

    def _try_utp(self) -> None:
        """Call peers over uTP if somebody waits and TCP finds nobody."""
        now = self._loop.time()
        if self._parts.status.num_peers or not self._fast:
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        since = self._alone_since
        alone = since is not None and now - since >= UTP_AFTER_S
        if self._may_utp and alone != self._utp:
            self._utp = alone
            self._session.apply_settings({"enable_outgoing_utp": alone})

    def _emit(self, event: Event) -> None:
        # Never from inside a call to us, so that the owner is not re-entered.
        self._loop.call_soon(self._on_event, event)
