"""Swarms join the session: from their source, their resume data and a first plan.

Never decides what is wanted. What lies on disk is read on another thread; what is
asked of a swarm meanwhile waits as it does until libtorrent has added the torrent.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.departures import Departures
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.hashes import PieceHashes
from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm, priorities_of
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.parsing import MAX_PIECES
from mopidy_vozduxan.engine.presence import absent_pieces
from mopidy_vozduxan.engine.protocol import SwarmBroke
from mopidy_vozduxan.engine.refusals import Refusals
from mopidy_vozduxan.engine.resume import (
    ResumeFiles,
    params_of,
    pieces_in,
    resumed_params,
    without_pieces,
)
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


class Joining:
    """Data is where ``disk`` says, resume data in ``resume_files``."""

    def __init__(
        self,
        members: Members,
        departures: Departures,
        disk: DiskStore,
        resume_files: ResumeFiles,
        refusals: Refusals,
    ) -> None:
        self._members = members
        self._departures = departures
        self._disk = disk
        self._resume_files = resume_files
        self._refusals = refusals

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

    def _read(self, source: TorrentSource, fresh: Any) -> tuple[Any, set[int]]:
        """Return the parameters with what is on disk, and the pieces held; blocks."""
        params = resumed_params(fresh, self._resume_files.load(source.infohash))
        params.save_path = self._disk.folder_of(source.infohash)
        return params, self._still_there(source, params)

    def _have_read(
        self,
        swarm: JoinedSwarm,
        plan: Plan | None,
        reading: asyncio.Future[tuple[Any, set[int]]],
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
        params, resumed = reading.result()
        wanted = _wanted(plan)
        idle = params.ti is not None and wanted <= resumed
        _set_up(params, plan, idle)
        _describe(swarm, params, stopped=idle)
        swarm.resumed, swarm.hoped = resumed, wanted & resumed
        self._members.session.async_add_torrent(params)

    def _still_there(self, source: TorrentSource, params: Any) -> set[int]:
        """Return the saved pieces that are not beyond the ends of their files."""
        held = pieces_in(params)
        if params.ti is None:
            return held
        if absent := absent_pieces(params.ti, params.save_path, held):
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


def _set_up(params: Any, plan: Plan | None, idle: bool) -> None:
    """Fetch nothing that no plan names."""
    params.storage_mode = lt.storage_mode_t.storage_mode_sparse
    params.flags &= ~_FLAGS_OFF
    params.file_priorities = []
    params.piece_priorities = _first_priorities(params, plan)
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
    swarm.peers = list(params.peers)
    swarm.web_seeds = set(params.url_seeds)
    if params.ti is not None:
        swarm.hashes = PieceHashes(params.ti, swarm.source.torrent)
