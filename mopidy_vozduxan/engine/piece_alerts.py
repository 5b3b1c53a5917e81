"""Handles alerts about one piece: it came, came wrong, or was read."""

from __future__ import annotations

from typing import Any

from mopidy_vozduxan.engine import alerts
from mopidy_vozduxan.engine.holding import Holding
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.protocol import PieceFinished
from mopidy_vozduxan.engine.saving import Saving
from mopidy_vozduxan.engine.swarm_failures import SwarmFailures
from mopidy_vozduxan.engine.verifying import Verifier
from mopidy_vozduxan.engine.wrong_pieces import WrongPieces


class PieceAlerts:
    """Passes every piece that was read to the verifier."""

    def __init__(
        self,
        members: Members,
        saving: Saving,
        verifier: Verifier,
        wrong_pieces: WrongPieces,
        holding: Holding,
        failures: SwarmFailures,
    ) -> None:
        self._members = members
        self._saving = saving
        self._verifier = verifier
        self._wrong_pieces = wrong_pieces
        self._holding = holding
        self._failures = failures

    def handlers(self) -> alerts.Handlers:
        """Return the handlers by the alert's class name."""
        return {
            "piece_finished_alert": self._on_finished,
            "hash_failed_alert": self._on_wrong,
            "read_piece_alert": self._on_read,
        }

    def _on_finished(self, alert: Any) -> None:
        swarm = self._members.concerned(alert)
        if swarm is None or not swarm.checked:
            return  # resumed pieces are reported all at once
        piece = int(alert.piece_index)
        swarm.held.add(piece)
        swarm.lately.append(piece)
        swarm.due.discard(piece)
        swarm.wrong.pop(piece, None)
        swarm.found.settle({piece})
        self._members.emit(PieceFinished(swarm.infohash, piece))
        self._saving.piece_came(swarm)

    def _on_wrong(self, alert: Any) -> None:
        if swarm := self._members.concerned(alert):
            self._wrong_pieces.came(swarm, int(alert.piece_index))
            swarm.damage.fail_hash(by_peers=not swarm.web_seeds)

    def _on_read(self, alert: Any) -> None:
        swarm = self._members.concerned(alert)
        if swarm is None:
            return
        piece = int(alert.piece)
        callers = swarm.answered(piece)
        if not callers and piece not in swarm.looks:
            return
        data = None if alerts.failed(alert.error) else alerts.bytes_of(alert)
        if data is not None:
            swarm.unreadable.discard(piece)
            self._verifier.take(swarm, piece, data, callers)
        elif alerts.tells_loss(alert.error) or piece in swarm.unreadable:
            swarm.unreadable.discard(piece)
            self._verifier.lose(swarm, piece)
        elif alerts.blames_storage(alert.error) and not swarm.broken:
            swarm.read_later(piece, callers)
            self._failures.disk_failed(swarm, alert.error)
        elif swarm.disk_trouble or alerts.tells_absence(alert.error):
            # A piece whose write has failed; its reads are answered with what is held.
            swarm.read_later(piece, callers)
            self._holding.ask(swarm)
        else:
            reason = alerts.reason_of(alert.error)
            self._verifier.refuse(swarm, piece, reason, callers)
