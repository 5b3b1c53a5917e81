"""What fails: which trouble moves core on, when, and what ends with it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mopidy_vozduxan.planning.following.failing import (
    MOST_SILENT_STARTS,
    POLL_S,
    GivenUp,
    Left,
    Listened,
    LookDue,
    Looked,
    MovedOn,
    Plays,
    StreamFailed,
)
from mopidy_vozduxan.planning.following.orders import (
    Chore,
    ForgetStart,
    Hush,
    MoveOn,
    Release,
    Remind,
    Say,
    ShowPlaying,
    Slide,
    Stop,
)
from mopidy_vozduxan.planning.following.playing import StateChanged
from mopidy_vozduxan.planning.following.questions import (
    DoesItSound,
    HasMovedOn,
    HowItGoes,
    IsPlaying,
    Trouble,
    WasLeft,
    WhatIsQueued,
)
from tests.planning.following.cases import (
    FOREIGN,
    GIVEN,
    GIVEN_ANEW,
    GIVEN_NEXT,
    ONE,
    PATIENCE_S,
    PLAYS,
    REST,
    TWO,
    WAITS,
    follow,
)

DEAD = Trouble("A", "Nobody has it.")
NO_SOUND = "The player found no sound in “{name}”."
BROKE_OFF = "The player broke off in “{name}”."
NOTHING = (Say("Nothing in the tracklist can be played now."), Stop())
MUCH_SKIPPED = MOST_SILENT_STARTS
ASKED = HasMovedOn("A", 1, others=False)
TWO_TRACKS = ((ONE, "One"), (TWO, "Two"))


@pytest.mark.parametrize(
    ("state", "event", "tasks"),
    [
        (REST, LookDue(), ()),
        (PLAYS, LookDue(), (IsPlaying(),)),
        (PLAYS, Plays(), (Remind(Chore.LOOK, POLL_S), HowItGoes())),
        # The position reaches the window.
        (PLAYS, Looked(GIVEN, 0, position_ms=500), (Slide("A", 60_500),)),
        (PLAYS, Looked(GIVEN, 0, position_ms=0), ()),
        (REST, Looked(GIVEN, 0, position_ms=500), ()),
        # The player broke: in what sounds, in what should, or at their border.
        (
            PLAYS,
            Looked(GIVEN, 0, broken=True),
            (WhatIsQueued(Trouble("A", NO_SOUND, ONE)),),
        ),
        (
            WAITS,
            Looked(GIVEN, 0, broken=True),
            (WhatIsQueued(Trouble("A", NO_SOUND, ONE)),),
        ),
        (
            PLAYS,
            Looked(GIVEN_NEXT, 0, broken=True),
            (ForgetStart(), WhatIsQueued(Trouble("A", BROKE_OFF, ONE))),
        ),
        (
            replace(WAITS, skips=MUCH_SKIPPED),
            Looked(GIVEN, 0, broken=True),
            (Say("The player gives no sound; playback stops."), Stop()),
        ),
        # A dead swarm matters once nothing sounds any more.
        (PLAYS, StreamFailed("A", "Nobody has it.", GIVEN), (DoesItSound(DEAD),)),
        (PLAYS, StreamFailed("A", "Nobody has it.", GIVEN_NEXT), ()),
        (PLAYS, Listened(DEAD, True, 1000), ()),
        (
            replace(PLAYS, position_ms=1000),
            Listened(DEAD, True, 1000),
            (WhatIsQueued(DEAD),),
        ),
        (replace(PLAYS, position_ms=1000), Listened(DEAD, False, 1000), ()),
        # Core moves on, and stops where it found nothing.
        (PLAYS, MovedOn(ASKED, GIVEN), (*NOTHING, WasLeft("A", 1))),
        (PLAYS, MovedOn(ASKED, GIVEN_ANEW), (Release("A"),)),
        (PLAYS, MovedOn(replace(ASKED, others=True), GIVEN), (Release("A"),)),
        (PLAYS, Left("A", 1, GIVEN), (Release("A"),)),
        (WAITS, Left("A", 1, GIVEN), (Hush(), Release("A"))),
        (WAITS, Left("A", 1, GIVEN_ANEW), (Release("A"),)),
        # Another part of the same file has started, and its stream.
        (WAITS, Left("B", 1, GIVEN_ANEW), ()),
    ],
)
def test_what_is_to_be_done(state, event, tasks):
    assert event.follow(state)[1] == tasks


def test_what_was_left_starts_no_more():
    assert Left("A", 1, GIVEN).follow(WAITS)[0] == replace(WAITS, starting=None)


@pytest.mark.parametrize(
    ("skips", "queued", "others"),
    [
        (0, TWO_TRACKS, False),
        (0, ((ONE, "One"), (FOREIGN, "Song")), True),
        (0, ((ONE, "One"),), False),
        (1, TWO_TRACKS, None),
        (1, ((ONE, "One"),), None),
        (1, (*TWO_TRACKS, (ONE, "One")), False),
    ],
)
def test_each_track_is_passed_over_once(skips, queued, others):
    state, tasks = GivenUp(DEAD, queued, GIVEN).follow(replace(PLAYS, skips=skips))
    says = Say("Nobody has it. Moving on to the next track.")
    if others is None:
        assert tasks == (says, *NOTHING, WasLeft("A", 1))
    else:
        asks = HasMovedOn("A", 1, others)
        assert tasks == (says, ShowPlaying(), MoveOn(), asks)
    assert state.skips == skips + 1


@pytest.mark.parametrize(
    ("uri", "sentence"),
    [
        (ONE, "The player found no sound in “One”."),
        (FOREIGN, "The player found no sound in “file:///song.mp3”."),
    ],
)
def test_a_reason_names_the_track(uri, sentence):
    event = GivenUp(Trouble("A", NO_SOUND, uri), TWO_TRACKS, GIVEN)
    said = event.follow(PLAYS)[1][0]
    assert said == Say(f"{sentence} Moving on to the next track.")


def test_a_swarms_reason_is_told_as_it_is():
    event = GivenUp(Trouble("A", "“{name}” is dead."), TWO_TRACKS, GIVEN)
    assert event.follow(PLAYS)[1][0].sentence.startswith("“{name}” is dead.")


def test_the_one_after_a_break_has_yet_to_show_that_it_is_silent():
    state, _ = Looked(GIVEN_NEXT, 0, broken=True).follow(PLAYS)
    state, _ = GivenUp(DEAD, TWO_TRACKS, GIVEN_NEXT).follow(state)
    assert state.skips == 0


@pytest.mark.parametrize(
    ("positions", "tasks"),
    [((1000, 1000), (WhatIsQueued(DEAD),)), ((1000, 2000), ()), ((1000,), ())],
)
def test_a_dead_stream_is_given_up_once_nothing_sounds(positions, tasks):
    events = [Listened(DEAD, True, position_ms) for position_ms in positions]
    assert follow(PLAYS, *events)[1] == tasks


def looks(*times, position_ms=500, waits=False, given=GIVEN):
    return [Looked(given, now, position_ms=position_ms, waits=waits) for now in times]


GIVES_UP = (WhatIsQueued(Trouble("A", NO_SOUND, ONE)),)
SLIDES = (Slide("A", 60_500),)


@pytest.mark.parametrize(
    ("state", "events", "tasks"),
    [
        (PLAYS, looks(1, PATIENCE_S), SLIDES),
        (PLAYS, looks(1, 1 + PATIENCE_S), GIVES_UP),
        # It moves, waits for its swarm, or plays something else.
        (
            PLAYS,
            [*looks(1), *looks(1 + PATIENCE_S, position_ms=501)],
            (Slide("A", 60_501),),
        ),
        (PLAYS, looks(1, 1 + PATIENCE_S, waits=True), SLIDES),
        (PLAYS, [*looks(1), *looks(9, waits=True), *looks(1 + PATIENCE_S)], SLIDES),
        (PLAYS, [*looks(1), *looks(1 + PATIENCE_S, given=GIVEN_NEXT)], SLIDES),
        # A pause is no silence.
        (
            PLAYS,
            [*looks(1), StateChanged("paused", GIVEN), *looks(1 + PATIENCE_S)],
            SLIDES,
        ),
        # An output that tells a position once tells them all.
        (
            replace(PLAYS, tells_positions=False),
            [*looks(1), *looks(2, 2 + PATIENCE_S, position_ms=0)],
            GIVES_UP,
        ),
        # An output that tells no positions is not taken for silent, a start is.
        (
            replace(PLAYS, tells_positions=False),
            looks(1, 1 + PATIENCE_S, position_ms=0),
            (),
        ),
        (
            replace(WAITS, tells_positions=False),
            looks(1, 1 + PATIENCE_S, position_ms=0),
            GIVES_UP,
        ),
    ],
)
def test_silence_without_a_reason_is_given_up(state, events, tasks):
    assert follow(state, *events)[1] == tasks
