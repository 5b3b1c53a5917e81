"""Events of failures: a dead swarm, a player that breaks off, or one that is silent.

Core recovers from none of these by itself, so we make it play the next track, at most
once per entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mopidy_vozduxan.planning.following.orders import (
    Chore,
    ForgetStart,
    Hush,
    MoveOn,
    Order,
    Release,
    Remind,
    Say,
    ShowPlaying,
    Slide,
    Stop,
)
from mopidy_vozduxan.planning.following.questions import (
    DoesItSound,
    HasMovedOn,
    HowItGoes,
    IsPlaying,
    Question,
    Trouble,
    WasLeft,
    WhatIsQueued,
)
from mopidy_vozduxan.planning.following.silence import silence
from mopidy_vozduxan.planning.following.state import Given, State, Step, is_ours

#: How often to ask for the position during playback.
POLL_S = 1.0
#: This many starts without a sound in a row are not the files' fault.
MOST_SILENT_STARTS = 3

_NO_SOUND = "The player found no sound in “{name}”."
_BROKE_OFF = "The player broke off in “{name}”."
_NOTHING_PLAYS: tuple[Order, ...] = (
    Say("Nothing in the tracklist can be played now."),
    Stop(),
)


def look(state: State) -> tuple[Question, ...]:
    """Return the questions for a look at the player, if it has one of our streams."""
    return (IsPlaying(),) if state.token else ()


@dataclass(frozen=True, slots=True)
class LookDue:
    """Time to look at the player, or playback continues after a pause."""

    def follow(self, state: State) -> Step:
        """Look, if it plays one of our streams."""
        return state, look(state)


@dataclass(frozen=True, slots=True)
class Plays:
    """Core says "playing"."""

    def follow(self, state: State) -> Step:
        """Look now, and again soon, also if this look fails."""
        return state, (Remind(Chore.LOOK, POLL_S), HowItGoes())


@dataclass(frozen=True, slots=True)
class Looked:
    """The player at ``now``, in monotonic seconds, while core says "playing".

    A ``broken`` player ended with an error that core does not know. One that ``waits``
    waits for its swarm.
    """

    given: Given
    now: float
    broken: bool = False
    position_ms: int = 0
    waits: bool = False

    def follow(self, state: State) -> Step:
        """Move the window to the playhead, or move on from a track without sound."""
        if state.token is None:
            return state, ()
        if self.broken:
            return self._give_up_what_broke(state, state.token)
        slide = Slide(state.token, state.start_ms + self.position_ms)
        state, seconds = self._silent_for(state)
        if seconds >= state.settings.patience_s:
            return self._give_up_without_sound(state)
        # The position is 0 for a moment after every change.
        return state, (slide,) if self.position_ms else ()

    def _silent_for(self, state: State) -> tuple[State, float]:
        """Return how long the player has had everything it asked for, in silence.

        The cause is unknown: it waits for something that never comes.
        """
        tells = state.tells_positions or self.position_ms > 0
        state = replace(state, tells_positions=tells)
        if not state.starting and not tells:
            return state, 0.0
        waits = self.waits and self.given.token is not None
        place = (self.given.token, self.given.starts, self.position_ms)
        found = silence(state.silence, place, waits=waits, now=self.now)
        return replace(state, silence=found), found.seconds(self.now) if found else 0.0

    def _give_up_what_broke(self, state: State, token: str) -> Step:
        """Move on from the track that sounded when the player broke, or should have.

        Core may have chosen the next track already, and would skip that one.
        """
        if state.starting or state.heard in (None, self.given.uri):
            return self._give_up_without_sound(state)
        # The next track has not shown yet that it is silent.
        state = replace(state, skips=state.skips - 1)
        trouble = Trouble(token, _BROKE_OFF, state.heard)
        return state, (ForgetStart(), WhatIsQueued(trouble))

    def _give_up_without_sound(self, state: State) -> Step:
        if state.skips >= MOST_SILENT_STARTS:
            said = Say("The player gives no sound; playback stops.")
            return state, (said, Stop())
        token = self.given.token or state.token or ""
        return state, (WhatIsQueued(Trouble(token, _NO_SOUND, self.given.uri or "?")),)


@dataclass(frozen=True, slots=True)
class StreamFailed:
    """The swarm of a stream is dead. Sent about once a second while that lasts."""

    token: str
    reason: str
    given: Given

    def follow(self, state: State) -> Step:
        """If it is the current stream, check whether anything still sounds."""
        if self.token != self.given.token:
            return state, ()
        return state, (DoesItSound(Trouble(self.token, self.reason)),)


@dataclass(frozen=True, slots=True)
class Listened:
    """A stream fails while core is ``playing``, or is not, at ``position_ms``."""

    trouble: Trouble
    playing: bool
    position_ms: int

    def follow(self, state: State) -> Step:
        """Give the stream up if nothing has sounded since the last time.

        What the player has buffered plays to its end, also of the track before. Lengths
        may be estimates, so only the position counts.
        """
        stands = self.position_ms == state.position_ms
        state = replace(state, position_ms=self.position_ms)
        return state, (WhatIsQueued(self.trouble),) if self.playing and stands else ()


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A stream was given up; ``queued`` are the URIs and names of all entries."""

    trouble: Trouble
    queued: Sequence[tuple[str, str | None]]
    given: Given

    def follow(self, state: State) -> Step:
        """Make core play the next playable track, or stop."""
        token, starts = self.trouble.token, self.given.starts
        state = replace(state, skips=state.skips + 1)
        says = Say(f"{self._reason()} Moving on to the next track.")
        if state.skips >= max(2, len(self.queued)):
            return state, (says, *_NOTHING_PLAYS, WasLeft(token, starts))
        others = not all(is_ours(uri) for uri, _ in self.queued)
        # Core's ``next`` keeps the state.
        moves = (ShowPlaying(), MoveOn(), HasMovedOn(token, starts, others))
        return state, (says, *moves)

    def _reason(self) -> str:
        uri = self.trouble.uri
        name = next((name for queued, name in self.queued if queued == uri), uri)
        reason = self.trouble.reason
        return reason.replace("{name}", str(name)) if uri else reason


@dataclass(frozen=True, slots=True)
class MovedOn:
    """Core was told to move on; ``asked`` is the state before."""

    asked: HasMovedOn
    given: Given

    def follow(self, state: State) -> Step:
        """Stop, if it has started nothing."""
        token, starts = self.asked.token, self.asked.starts
        if self.asked.others or self.given.starts != starts:
            return Left(token, starts, self.given).follow(state)
        return state, (*_NOTHING_PLAYS, WasLeft(token, starts))


@dataclass(frozen=True, slots=True)
class Left:
    """The stream ``token`` was given up; core had started ``starts`` before."""

    token: str
    starts: int
    given: Given

    def follow(self, state: State) -> Step:
        """End the stream, unless another part of the same file has started."""
        if self.given.starts == self.starts:
            # A waiting player would take the release for an error.
            hushes = (Hush(),) if state.starting else ()
            return replace(state, starting=None), (*hushes, Release(self.token))
        return state, (Release(self.token),) if self.token != self.given.token else ()
