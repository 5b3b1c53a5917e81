"""Web seeds that are named to libtorrent anew: it then holds nothing against them.

After one wrong piece it (2.0.8, 2.1.1) asks a web seed for nothing more of that file
on that connection, and after a refusal never again, though one piece may be all that
is wrong, or one moment. There is no call for that but to remove and add them.
"""

from __future__ import annotations

import asyncio

from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.membership import Members

#: Pieces come wrong several at a time.
SOON_S = 0.5
#: What is removed while its name is looked up goes when that is done, and what is
#: added before that goes with it. To add what is there does nothing.
ADDED_AFTER_S = (0.0, 1.0, 5.0, 20.0)


class WebSeeds:
    """Waits for nobody."""

    def __init__(self, members: Members, loop: asyncio.AbstractEventLoop) -> None:
        self._members = members
        self._loop = loop
        self._pending: set[JoinedSwarm] = set()

    def renew_soon(self, swarm: JoinedSwarm) -> None:
        """Name them anew in a moment, however often this is asked meanwhile."""
        if swarm.web_seeds and swarm not in self._pending:
            self._pending.add(swarm)
            self._loop.call_later(SOON_S, self._renew_pending, swarm)

    def renew(self, swarm: JoinedSwarm) -> None:
        """Name them anew."""
        for url in swarm.web_seeds:
            swarm.handle.remove_url_seed(url)
        for delay in ADDED_AFTER_S if swarm.web_seeds else ():
            self._loop.call_later(delay, self._add, swarm)

    def _renew_pending(self, swarm: JoinedSwarm) -> None:
        self._pending.discard(swarm)
        if self._members.present(swarm.infohash) is swarm:
            self.renew(swarm)

    def _add(self, swarm: JoinedSwarm) -> None:
        if self._members.present(swarm.infohash) is swarm:
            for url in swarm.web_seeds:
                swarm.handle.add_url_seed(url)
