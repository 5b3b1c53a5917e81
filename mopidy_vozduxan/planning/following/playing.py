"""Events of playback: starts, pauses, jumps and stops, from core and the backend.

Design notes: a start that waits for its swarm leaves core "stopped" until the first
sound, and ``stop`` does nothing while core is stopped: the music would start later
anyway. So we show such a start as "playing", which is also what the listener asked for.
A ``stop`` is then an event, and ends the start.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mopidy_vozduxan.planning.following.coming import FOUND_AFTER_S, reminders
from mopidy_vozduxan.planning.following.failing import POLL_S, look
from mopidy_vozduxan.planning.following.orders import (
    Aim,
    Chore,
    Find,
    Forget,
    Hold,
    Hush,
    Order,
    Pause,
    Play,
    Remind,
    ResetBuffers,
    Say,
    Seek,
    ShowPlaying,
    Slide,
    Stop,
)
from mopidy_vozduxan.planning.following.questions import (
    Question,
    WasTakenBack,
    WhereItBegan,
)
from mopidy_vozduxan.planning.following.state import (
    Given,
    State,
    Step,
    is_ours,
    releases,
)


@dataclass(frozen=True, slots=True)
class StartRequested:
    """Core has told the player to start ``uri``, as its ``start``-th start.

    ``asked`` says that a listener asked for it; else core came to it by itself.
    """

    start: int
    token: str
    uri: str
    asked: bool

    def follow(self, state: State) -> Step:
        """Show the start, and watch it."""
        was_stopped = state.core == "stopped"
        state = replace(
            state,
            skips=0 if self.asked else state.skips,
            starts=self.start,
            token=self.token,
            starting=self.uri,
            holds=False,
            halted=False,
        )
        # At once, without asking first, so that no ``stop`` comes in between.
        shows = (ShowPlaying(), WasTakenBack(self.uri)) if was_stopped else ()
        return state, (*shows, Remind(Chore.LOOK, POLL_S))


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A seek or a skip has taken the start of ``uri`` back: core was "stopped".

    ``sought_ms`` is where core should start. Core forgets it if the player reports a
    position before it reports the track, so we remember it.
    """

    uri: str
    sought_ms: int

    def follow(self, state: State) -> Step:
        """Start it again."""
        return replace(state, sought=(self.uri, self.sought_ms)), (Play(),)


@dataclass(frozen=True, slots=True)
class TrackStarted:
    """A track of any backend sounds."""

    uri: str
    given: Given

    def follow(self, state: State) -> Step:
        """Follow it, and what comes next.

        The player may already have our track when core is stopped near the end of
        another one. Core then reports it as started, although nobody asked for it.
        """
        if state.halted and is_ours(self.uri):
            return state, (Stop(),)
        sought, wanted_ms = state.sought
        orders: list[Order | Question] = []
        if sought == self.uri:
            orders.append(WhereItBegan(wanted_ms))
        if state.holds:
            orders.append(Pause())
        if not is_ours(self.uri):
            orders += [*releases(state, self.given), ResetBuffers()]
        state = self._sounding(state)
        return state, (*orders, *reminders(state), *look(state))

    def _sounding(self, state: State) -> State:
        ours, given = is_ours(self.uri), self.given
        return replace(
            state,
            token=given.token if ours else None,
            start_ms=given.start_ms if ours else state.start_ms,
            sounding=True,
            starting=None,
            heard=self.uri,
            sought=("", 0),
            holds=False,
            halted=False,
            skips=0,
        )


@dataclass(frozen=True, slots=True)
class HasBegun:
    """A track that should start at ``wanted_ms`` sounds at ``position_ms``."""

    wanted_ms: int
    position_ms: int

    def follow(self, state: State) -> Step:
        """Seek there, if core has forgotten it."""
        there = self.position_ms >= self.wanted_ms
        return state, () if there else (Seek(self.wanted_ms),)


@dataclass(frozen=True, slots=True)
class Moved:
    """The position jumped, or stays during a pause."""

    position_ms: int

    def follow(self, state: State) -> Step:
        """Move the window."""
        if not state.token:
            return state, ()
        return state, (Slide(state.token, state.start_ms + self.position_ms),)


@dataclass(frozen=True, slots=True)
class StateChanged:
    """Core's state changed, perhaps while a start was pending."""

    now: str
    given: Given

    def follow(self, state: State) -> Step:
        """Hold a paused start, and release what is stopped."""
        state = replace(state, core=self.now, silence=None)
        if self.now == "paused" and state.starting:
            return replace(state, holds=True), (Hold(),)
        if self.now == "stopped":
            return self._stopped(state)
        return state, ()

    def _stopped(self, state: State) -> Step:
        ends = Forget(Chore.LOOK)
        state = replace(state, sounding=False, heard=None, sought=("", 0))
        if state.starts != self.given.starts:
            return state, (ends,)  # a newer start is pending, and owns the player
        hushes = (Hush(),) if state.starting else ()
        return replace(state, starting=None, token=None, halted=True), (
            ends,
            *hushes,
            *releases(state, self.given),
            Aim((), 0),
            Remind(Chore.CORRECT, FOUND_AFTER_S),
        )


@dataclass(frozen=True, slots=True)
class StreamReleased:
    """Somebody ended a stream by a command."""

    token: str
    given: Given

    def follow(self, state: State) -> Step:
        """Stop, if it is the player's stream."""
        if self.token != self.given.token:
            return state, ()
        said = Say("The stream was released; playback stops.", warns=False)
        return state, (said, Stop())


@dataclass(frozen=True, slots=True)
class Joined:
    """The frontend has started: core may have restored its playback before.

    ``current`` is the URI of its track, ``start`` our last start. ``stand_ins`` are
    entries for unknown torrents, ``torrents`` those with tracks in the tracklist.
    """

    core: str
    current: str | None
    start: StartRequested | None
    given: Given
    stand_ins: tuple[str, ...]
    torrents: frozenset[str]

    def follow(self, state: State) -> Step:
        """Catch up."""
        state, orders = self._catch_up(replace(state, core=self.core))
        finds = tuple(Find(uri) for uri in self.stand_ins)
        corrects = Remind(Chore.CORRECT, FOUND_AFTER_S)
        state = replace(state, news=state.news | self.torrents)
        return state, (*orders, *finds, corrects)

    def _catch_up(self, state: State) -> Step:
        if self.current and self.core != "stopped":
            return TrackStarted(self.current, self.given).follow(state)
        return self.start.follow(state) if self.start else (state, ())
