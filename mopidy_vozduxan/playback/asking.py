"""Answers the questions of ``planning/following``: asks core and the player.

Only the frontend's actor uses it: the actor asks core and waits; core never asks back.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import singledispatchmethod
from typing import TYPE_CHECKING, Any

from mopidy_vozduxan.planning.following.coming import ComesNext, TakenOut
from mopidy_vozduxan.planning.following.failing import (
    GivenUp,
    Left,
    Listened,
    Looked,
    MovedOn,
    Plays,
)
from mopidy_vozduxan.planning.following.playing import HasBegun, TakenBack
from mopidy_vozduxan.planning.following.questions import (
    DoesItSound,
    HasMovedOn,
    HowItGoes,
    IsPlaying,
    IsQueued,
    Question,
    WasLeft,
    WasTakenBack,
    WhatComesNext,
    WhatIsQueued,
    WhereItBegan,
)
from mopidy_vozduxan.planning.following.state import Event, Given
from mopidy_vozduxan.playback.player import Player

if TYPE_CHECKING:
    from mopidy.models import TlTrack


class Asking:
    """One method for each kind of question."""

    def __init__(self, core: Any, player: Player) -> None:
        self._playback = core.playback
        self._tracklist = core.tracklist
        self._player = player

    def given(self) -> Given:
        """Return what core has given to the player so far."""
        player = self._player
        return Given(
            player.starts,
            player.latest_token,
            player.latest_uri,
            player.latest_start_ms,
        )

    def entries(self) -> Sequence[TlTrack]:
        """Return the tracklist."""
        entries: Sequence[TlTrack] = self._tracklist.get_tl_tracks().get()
        return entries

    def state(self) -> str:
        """Return core's state."""
        return str(self._playback.get_state().get())

    def current(self) -> int | None:
        """Return the number of the selected entry."""
        tlid: int | None = self._playback.get_current_tlid().get()
        return tlid

    @singledispatchmethod
    def answer(self, question: Question) -> Event | None:
        """Return the answer, if there is anything to say."""
        raise NotImplementedError(question)

    @answer.register
    def _(self, question: WasTakenBack) -> Event | None:
        if not self._player.is_idle():
            return None
        return TakenBack(question.uri, self._playback.get_time_position().get())

    @answer.register
    def _(self, question: WhereItBegan) -> Event | None:
        return HasBegun(question.wanted_ms, self._player.position_ms())

    @answer.register
    def _(self, question: IsQueued) -> Event | None:
        queued = any(entry.track.uri == question.uri for entry in self.entries())
        return None if queued else TakenOut(question.uri)

    @answer.register
    def _(self, question: IsPlaying) -> Event | None:
        return Plays() if self.state() == "playing" else None

    @answer.register
    def _(self, question: HowItGoes) -> Event | None:
        given = self.given()
        if self._is_broken():
            return Looked(given, time.monotonic(), broken=True)
        position_ms = self._player.position_ms()
        waits = given.token is not None and self._player.waits(given.token)
        return Looked(given, time.monotonic(), position_ms=position_ms, waits=waits)

    def _is_broken(self) -> bool:
        """Return whether the player is off while core says "playing".

        It is off for a moment during a ``stop`` and before a start, but core answers
        only after that.
        """
        off = self._player.is_off
        return off() and self.state() == "playing" and off()

    @answer.register
    def _(self, question: DoesItSound) -> Event | None:
        position_ms = self._player.position_ms()
        return Listened(question.trouble, self.state() == "playing", position_ms)

    @answer.register
    def _(self, question: WhatIsQueued) -> Event | None:
        queued = tuple((entry.track.uri, entry.track.name) for entry in self.entries())
        return GivenUp(question.trouble, queued, self.given())

    @answer.register
    def _(self, question: HasMovedOn) -> Event | None:
        return MovedOn(question, self.given())

    @answer.register
    def _(self, question: WasLeft) -> Event | None:
        return Left(question.token, question.starts, self.given())

    @answer.register
    def _(self, question: WhatComesNext) -> Event | None:
        tracklist, entries = self._tracklist, self.entries()
        return ComesNext(
            {entry.tlid: (entry.track.uri, entry.track.length) for entry in entries},
            following=tracklist.get_next_tlid().get(),
            current=self.current(),
            repeat=tracklist.get_repeat().get(),
            single=tracklist.get_single().get(),
            random=tracklist.get_random().get(),
        )
