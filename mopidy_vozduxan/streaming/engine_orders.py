"""Tells the engine what to do for the swarms: join, fetch, find peers, start over.

Belongs to the manager and lives on our event loop. Never decides what is wanted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping

from mopidy_vozduxan.engine.protocol import Engine
from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.planning.plan import Plan, Urgency, changes_between
from mopidy_vozduxan.streaming.swarm import Swarm
from mopidy_vozduxan.streaming.swarms import Swarms

logger = logging.getLogger(__name__)


class EngineOrders:
    """Tells the engine only what has changed.

    ``changed(soon)`` is called when new plans are needed, ``broke`` with a swarm that
    cannot be joined.
    """

    def __init__(
        self,
        swarms: Swarms,
        engine: Engine,
        clock: Callable[[], float],
        *,
        changed: Callable[[bool], None],
        broke: Callable[[Swarm], None],
    ) -> None:
        self._swarms = swarms
        self._engine = engine
        self._clock = clock
        self._changed = changed
        self._broke = broke
        self._watched: tuple[frozenset[str], bool] = frozenset(), False
        self._yields = False

    def carry_out(self, plans: Mapping[str, Plan], *, calm: bool) -> None:
        """Send the engine the differences to the plans it has.

        ``calm`` says that what plays has enough; see :class:`Need`.
        """
        self._set_pace(plans, calm)
        for swarm in self._swarms.all():
            if not swarm.failure:
                self._carry_out(swarm, plans.get(swarm.infohash))

    def rearm(self, swarm: Swarm) -> None:
        """Send the engine the whole plan again, in case it or a peer has lost it."""
        if swarm.plan.latest:
            logger.debug("Re-arming %r", swarm)
            self._engine.reconnect(swarm.infohash)
            swarm.plan.forget()
            self._changed(True)

    def look_for_peers(self, swarm: Swarm, every_s: float) -> None:
        """Look for peers, at most once in ``every_s`` seconds."""
        now = self._clock()
        if not swarm.activity.was_met(every_s, now):
            swarm.activity.meet(now)
            self._engine.meet(swarm.infohash)

    def try_again(self, swarm: Swarm, pieces: Iterable[int] = ()) -> None:
        """Start over with a swarm that was given up: somebody asks for it.

        Joining again asks everybody, local peers too, and clears what was held against
        peers and web seeds.
        """
        swarm.pieces.hopeless.hope(pieces)
        if swarm.activity.given_up and swarm.membership.is_added:
            swarm.begin_anew(self._clock())
            self._engine.remove(swarm.infohash)
            self._changed(True)

    def _carry_out(self, swarm: Swarm, plan: Plan | None) -> None:
        if not swarm.membership.is_added:
            self._add(swarm, plan)
        elif plan:
            old = swarm.plan.latest or Plan.empty(len(plan.urgencies))
            changes = changes_between(old, plan, swarm.pieces.held)
            if changes or old.trickle != plan.trickle:
                self._engine.apply(swarm.infohash, changes)
        swarm.plan.follow(plan)

    def _add(self, swarm: Swarm, plan: Plan | None) -> None:
        swarm.membership.add()
        try:
            self._engine.add(swarm.membership.source, plan)
        except VozduxanError as exc:
            swarm.broke(exc)
            self._broke(swarm)

    def _set_pace(self, plans: Mapping[str, Plan], calm: bool) -> None:
        """Tell the engine first whether somebody waits, or is in need."""
        swarms = self._swarms.all()
        waiting = any(swarm.metainfo is None for swarm in swarms)
        waiting |= any(Urgency.NOW in plan.urgencies for plan in plans.values())
        watched = frozenset(swarm.infohash for swarm in swarms)
        if (watched, waiting) != self._watched:
            self._watched = watched, waiting
            self._engine.watch(watched, waiting=waiting)
        if (yields := waiting or not calm) != self._yields:
            self._yields = yields
            self._engine.yield_uploads(yields)
