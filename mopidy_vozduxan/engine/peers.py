"""Meets the peers of a swarm: again when they leave us waiting, and when asked to.

Transmission before 4 and webtorrent 1.9 drop a request that is cancelled without a
word, though they speak the Fast Extension, which promises a reject. libtorrent waits
for that, and asks such a peer for nothing more. So a peer that has unchoked us and
owes us something, while nothing comes, is met anew, because a new connection begins
without debts; and in its swarm nothing is cancelled from then on.
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

#: A peer may need 10 s to unchoke us, and trackers are told of every goodbye; but a
#: second time has to come within the patience with a swarm (20 s).
REST_S = 10.0
#: A request is a debt when it is as old as that: who was asked a moment ago, because
#: it has just unchoked us, would choke a new connection for another 10 s.
DEBT_S = 3.0
#: So long libtorrent calls peers again at once whom it has just left.
CALLING_S = 3.0

#: Peers that we have just left on purpose are called at once.
_AT_ONCE = {"min_reconnect_time": 0}
#: Peers that were not there: a second later, then with a second more each time; who
#: was away four times is not given up for good.
_PATIENTLY = {"min_reconnect_time": 1, "max_failcount": 32}
_REMOTE_CHOKED = int(lt.peer_info.remote_choked)


class Peers:
    """Looks at the peers of swarms, on other threads: libtorrent answers late."""

    def __init__(self, members: Members, loop: asyncio.AbstractEventLoop) -> None:
        self._members = members
        self._loop = loop
        self._settling: asyncio.TimerHandle | None = None

    def reconnect(self, swarm: JoinedSwarm) -> None:
        """Meet the peers of a swarm anew if one of them owes us something."""
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
        """Meet the peers of every swarm anew: all connections are dead.

        Its trackers and the DHT are asked anew by that, too.
        """
        for swarm in self._members.swarms.values():
            if swarm.handle and not (swarm.leaving or swarm.stopped):
                self._meet_anew(swarm)

    def _meet_anew(self, swarm: JoinedSwarm) -> None:
        swarm.reconnects_from = self._loop.time() + REST_S
        self._call(_AT_ONCE)
        swarm.handle.pause()
        swarm.handle.resume()

    def meet(self, swarm: JoinedSwarm) -> None:
        """Look for peers now, and call those that are known."""
        if swarm.handle is not None and not swarm.stopped:
            self._call(_PATIENTLY)
            swarm.look_for_peers()

    def _call(self, settings: Mapping[str, int]) -> None:
        """Have peers called that libtorrent would leave alone for now."""
        usual = {name: PROFILE[name] for name in _PATIENTLY}
        self._members.session.apply_settings({**usual, **settings})
        if self._settling:
            self._settling.cancel()
        self._settling = self._loop.call_later(CALLING_S, self._settle, usual)

    def _settle(self, usual: Mapping[str, int]) -> None:
        if self._members.session:
            self._members.session.apply_settings(dict(usual))


def owed_for_s(handle: Any) -> float | None:
    """Return how long a peer that has unchoked us leaves requests open; blocks.

    ``None``: no peer does.
    """
    debts = (
        float(peer.last_request)
        for peer in handle.get_peer_info()
        if peer.download_queue_length and not peer.flags & _REMOTE_CHOKED
    )
    return max(debts, default=None)
