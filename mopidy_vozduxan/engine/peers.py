"""What is known of the peers of a swarm, and what some of them make necessary.

Transmission before 4 drops a request that is cancelled without a word, though it
speaks the Fast Extension, which promises a reject. libtorrent waits for that, and
asks this peer for none of those blocks again. So where there are only such peers
nothing is cancelled; and a peer that owes us something while nothing comes is met
anew, because a new connection begins without debts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.membership import Members
from mopidy_vozduxan.engine.settings import PROFILE
from mopidy_vozduxan.engine.swarm import Swarm

#: A peer may need 10 s to unchoke us, and trackers are told of every goodbye.
REST_S = 30.0
#: So long libtorrent calls peers again at once whom it has just left.
CALLING_S = 3.0

#: Peers that we have just left on purpose are called at once.
_AT_ONCE = {"min_reconnect_time": 0}
#: Peers that were not there: a second later, then with a second more each time; who
#: was away four times is not given up for good.
_PATIENTLY = {"min_reconnect_time": 1, "max_failcount": 32}
_REMOTE_CHOKED = int(lt.peer_info.remote_choked)
_FORGETFUL = tuple(b"-TR%d" % major for major in range(4))


class Peers:
    """Looks at the peers of swarms, on other threads: libtorrent answers late."""

    def __init__(self, members: Members, loop: asyncio.AbstractEventLoop) -> None:
        self._members = members
        self._loop = loop
        self._settling: asyncio.TimerHandle | None = None

    def changed(self, swarm: Swarm) -> None:
        """Find out whether the peers of a swarm stand cancelled requests."""
        self._ask(swarm, are_forgetful, self._found)

    def reconnect(self, swarm: Swarm) -> None:
        """Meet the peers of a swarm anew if one of them owes us something."""
        if self._loop.time() >= swarm.reconnects_from:
            self._ask(swarm, owe_something, self._meet_anew)

    def _ask(
        self,
        swarm: Swarm,
        question: Callable[[Any], bool],
        answered: Callable[[Swarm, bool], None],
    ) -> None:
        def take(asked: asyncio.Future[bool]) -> None:
            gone = self._members.present(swarm.infohash) is not swarm
            if not (gone or asked.cancelled() or asked.exception()):
                answered(swarm, asked.result())

        if swarm.handle is not None:
            asked = self._loop.run_in_executor(None, question, swarm.handle)
            asked.add_done_callback(take)

    def _found(self, swarm: Swarm, forgetful: bool) -> None:
        swarm.may_cancel = not forgetful

    def meet_all_anew(self) -> None:
        """Meet the peers of every swarm anew: all connections are dead.

        Its trackers and the DHT are asked anew by that, too.
        """
        for swarm in self._members.swarms.values():
            if swarm.handle and not (swarm.leaving or swarm.stopped):
                self._meet_anew(swarm, True)

    def _meet_anew(self, swarm: Swarm, owing: bool) -> None:
        if not owing:
            return
        swarm.reconnects_from = self._loop.time() + REST_S
        self._call(_AT_ONCE)
        swarm.handle.pause()
        swarm.handle.resume()

    def meet(self, swarm: Swarm) -> None:
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


def owe_something(handle: Any) -> bool:
    """Return whether a peer that has unchoked us leaves a request open; blocks."""
    return any(
        peer.download_queue_length and not peer.flags & _REMOTE_CHOKED
        for peer in handle.get_peer_info()
    )


def are_forgetful(handle: Any) -> bool:
    """Return whether all peers drop cancelled requests without a word; blocks."""
    names = [peer.pid.to_bytes() for peer in handle.get_peer_info()]
    known = [name for name in names if any(name)]
    return bool(known) and all(name.startswith(_FORGETFUL) for name in known)
