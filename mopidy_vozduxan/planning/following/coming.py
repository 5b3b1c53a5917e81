"""Events about what comes next, and about corrections of the tracklist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from mopidy_vozduxan.planning.following.orders import Aim, Chore, Correct, Remind, Stop
from mopidy_vozduxan.planning.following.questions import IsQueued, WhatComesNext
from mopidy_vozduxan.planning.following.queue import sure, upcoming
from mopidy_vozduxan.planning.following.state import Given, State, Step, is_ours

#: Look at the tracklist once it has not changed for this long.
AIM_AFTER_S = 0.2
#: When to correct the tracklist after a torrent was found, and how often at most, since
#: tags come one by one. Each time all clients read the tracklist again.
FOUND_AFTER_S = 0.1
CORRECT_AFTER_S = 1.0
#: How many queued tracks to consider for fetching ahead.
MOST_AHEAD = 32


def reminders(state: State) -> tuple[Remind, ...]:
    """Return what to do once the tracklist is still: many changes come at once."""
    corrects = () if state.news else (Remind(Chore.CORRECT, AIM_AFTER_S),)
    fetches = state.settings.prefetch_tracks and state.sounding
    aims = (Remind(Chore.AIM, AIM_AFTER_S),) if fetches else ()
    return (*corrects, *aims)


@dataclass(frozen=True, slots=True)
class EntriesChanged:
    """The tracklist or its options changed: something else may come next."""

    given: Given

    def follow(self, state: State) -> Step:
        """Check whether a waiting start has lost its entry, and aim again.

        A repeated start does not count: with consume, core itself removes its entry.
        """
        waits = state.starting if state.starts == self.given.starts else None
        asks = (IsQueued(waits),) if waits and waits != state.heard else ()
        return state, (*asks, *reminders(state))


@dataclass(frozen=True, slots=True)
class TakenOut:
    """The entry of a waiting start was removed."""

    uri: str

    def follow(self, state: State) -> Step:
        """Stop: core only knows what sounds, and would still start it."""
        return state, (Stop(),)


@dataclass(frozen=True, slots=True)
class AimDue:
    """Time to aim at what comes next."""

    def follow(self, state: State) -> Step:
        """Ask what comes next, if anything sounds."""
        return state, (WhatComesNext(),) if state.sounding else ()


@dataclass(frozen=True, slots=True)
class ComesNext:
    """Core's tracklist: URIs and lengths in ms by entry, and its options.

    ``following`` is the entry that core would play next.
    """

    entries: Mapping[int, tuple[str, int | None]]
    following: int | None
    current: int | None
    repeat: bool = False
    single: bool = False
    random: bool = False

    def follow(self, state: State) -> Step:
        """Aim at our own tracks."""
        modes = {"repeat": self.repeat, "single": self.single, "random": self.random}
        tlids = upcoming(
            list(self.entries),
            self.following,
            self.current,
            **modes,
            most=MOST_AHEAD,
        )
        tracks = (self.entries[tlid] for tlid in tlids)
        ours = tuple((uri, length) for uri, length in tracks if is_ours(uri))
        return state, (Aim(ours, sure(state.settings.prefetch_tracks, **modes)),)


@dataclass(frozen=True, slots=True)
class SourceResolved:
    """The torrent of a stand-in was found."""

    infohash: str

    def follow(self, state: State) -> Step:
        """Replace the stand-in by its tracks, soon."""
        news = state.news | {self.infohash}
        return replace(state, news=news), (Remind(Chore.CORRECT, FOUND_AFTER_S),)


@dataclass(frozen=True, slots=True)
class TracksKnown:
    """Tags and lengths of a torrent were read; more may come."""

    infohash: str

    def follow(self, state: State) -> Step:
        """Correct its entries in a while, together with others."""
        corrects = () if state.news else (Remind(Chore.CORRECT, CORRECT_AFTER_S),)
        return replace(state, news=state.news | {self.infohash}), corrects


@dataclass(frozen=True, slots=True)
class CorrectionDue:
    """Time to correct the tracklist."""

    def follow(self, state: State) -> Step:
        """Correct it by everything that is new."""
        return replace(state, news=frozenset()), (Correct(state.news),)


def held(
    state: State,
    given: Given,
    entries: Iterable[tuple[int, str]],
    current: int | None,
    *,
    stopped: bool,
) -> set[int]:
    """Return the selected entries, and those that the player has.

    They must not be replaced. ``entries`` are numbers and URIs, ``current`` is the
    selected one, ``stopped`` is core's state.
    """
    starting = state.starting or state.starts != given.starts
    has = given.uri if starting or not stopped else None
    return {tlid for tlid, uri in entries if tlid == current or uri == has}
