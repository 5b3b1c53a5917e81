"""Watches waiting streams: logs the wait, re-arms, gives up.

Belongs to the manager and lives on our event loop. Looks once a second, and never ends
a stream; the frontend and the listener react to failures.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from mopidy_vozduxan.exceptions import (
    MetadataTimeout,
    Stalled,
    VozduxanError,
)
from mopidy_vozduxan.planning.patience import (
    REARM_S,
    Verdict,
    judge,
    looks_every_s,
)
from mopidy_vozduxan.streaming.engine_orders import EngineOrders
from mopidy_vozduxan.streaming.file_choice import no_such_file
from mopidy_vozduxan.streaming.limits import Limits
from mopidy_vozduxan.streaming.open_streams import OpenStreams
from mopidy_vozduxan.streaming.stream import Stream, wrong_data
from mopidy_vozduxan.streaming.stream_failures import StreamFailures
from mopidy_vozduxan.streaming.swarms import Swarms

logger = logging.getLogger(__name__)

TICK_S = 1.0


class Supervisor:
    """Looks at ``streams`` while we are in any swarm.

    A stream that cannot continue is added to ``failures`` about once a second;
    ``clock`` gives monotonic seconds.
    """

    def __init__(
        self,
        streams: OpenStreams,
        swarms: Swarms,
        orders: EngineOrders,
        reachable_from: Callable[[], float],
        failures: StreamFailures,
        limits: Limits,
        clock: Callable[[], float],
    ) -> None:
        self._streams = streams
        self._swarms = swarms
        self._orders = orders
        self._reachable_from = reachable_from
        self._failures = failures
        self._limits = limits
        self._clock = clock
        self._tick: asyncio.TimerHandle | None = None
        self._closed = False

    def try_again(self, stream: Stream) -> None:
        """Forget a stream's failures: a listener asks for it."""
        self._failures.forget(stream)
        self._orders.try_again(stream.swarm, stream.file.pieces)

    # --- once a second

    def watch(self) -> None:
        """Look once a second from now on, while there is any swarm."""
        if self._tick is None and self._swarms and not self._closed:
            loop = asyncio.get_running_loop()
            self._tick = loop.call_later(TICK_S, self.tick)

    def tick(self) -> None:
        """Look at every stream, and leave the swarms that nobody uses."""
        self._tick = None
        now = self._clock()
        for stream in list(self._streams.values()):
            if stream.background:
                stream.swarm.membership.visit(now)
                continue
            self._look_at(stream, now)
            if stream.waiting_since is not None:
                self._streams.changed(False)  # a longer wait is more urgent
        self._swarms.leave_idle(self._streams.used())
        self.watch()

    def close(self) -> None:
        """Stop looking."""
        self._closed = True
        if self._tick:
            self._tick.cancel()

    def _look_at(self, stream: Stream, now: float) -> None:
        """Do what the stream's wait requires."""
        swarm = stream.swarm
        if swarm.failure:
            self._failures.add(stream, swarm.failure)
        elif stream.file.is_missing:
            error = no_such_file(swarm.name, stream.file.choice)
            self._failures.add(stream, error)
        elif stream.waiting_since is None:
            stream.wait.end()
        else:
            self._look_at_wait(stream, stream.waiting_since, now)

    def _look_at_wait(self, stream: Stream, since: float, now: float) -> None:
        if stream.swarm.disk_trouble:
            stream.swarm.activity.excuse(now)  # the log has said what is wrong
            return
        patience = self._patience(stream)
        since = max(since, self._reachable_from())
        self._look_for_peers(stream, since, now, patience)
        if stream.is_hopeless and now - since >= REARM_S:
            self._end_waits(stream, wrong_data(stream))
            return
        verdict = judge(since, stream.swarm.activity.progressed_at, now, patience)
        if verdict is not Verdict.WAIT and stream.wait.log_once():
            _say_what_it_waits_for(stream)
        if verdict is Verdict.GIVE_UP:
            self._give_up(stream)
        elif verdict is Verdict.REARM:
            self._orders.rearm(stream.swarm)

    def _look_for_peers(
        self, stream: Stream, since: float, now: float, patience: float
    ) -> None:
        """Look for peers if there are none, or none that give the awaited pieces.

        A web server counts as a peer.
        """
        swarm = stream.swarm
        idle = now - max(since, swarm.activity.progressed_at) >= REARM_S
        if not swarm.statistics.num_peers or idle or stream.is_hopeless:
            self._orders.look_for_peers(swarm, looks_every_s(patience))

    def _patience(self, stream: Stream) -> float:
        known = stream.swarm.metainfo is not None
        return self._limits.stall_timeout if known else self._limits.metadata_timeout

    def _give_up(self, stream: Stream) -> None:
        name, seconds = stream.swarm.name, int(self._patience(stream))
        error: VozduxanError = Stalled(
            f"The swarm of “{name}” delivered nothing for {seconds} s."
        )
        if stream.swarm.metainfo is None:
            error = MetadataTimeout(
                f"No peer gave us the metadata of “{name}” for {seconds} s."
            )
        self._end_waits(stream, error)

    def _end_waits(self, stream: Stream, error: VozduxanError) -> None:
        """End all waits except the player's, which end when core moves on."""
        stream.swarm.activity.give_up()
        stream.readers.fail_waits(error)
        self._failures.add(stream, error)


def _say_what_it_waits_for(stream: Stream) -> None:
    swarm = stream.swarm
    logger.info(
        "Vozduxan: “%s” of “%s” is waiting for %s (%d peers connected)",
        stream.name,
        swarm.name,
        "data" if swarm.metainfo else "the torrent's metadata",
        swarm.statistics.num_peers,
    )
