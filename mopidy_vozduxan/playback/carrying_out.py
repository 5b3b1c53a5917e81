"""Carries out the orders of ``planning/following``; decides nothing.

Only the frontend's actor uses it: the actor asks core and waits; core never asks back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import singledispatchmethod
from typing import Any

from mopidy_vozduxan.planning.following import orders
from mopidy_vozduxan.planning.following.orders import Chore, Order
from mopidy_vozduxan.playback.alarm import Alarm
from mopidy_vozduxan.playback.player import (
    DEFAULT_BUFFERS,
    Player,
    forget_pending_start,
)

logger = logging.getLogger(__name__)


class CarryingOut:
    """One method for each kind of order.

    ``chores`` are done when they are due. ``find`` looks for the torrent that a URI
    names, ``correct`` corrects the tracklist by what is known about torrents.
    """

    def __init__(
        self,
        core: Any,
        player: Player,
        chores: Mapping[Chore, Callable[[], object]],
        find: Callable[[str], None],
        correct: Callable[[frozenset[str]], None],
    ) -> None:
        self._playback = core.playback
        self._player = player
        self._chores = chores
        self._alarms = {chore: Alarm() for chore in chores}
        self._find = find
        self._correct = correct

    def end(self) -> None:
        """Cancel all alarms."""
        for alarm in self._alarms.values():
            alarm.cancel()

    @singledispatchmethod
    def carry_out(self, order: Order) -> None:
        """Do it, and return when it is done."""
        raise NotImplementedError(order)

    @carry_out.register
    def _(self, order: orders.Remind) -> None:
        self._alarms[order.chore].set(order.seconds, self._chores[order.chore])

    @carry_out.register
    def _(self, order: orders.Forget) -> None:
        self._alarms[order.chore].cancel()

    @carry_out.register
    def _(self, order: orders.ShowPlaying) -> None:
        self._playback.set_state("playing").get()

    @carry_out.register
    def _(self, order: orders.Play) -> None:
        self._playback.play().get()

    @carry_out.register
    def _(self, order: orders.Pause) -> None:
        self._playback.pause().get()

    @carry_out.register
    def _(self, order: orders.Stop) -> None:
        self._playback.stop().get()

    @carry_out.register
    def _(self, order: orders.Seek) -> None:
        self._playback.seek(order.position_ms).get()

    @carry_out.register
    def _(self, order: orders.MoveOn) -> None:
        with self._player.walk.moving_on():
            self._playback.next().get()

    @carry_out.register
    def _(self, order: orders.Hold) -> None:
        self._player.pause()

    @carry_out.register
    def _(self, order: orders.Hush) -> None:
        self._player.silence()

    @carry_out.register
    def _(self, order: orders.ForgetStart) -> None:
        forget_pending_start()

    @carry_out.register
    def _(self, order: orders.ResetBuffers) -> None:
        self._player.set_buffers(*DEFAULT_BUFFERS)

    @carry_out.register
    def _(self, order: orders.Slide) -> None:
        self._player.moved(order.token, order.position_ms)

    @carry_out.register
    def _(self, order: orders.Release) -> None:
        self._player.release(order.token)

    @carry_out.register
    def _(self, order: orders.Aim) -> None:
        self._player.aim(order.tracks, order.known)

    @carry_out.register
    def _(self, order: orders.Find) -> None:
        self._find(order.uri)

    @carry_out.register
    def _(self, order: orders.Correct) -> None:
        self._correct(order.torrents)

    @carry_out.register
    def _(self, order: orders.Say) -> None:
        logger.log(
            logging.WARNING if order.warns else logging.INFO,
            "Vozduxan: %s",
            order.sentence,
        )
