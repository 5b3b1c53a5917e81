"""Swarms join the session: from their source, their resume data and a first plan.

Never decides what is wanted. What lies on disk is read on another thread; what is
asked of a swarm meanwhile waits as it does until libtorrent has added the torrent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.departures import Departures
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.found_reading import FoundReading
from mopidy_vozduxan.engine.hashes import PieceHashes
from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm, priorities_of
from mopidy_vozduxan.engine.limiting import Limiter
from mopidy_vozduxan.engine.looking import Looking
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.parsing import MAX_PIECES
from mopidy_vozduxan.engine.places import Place
from mopidy_vozduxan.engine.presence import absent_pieces
from mopidy_vozduxan.engine.protocol import SwarmBroke
from mopidy_vozduxan.engine.refusals import Refusals
from mopidy_vozduxan.engine.resume import (
    ResumeFiles,
    params_of,
    pieces_in,
    resumed_params,
    without_check,
    without_pieces,
)
from mopidy_vozduxan.engine.saved_state import Meaning, meaning_of
from mopidy_vozduxan.engine.shared_files import unshare
from mopidy_vozduxan.engine.trackers import Turns, add
from mopidy_vozduxan.network.extra_trackers import ExtraTrackers
from mopidy_vozduxan.planning.plan import Changes, Plan
from mopidy_vozduxan.torrent.metainfo import TorrentSource

logger = logging.getLogger(__name__)

_F = lt.torrent_flags
# ``default_dont_download`` also makes every *file* unwanted, and pieces of unwanted
# files go to a part file. So we only use priorities of pieces.
_FLAGS_OFF = (
    _F.auto_managed
    | _F.default_dont_download
    | _F.paused
    | _F.sequential_download
    | _F.stop_when_ready
)


@dataclass(frozen=True, slots=True)
class OnDisk:
    """What is on disk of a torrent: what it joins with, what is held, where to look.

    ``hashes`` are known with the metadata.
    """

    params: Any
    held: set[int]
    hashes: PieceHashes | None
    places: tuple[Place, ...]
    said: Meaning  # by the resume file
    turns: Turns | None  # of a private torrent's trackers
    extra: frozenset[str]  # trackers from the configuration


class Joining:
    """Data is where ``disk`` says, resume data in ``resume_files``."""

    def __init__(
        self,
        members: Members,
        departures: Departures,
        disk: DiskStore,
        resume_files: ResumeFiles,
        refusals: Refusals,
        looking: Looking,
        found: FoundReading,
        limiter: Limiter,
        extra_trackers: ExtraTrackers,
    ) -> None:
        self._members = members
        self._departures = departures
        self._disk = disk
        self._resume_files = resume_files
        self._refusals = refusals
        self._looking = looking
        self._found = found
        self._limiter = limiter
        self._extra_trackers = extra_trackers

    def join(self, source: TorrentSource, plan: Plan | None) -> None:
        """Join a swarm that is not there. Raises :class:`BadInput`."""
        if source.torrent is None:
            self._refusals.check(source.infohash)
        fresh = params_of(source)
        swarm = JoinedSwarm(source.infohash, source, None, stopped=True)
        swarm.wants_metadata = fresh.ti is None
        if plan:
            hurried = tuple(sorted(plan.hurried))
            swarm.apply(Changes(hurried=hurried, trickle=plan.trickle))
        self._members.add(swarm)
        reading = self._members.loop.run_in_executor(None, self._read, source, fresh)
        reading.add_done_callback(partial(self._have_read, swarm, plan))

    def _read(self, source: TorrentSource, fresh: Any) -> OnDisk:
        """Return what is on disk; blocks."""
        params = resumed_params(fresh, self._resume_files.load(source.infohash))
        params.save_path = self._disk.folder_of(source.infohash)
        said = meaning_of(params)
        # A private torrent's magnet link has a tracker, so one without any is public.
        if params.ti.priv() if params.ti else params.trackers:
            more = []
        else:
            more = self._extra_trackers.urls()
        turns = Turns.of(params) if params.ti and params.ti.priv() else None
        if turns is None:
            add(params, more)
        if params.ti is None:
            without_check(params)
            return OnDisk(
                params, pieces_in(params), None, (), said, turns, frozenset(more)
            )
        hashes = PieceHashes(params.ti, source.torrent)
        held = self._still_there(source, params, hashes)
        if unshare(hashes.table, params.save_path, held):
            held = self._still_there(source, params, hashes)
        without_check(params)
        places = self._looking.places(source.infohash, params.ti, source.torrent)
        likely = {piece for place in places for piece in place.likely} - held
        if likely:
            hashes.learn_saved(params, likely)
        return OnDisk(params, held, hashes, places, said, turns, frozenset(more))

    def _have_read(
        self,
        swarm: JoinedSwarm,
        plan: Plan | None,
        reading: asyncio.Future[OnDisk],
    ) -> None:
        if not self._members.include(swarm) or self._members.session is None:
            return  # the engine was closed meanwhile
        if swarm.leaving:
            self._departures.out(swarm)
            return
        if error := reading.exception():
            self._members.emit(SwarmBroke(swarm.infohash, str(error)))
            self._departures.out(swarm)
            return
        there = reading.result()
        swarm.hashes, swarm.saved.synced = there.hashes, set(there.held)
        swarm.saved.written = there.said
        swarm.found.learn(there.places, there.held)
        if plan:
            swarm.found.want(plan)
        wanted = _wanted(plan)
        idle = there.hashes is not None and wanted <= there.held | swarm.found.likely
        _set_up(there.params, plan, swarm.found.likely, idle)
        there.params.max_connections = self._limiter.limits.torrent_connections
        _describe(swarm, there.params, stopped=idle)
        swarm.turns, swarm.private = there.turns, there.turns is not None
        swarm.extra = there.extra
        swarm.resumed, swarm.hoped = there.held, wanted & there.held
        self._members.session.async_add_torrent(there.params)
        self._found.go_on(swarm)

    def _still_there(
        self, source: TorrentSource, params: Any, hashes: PieceHashes
    ) -> set[int]:
        """Return the saved pieces that are not beyond the ends of their files."""
        held = pieces_in(params)
        if absent := absent_pieces(hashes.table, params.save_path, held):
            name = source.display_name or params.ti.name()
            logger.info(
                "Vozduxan: %d piece(s) of “%s” are missing on disk",
                len(absent),
                name,
            )
            without_pieces(params, absent)
        return held - absent


def _wanted(plan: Plan | None) -> set[int]:
    urgencies = plan.urgencies if plan else b""
    return {piece for piece, urgency in enumerate(urgencies) if urgency}


def _set_up(params: Any, plan: Plan | None, likely: Iterable[int], idle: bool) -> None:
    """Fetch nothing that no plan names, or that may be on disk."""
    params.storage_mode = lt.storage_mode_t.storage_mode_sparse
    params.flags &= ~_FLAGS_OFF
    params.file_priorities = []
    priorities = _first_priorities(params, plan)
    for piece in likely:
        priorities[piece] = 0
    params.piece_priorities = priorities
    if idle:
        # Connect no peer before a missing piece is wanted: one that sees us as finished
        # hangs up, and is not called again for minutes.
        params.flags |= _F.stop_when_ready


def _first_priorities(params: Any, plan: Plan | None) -> list[int]:
    """Return the priorities to join with.

    The number of a magnet link's pieces is unknown; libtorrent shortens a list that is
    too long when the metadata comes (2.0.8, 2.1.1).
    """
    if plan:
        return priorities_of(plan.urgencies)
    return [0] * (params.ti.num_pieces() if params.ti else MAX_PIECES)


def _describe(swarm: JoinedSwarm, params: Any, *, stopped: bool) -> None:
    swarm.params, swarm.stopped = params, stopped
    swarm.resume_data = params if params.ti is None else None
    swarm.peers = list(params.peers)
    swarm.web_seeds = set(params.url_seeds)
