"""Requests the state of swarms, and writes it to their resume files.

Never waits for libtorrent: a state comes with an alert.
"""

from __future__ import annotations

import asyncio
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.disk_thread import DiskThread
from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.protocol import TrafficCounted
from mopidy_vozduxan.engine.refusals import Refusals
from mopidy_vozduxan.engine.resume import ResumeFiles, with_peers, without_pieces

_SAVE_INFO = lt.save_resume_flags_t.save_info_dict


class Saving:
    """Writes to ``files`` on ``thread``."""

    def __init__(
        self,
        members: Members,
        files: ResumeFiles,
        refusals: Refusals,
        thread: DiskThread,
    ) -> None:
        self._members = members
        self._files = files
        self._refusals = refusals
        self._thread = thread

    def save(self, swarm: JoinedSwarm) -> None:
        """Ask for the swarm's state: ``save_resume_data_alert`` follows."""
        swarm.saved_at = self._members.loop.time()
        swarm.saves += 1
        # Its numbers come before its state does, if they have changed.
        self._members.session.post_torrent_updates(0)
        flags = _SAVE_INFO if swarm.wants_metadata else 0
        swarm.handle.save_resume_data(flags)

    def store(self, swarm: JoinedSwarm, params: Any) -> asyncio.Future[None]:
        """Write the swarm's state to disk, on another thread."""
        if any(traffic := swarm.count()):
            self._members.emit(TrafficCounted(swarm.infohash, *traffic))
        swarm.peers = with_peers(params, swarm.peers)
        if swarm.damage.in_doubt:
            without_pieces(params, swarm.damage.lost)
            params.unfinished_pieces, params.banned_peers = {}, []
        params.ti = None
        data = bytes(lt.write_resume_data_buf(params))
        return self._thread.run(self._files.save, swarm.infohash, data)

    def refuse(self, infohash: str, reason: str) -> None:
        """Never again ask a swarm for metadata that we cannot use."""
        self._refusals.note(infohash, reason)
        self._thread.run(self._refusals.write, infohash, reason)
