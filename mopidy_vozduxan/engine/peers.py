"""Connects the peers of a swarm: again if they leave us waiting, or on request.

Transmission before 4 and webtorrent 1.9 silently drop a cancelled request, although
they speak the Fast Extension, which promises a reject. libtorrent waits for the reject,
and requests nothing more from such a peer. So if a peer that has unchoked us owes us
something, and nothing comes, we reconnect it: a new connection starts without debts.
After that we cancel nothing in its swarm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.settings import PROFILE

#: The least interval between reconnects. A peer may need 10 s to unchoke us, and
#: trackers hear of every goodbye. But there must be a second one within the patience
#: (20 s).
REST_S = 10.0
#: The same for a private torrent, whose tracker hears of it: its usual least interval.
REST_PRIVATE_S = 300.0
#: A request counts as a debt when it is this old. A peer that has just unchoked us, and
#: got its requests a moment ago, would choke a new connection for another 10 s.
DEBT_S = 3.0
#: For how long libtorrent calls peers at once that it has just left.
CALLING_S = 3.0

#: Peers that we have just left on purpose are called at once.
_AT_ONCE = {"min_reconnect_time": 0}
#: Peers that were away are called a second later, then with a second more each time,
#: and are not given up for good after four attempts.
_PATIENTLY = {"min_reconnect_time": 1, "max_failcount": 32}
_REMOTE_CHOKED = int(lt.peer_info.remote_choked)


class Peers:
    """Looks at the peers of swarms on other threads: libtorrent answers late."""

    def __init__(self, members: Members, loop: asyncio.AbstractEventLoop) -> None:
        self._members = members
        self._loop = loop
        self._settling: asyncio.TimerHandle | None = None

    def reconnect(self, swarm: JoinedSwarm) -> None:
        """Reconnect the peers of a swarm if one of them owes us something."""
        self._look(swarm, first=True)

    def _look(self, swarm: JoinedSwarm, *, first: bool) -> None:
        def take(asked: asyncio.Future[float | None]) -> None:
            gone = self._members.present(swarm.infohash) is not swarm
            if gone or asked.cancelled() or asked.exception():
                return
            since = asked.result()
            if since is not None and since >= DEBT_S:
                swarm.may_cancel = False
                self._meet_anew(swarm)
            elif since is not None and first:
                again = partial(self._look, swarm, first=False)
                self._loop.call_later(DEBT_S + 1 - since, again)  # whole seconds

        if swarm.handle is not None and self._loop.time() >= swarm.reconnects_from:
            asked = self._loop.run_in_executor(None, owed_for_s, swarm.handle)
            asked.add_done_callback(take)

    def meet_all_anew(self) -> None:
        """Reconnect the peers of every swarm: all connections are dead.

        That also asks its trackers and the DHT again.
        """
        for swarm in self._members.swarms.values():
            if swarm.handle and not (swarm.leaving or swarm.stopped):
                self._meet_anew(swarm)

    def _meet_anew(self, swarm: JoinedSwarm) -> None:
        rest_s = REST_PRIVATE_S if swarm.private else REST_S
        swarm.reconnects_from = self._loop.time() + rest_s
        self._call(_AT_ONCE)
        swarm.handle.pause()
        swarm.handle.resume()

    def meet(self, swarm: JoinedSwarm) -> None:
        """Look for peers now, and call the known ones."""
        if swarm.handle is not None and not swarm.stopped:
            self._call(_PATIENTLY)
            swarm.look_for_peers()

    def _call(self, settings: Mapping[str, int]) -> None:
        """Call peers that libtorrent would not call now."""
        usual = {name: PROFILE[name] for name in _PATIENTLY}
        self._members.session.apply_settings({**usual, **settings})
        if self._settling:
            self._settling.cancel()
        self._settling = self._loop.call_later(CALLING_S, self._settle, usual)

    def _settle(self, usual: Mapping[str, int]) -> None:
        if self._members.session:
            self._members.session.apply_settings(dict(usual))


def owed_for_s(handle: Any) -> float | None:
    """Return for how long a peer that has unchoked us has owed us an answer; blocks.

    ``None`` means that no peer owes us any.
    """
    debts = (
        float(peer.last_request)
        for peer in handle.get_peer_info()
        if peer.download_queue_length and not peer.flags & _REMOTE_CHOKED
    )
    return max(debts, default=None)
