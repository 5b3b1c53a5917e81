"""Which pieces a swarm holds: asked of libtorrent, and reported to our side."""

from __future__ import annotations

from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine import alerts
from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.protocol import PiecesHeld, PieceUnreadable
from mopidy_vozduxan.engine.saving import Saving


class Holding:
    """The answer comes with a status (2.1), or with the saved state (2.0)."""

    def __init__(self, members: Members, saving: Saving) -> None:
        self._members = members
        self._saving = saving

    def ask(self, swarm: JoinedSwarm) -> None:
        """Ask which pieces are there."""
        swarm.checked = swarm.wants_held = True
        if alerts.can_post_status():
            # 2.1 omits pieces that are not in the file yet from resume data.
            swarm.handle.post_status(lt.status_flags_t.query_pieces)
        else:
            self._saving.save(swarm)

    def tell(self, swarm: JoinedSwarm, pieces: Any) -> None:
        """Report what is held, if that was asked; ``pieces`` is libtorrent's answer."""
        if swarm.wants_held:
            swarm.wants_held = False
            held = {piece for piece, there in enumerate(pieces) if there}
            swarm.told(held - swarm.damage.reported)
            self.report(swarm)
            self._answer_vain_reads(swarm)

    def report(self, swarm: JoinedSwarm) -> None:
        """Report what is held, and what may be."""
        held, found = frozenset(swarm.held), swarm.found
        event = PiecesHeld(swarm.infohash, held | found.found, frozenset(found.likely))
        self._members.emit(event)

    def _answer_vain_reads(self, swarm: JoinedSwarm) -> None:
        """A full disk takes pieces back that were held: their bytes never got there."""
        for piece in (swarm.reads.keys() | swarm.looks.keys()) - swarm.held:
            for _ in range(swarm.answered(piece)):
                reason = "it did not get to the disk"
                self._members.emit(PieceUnreadable(swarm.infohash, piece, reason))
            swarm.looked_at(piece)
        if not swarm.disk_trouble:
            swarm.read_what_failed()
