"""Handles alerts about a torrent's saved state, and decides when to request it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from mopidy_vozduxan.engine import alerts
from mopidy_vozduxan.engine.departures import Departures
from mopidy_vozduxan.engine.hashes import PieceHashes
from mopidy_vozduxan.engine.holding import Holding
from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.looking import Looking
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.parsing import read_torrent, torrent_of
from mopidy_vozduxan.engine.places import Place
from mopidy_vozduxan.engine.protocol import MetadataReceived
from mopidy_vozduxan.engine.resume import pieces_in, with_pieces
from mopidy_vozduxan.engine.saving import Saving
from mopidy_vozduxan.engine.swarm_failures import SwarmFailures
from mopidy_vozduxan.engine.trackers import leave_out
from mopidy_vozduxan.engine.verifying import Verifier
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.network.extra_trackers import ExtraTrackers
from mopidy_vozduxan.torrent.metainfo import Metainfo

Read = tuple[Metainfo, Sequence[Place], list[str]]


class StateAlerts:
    """The state: a magnet's metadata, v2 hashes and, in 2.0, the held pieces."""

    def __init__(
        self,
        members: Members,
        saving: Saving,
        departures: Departures,
        holding: Holding,
        verifier: Verifier,
        failures: SwarmFailures,
        looking: Looking,
        extra_trackers: ExtraTrackers,
    ) -> None:
        self._members = members
        self._saving = saving
        self._departures = departures
        self._holding = holding
        self._verifier = verifier
        self._failures = failures
        self._looking = looking
        self._extra_trackers = extra_trackers

    def handlers(self) -> alerts.Handlers:
        """Return the handlers by the alert's class name."""
        return {
            "cache_flushed_alert": self._on_flushed,
            "metadata_received_alert": self._on_news,
            "torrent_finished_alert": self._on_news,
            "save_resume_data_alert": self._on_saved,
            "save_resume_data_failed_alert": self._on_not_saved,
        }

    def _on_flushed(self, alert: Any) -> None:
        swarm = self._members.concerned(alert, leaving=True)
        if swarm is None or not swarm.saved.flushed():
            return
        if swarm.leaving:
            self._saving.save(swarm)
        else:
            self._saving.flushed(swarm)

    def _on_news(self, alert: Any) -> None:
        if swarm := self._members.concerned(alert):
            self._saving.save(swarm)

    def _on_saved(self, alert: Any) -> None:
        swarm = self._members.concerned(alert, leaving=True)
        if swarm is None:
            return
        params = alert.params
        swarm.saves = max(0, swarm.saves - 1)
        held = list(params.have_pieces)
        with_pieces(params, swarm.found.ours)
        if swarm.leaving:
            if not swarm.saves:
                self._departures.finish(swarm, params)
            return
        if swarm.wants_metadata and params.ti is not None:
            swarm.wants_metadata = False
            swarm.hashes = PieceHashes(params.ti, None)
            known, swarm.resume_data = swarm.resume_data, None
            swarm.hashes.learn_saved(known, pieces_in(known))
            swarm.private = params.ti.priv()
            self._tell_metadata(swarm, params)
        self._holding.tell(swarm, held)
        self._verifier.learn(swarm, params)
        self._saving.store_later(swarm, params)

    def _on_not_saved(self, alert: Any) -> None:
        swarm = self._members.concerned(alert, leaving=True)
        if swarm is None:
            return
        swarm.saves = max(0, swarm.saves - 1)
        if not swarm.leaving:
            self._verifier.learn(swarm, None)
        elif not swarm.saves:
            self._departures.part(swarm)

    def _tell_metadata(self, swarm: JoinedSwarm, params: Any) -> None:
        """Read the metadata like any torrent, on another thread: it may be large."""
        if swarm.private:
            leave_out(params, swarm.extra)
        torrent, info = torrent_of(params), params.ti
        loop = self._members.loop
        reading = loop.run_in_executor(None, self._read, swarm.infohash, torrent, info)

        def tell(reading: asyncio.Future[Read]) -> None:
            try:
                metainfo, places, more = reading.result()
            except BadInput as exc:
                self._failures.refuse(swarm, str(exc))
                return
            swarm.found.learn(places, swarm.held)
            if not metainfo.private and self._members.present(swarm.infohash) is swarm:
                swarm.add_trackers(more)
            event = MetadataReceived(swarm.infohash, metainfo, torrent)
            self._members.emit(event)
            if swarm.checked and not swarm.wants_held:
                self._holding.report(swarm)

        reading.add_done_callback(tell)

    def _read(self, infohash: str, torrent: bytes, info: Any) -> Read:
        metainfo = read_torrent(torrent)
        places = self._looking.places(infohash, info, torrent)
        return metainfo, places, self._extra_trackers.urls()
