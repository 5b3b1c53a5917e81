"""What plays: an event and a state in, the next state and orders out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mopidy_vozduxan.planning.following.coming import AIM_AFTER_S, FOUND_AFTER_S
from mopidy_vozduxan.planning.following.failing import POLL_S
from mopidy_vozduxan.planning.following.orders import (
    Aim,
    Chore,
    Find,
    Forget,
    Hold,
    Hush,
    Pause,
    Play,
    Release,
    Remind,
    ResetBuffers,
    Say,
    Seek,
    ShowPlaying,
    Slide,
    Stop,
)
from mopidy_vozduxan.planning.following.playing import (
    HasBegun,
    Joined,
    Moved,
    StartRequested,
    StateChanged,
    StreamReleased,
    TakenBack,
    TrackStarted,
)
from mopidy_vozduxan.planning.following.questions import (
    IsPlaying,
    WasTakenBack,
    WhereItBegan,
)
from tests.planning.following.cases import (
    FOREIGN,
    GIVEN,
    GIVEN_ANEW,
    GIVEN_NEXT,
    ONE,
    PLAYS,
    REST,
    TWO,
    WAITS,
    follow,
)

LOOK = Remind(Chore.LOOK, POLL_S)
AIM = Remind(Chore.AIM, AIM_AFTER_S)
CORRECT = Remind(Chore.CORRECT, AIM_AFTER_S)
CORRECT_SOON = Remind(Chore.CORRECT, FOUND_AFTER_S)
STOPPED = (Aim((), 0), CORRECT_SOON)


@pytest.mark.parametrize(
    ("state", "event", "tasks"),
    [
        (
            REST,
            StartRequested(1, "A", ONE, True),
            (ShowPlaying(), WasTakenBack(ONE), LOOK),
        ),
        (PLAYS, StartRequested(2, "B", TWO, True), (LOOK,)),
        (REST, TakenBack(ONE, 4000), (Play(),)),
        # What sounds.
        (WAITS, TrackStarted(ONE, GIVEN), (CORRECT, AIM, IsPlaying())),
        (
            replace(WAITS, holds=True),
            TrackStarted(ONE, GIVEN),
            (Pause(), CORRECT, AIM, IsPlaying()),
        ),
        (
            replace(WAITS, sought=(ONE, 4000)),
            TrackStarted(ONE, GIVEN),
            (WhereItBegan(4000), CORRECT, AIM, IsPlaying()),
        ),
        (
            replace(WAITS, sought=(ONE, 4000)),
            TrackStarted(TWO, GIVEN),
            (CORRECT, AIM, IsPlaying()),
        ),
        (
            PLAYS,
            TrackStarted(FOREIGN, GIVEN_NEXT),
            (Release("A"), Release("B"), ResetBuffers(), CORRECT, AIM),
        ),
        (
            replace(WAITS, news=frozenset({"ab"})),
            TrackStarted(ONE, GIVEN),
            (AIM, IsPlaying()),
        ),
        (REST, HasBegun(4000, 0), (Seek(4000),)),
        (REST, HasBegun(4000, 4000), ()),
        (PLAYS, Moved(5000), (Slide("A", 65_000),)),
        (REST, Moved(5000), ()),
        # What core does while nothing sounds yet.
        (WAITS, StateChanged("paused", GIVEN), (Hold(),)),
        (PLAYS, StateChanged("paused", GIVEN), ()),
        (PLAYS, StateChanged("playing", GIVEN), ()),
        (
            WAITS,
            StateChanged("stopped", GIVEN),
            (Forget(Chore.LOOK), Hush(), Release("A"), *STOPPED),
        ),
        (WAITS, StateChanged("stopped", GIVEN_ANEW), (Forget(Chore.LOOK),)),
        (
            PLAYS,
            StateChanged("stopped", GIVEN_NEXT),
            (Forget(Chore.LOOK), Release("A"), Release("B"), *STOPPED),
        ),
        (
            PLAYS,
            StreamReleased("A", GIVEN),
            (Say("The stream was released; playback stops.", warns=False), Stop()),
        ),
        (PLAYS, StreamReleased("A", GIVEN_NEXT), ()),
    ],
)
def test_what_is_to_be_done(state, event, tasks):
    assert event.follow(state)[1] == tasks


@pytest.mark.parametrize(
    ("state", "event", "changes"),
    [
        (
            replace(REST, skips=2, holds=True),
            StartRequested(7, "A", ONE, False),
            {"token": "A", "starting": ONE, "starts": 7, "holds": False},
        ),
        (
            replace(REST, skips=2),
            StartRequested(7, "A", ONE, True),
            {"token": "A", "starting": ONE, "starts": 7, "skips": 0},
        ),
        (REST, TakenBack(ONE, 4000), {"sought": (ONE, 4000)}),
        (
            replace(WAITS, skips=2, holds=True, sought=(TWO, 4000)),
            TrackStarted(ONE, GIVEN),
            {
                "start_ms": 60_000,
                "sounding": True,
                "starting": None,
                "heard": ONE,
                "sought": ("", 0),
                "holds": False,
                "skips": 0,
            },
        ),
        (PLAYS, TrackStarted(FOREIGN, GIVEN), {"token": None, "heard": FOREIGN}),
        (WAITS, StateChanged("paused", GIVEN), {"core": "paused", "holds": True}),
        (PLAYS, StateChanged("paused", GIVEN), {"core": "paused"}),
        (
            replace(WAITS, sought=(ONE, 4000)),
            StateChanged("stopped", GIVEN),
            {
                "core": "stopped",
                "sought": ("", 0),
                "starting": None,
                "token": None,
                "halted": True,
            },
        ),
        (WAITS, StateChanged("stopped", GIVEN_ANEW), {"core": "stopped"}),
        (
            PLAYS,
            StateChanged("stopped", GIVEN),
            {
                "core": "stopped",
                "sounding": False,
                "heard": None,
                "token": None,
                "halted": True,
            },
        ),
    ],
)
def test_what_is_known_afterwards(state, event, changes):
    assert event.follow(state)[0] == replace(state, **changes)


START = StartRequested(1, "A", ONE, False)


@pytest.mark.parametrize(
    ("core", "current", "start", "tasks"),
    [
        ("playing", ONE, None, (CORRECT, AIM, IsPlaying(), CORRECT_SOON)),
        ("playing", ONE, START, (CORRECT, AIM, IsPlaying(), CORRECT_SOON)),
        ("paused", ONE, None, (CORRECT, AIM, IsPlaying(), CORRECT_SOON)),
        ("stopped", ONE, None, (CORRECT_SOON,)),
        (
            "stopped",
            None,
            START,
            (ShowPlaying(), WasTakenBack(ONE), LOOK, CORRECT_SOON),
        ),
    ],
)
def test_what_core_has_restored_is_caught_up_with(core, current, start, tasks):
    joined = Joined(core, current, start, GIVEN, (), frozenset())
    assert joined.follow(REST)[1] == tasks


def test_what_the_queue_held_before_is_looked_after():
    joined = Joined("stopped", None, None, GIVEN, ("magnet:",), frozenset({"ab"}))
    state, tasks = joined.follow(REST)
    assert tasks == (Find("magnet:"), CORRECT_SOON)
    assert state.news == {"ab"}


def test_what_core_shows_at_first_is_known():
    joined = Joined("paused", None, START, GIVEN, (), frozenset())
    state, tasks = joined.follow(REST)
    assert state.core == "paused"
    assert ShowPlaying() not in tasks


STOP_OF_ANOTHER = StateChanged("stopped", GIVEN_NEXT)


def test_a_stop_near_the_end_of_another_track_stops_ours_too():
    """The player already has our track then, and core reports it as started."""
    state = replace(PLAYS, heard=FOREIGN, token=None)
    events = (STOP_OF_ANOTHER, StateChanged("playing", GIVEN_NEXT))
    assert follow(state, *events, TrackStarted(TWO, GIVEN_NEXT))[1] == (Stop(),)


@pytest.mark.parametrize(
    "asked", [StartRequested(2, "B", TWO, True), TrackStarted(FOREIGN, GIVEN_NEXT)]
)
def test_what_is_asked_for_after_a_stop_plays(asked):
    orders = follow(PLAYS, STOP_OF_ANOTHER, asked, TrackStarted(TWO, GIVEN_NEXT))[1]
    assert Stop() not in orders
