"""Requests the state of swarms, and writes it to their resume files.

Never waits for libtorrent: a state comes with an alert. A resume file claims only what
is on disk: libtorrent writes what its state names, the kernel writes the files, and
then the resume file is replaced.
"""

from __future__ import annotations

import asyncio
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.disk_thread import DiskThread
from mopidy_vozduxan.engine.file_table import FileTable
from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.protocol import TrafficCounted
from mopidy_vozduxan.engine.refusals import Refusals
from mopidy_vozduxan.engine.resume import (
    ResumeFiles,
    pieces_in,
    with_peers,
    without_pieces,
)
from mopidy_vozduxan.engine.saved_state import Draft, Writing, meaning_of
from mopidy_vozduxan.engine.syncing import unsynced_pieces

_SAVE_INFO = lt.save_resume_flags_t.save_info_dict
#: A piece that came is claimed after this time. A power cut costs no more.
SAVE_EVERY_S = 10.0
#: Or as soon as this much has come, but not more often than every two seconds.
SAVE_BYTES = 1024 * 1024
REST_S = 1.0


class Saving:
    """Writes to ``files`` on ``thread``; data is where ``disk`` says."""

    def __init__(
        self,
        members: Members,
        files: ResumeFiles,
        disk: DiskStore,
        refusals: Refusals,
        thread: DiskThread,
    ) -> None:
        self._members = members
        self._files = files
        self._disk = disk
        self._refusals = refusals
        self._thread = thread

    def save(self, swarm: JoinedSwarm) -> None:
        """Ask for the swarm's state: ``save_resume_data_alert`` follows."""
        swarm.saved_at = self._members.loop.time()
        swarm.saves += 1
        swarm.saved.ask()
        # Its numbers come before its state does, if they have changed.
        self._members.session.post_torrent_updates(0)
        flags = _SAVE_INFO if swarm.wants_metadata else 0
        swarm.handle.save_resume_data(flags)

    def piece_came(self, swarm: JoinedSwarm) -> None:
        """Save the state soon: it lacks a piece."""
        saved = swarm.saved
        saved.unsaved += 1
        size = swarm.hashes.table.piece_length if swarm.hashes else 0
        rested = self._members.loop.time() - swarm.saved_at >= REST_S
        if rested and not swarm.saves and saved.unsaved * size >= SAVE_BYTES:
            self.save(swarm)
        elif saved.timer is None:
            saved.timer = self._members.loop.call_later(
                SAVE_EVERY_S, self._save_late, swarm
            )

    def _save_late(self, swarm: JoinedSwarm) -> None:
        swarm.saved.timer = None
        if swarm.handle and not swarm.leaving:
            self.save(swarm)

    def store_later(self, swarm: JoinedSwarm, params: Any) -> None:
        """Write the swarm's state once libtorrent has written what it claims."""
        swarm.saved.flush(swarm.handle, self._draft(swarm, params))

    def flushed(self, swarm: JoinedSwarm) -> None:
        """Write the state that waited for libtorrent."""
        if draft := swarm.saved.take_draft():
            self._write(swarm, draft)

    def store(self, swarm: JoinedSwarm, params: Any) -> asyncio.Future[None]:
        """Write the swarm's state, asked for after a flush, on another thread."""
        return self._write(swarm, self._draft(swarm, params))

    def _draft(self, swarm: JoinedSwarm, params: Any) -> Draft:
        if any(traffic := swarm.count()):
            self._members.emit(TrafficCounted(swarm.infohash, *traffic))
        swarm.peers = with_peers(params, swarm.peers)
        if swarm.damage.in_doubt:
            without_pieces(params, swarm.damage.lost)
            params.unfinished_pieces, params.banned_peers = {}, []
        params.ti = None
        claims = pieces_in(params).union(params.unfinished_pieces)
        data = bytes(lt.write_resume_data_buf(params))
        return Draft(data, frozenset(claims), meaning_of(params))

    def _write(self, swarm: JoinedSwarm, draft: Draft) -> asyncio.Future[None]:
        """Write a draft, unless the file says the same."""
        if swarm.saved.says(draft.meaning):
            return self._thread.run(_rest)
        writing = Writing(draft, set(draft.claims - swarm.saved.synced))
        swarm.saved.writing = writing
        table = swarm.hashes.table if swarm.hashes else None
        done = self._thread.run(self._sync_and_write, swarm.infohash, table, writing)
        done.add_done_callback(lambda _: swarm.saved.wrote(writing))
        return done

    def _sync_and_write(
        self, infohash: str, table: FileTable | None, writing: Writing
    ) -> None:
        """Sync the files of fresh pieces, and claim all but those that failed."""
        data, failed = writing.draft.data, writing.failed
        if table and writing.fresh:
            folder = self._disk.folder_of(infohash)
            failed |= unsynced_pieces(table, folder, writing.fresh)
        if failed:
            params = lt.read_resume_data(data)
            without_pieces(params, failed)
            params.unfinished_pieces = {}
            data = bytes(lt.write_resume_data_buf(params))
        writing.saved = self._files.save(infohash, data)

    def refuse(self, infohash: str, reason: str) -> None:
        """Never again ask a swarm for metadata that we cannot use."""
        self._refusals.note(infohash, reason)
        self._thread.run(self._refusals.write, infohash, reason)


def _rest() -> None:
    """Do nothing, in turn: what is under way ends first."""
