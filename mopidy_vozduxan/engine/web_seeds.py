"""Removes and re-adds web seeds, so that libtorrent forgets their failures.

After one wrong piece libtorrent (2.0.8, 2.1.1) requests nothing more of that file from
the web seed on that connection, and after a refusal never again, although a single
piece or a single moment may be at fault. Removing and adding them is the only way
around that.
"""

from __future__ import annotations

from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.members import Members

#: Several pieces come wrong at a time, so wait for the rest.
SOON_S = 0.5
#: A web seed that is removed while its name is being resolved disappears when that is
#: done, and so does one that was added before. Adding an existing one does nothing.
ADDED_AFTER_S = (0.0, 1.0, 5.0, 20.0)


class WebSeeds:
    """Renews the web seeds of swarms. Never waits."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._pending: set[JoinedSwarm] = set()

    def renew_soon(self, swarm: JoinedSwarm) -> None:
        """Renew them in a moment; further requests meanwhile change nothing."""
        if swarm.web_seeds and swarm not in self._pending:
            self._pending.add(swarm)
            self._members.loop.call_later(SOON_S, self._renew_pending, swarm)

    def renew(self, swarm: JoinedSwarm) -> None:
        """Renew them."""
        for url in swarm.web_seeds:
            swarm.handle.remove_url_seed(url)
        for delay in ADDED_AFTER_S if swarm.web_seeds else ():
            self._members.loop.call_later(delay, self._add, swarm)

    def _renew_pending(self, swarm: JoinedSwarm) -> None:
        self._pending.discard(swarm)
        if self._members.present(swarm.infohash) is swarm:
            self.renew(swarm)

    def _add(self, swarm: JoinedSwarm) -> None:
        if self._members.present(swarm.infohash) is swarm:
            for url in swarm.web_seeds:
                swarm.handle.add_url_seed(url)
