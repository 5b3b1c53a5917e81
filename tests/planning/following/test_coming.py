"""What comes next, and what becomes known of the tracklist."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mopidy_vozduxan.planning.following.coming import (
    AIM_AFTER_S,
    CORRECT_AFTER_S,
    FOUND_AFTER_S,
    AimDue,
    ComesNext,
    CorrectionDue,
    EntriesChanged,
    SourceResolved,
    TakenOut,
    TracksKnown,
    held,
)
from mopidy_vozduxan.planning.following.orders import Aim, Chore, Correct, Remind, Stop
from mopidy_vozduxan.planning.following.questions import IsQueued, WhatComesNext
from tests.planning.following.cases import (
    FOREIGN,
    GIVEN,
    GIVEN_ANEW,
    GIVEN_NEXT,
    ONE,
    PLAYS,
    REST,
    THREE,
    TWO,
    WAITS,
    follow,
)

AIM = Remind(Chore.AIM, AIM_AFTER_S)
CORRECT = Remind(Chore.CORRECT, AIM_AFTER_S)
NEWS = replace(REST, news=frozenset({"ab"}))
NO_PREFETCH = replace(PLAYS, settings=replace(PLAYS.settings, prefetch_tracks=0))


@pytest.mark.parametrize(
    ("state", "event", "tasks"),
    [
        (REST, EntriesChanged(GIVEN), (CORRECT,)),
        (PLAYS, EntriesChanged(GIVEN), (CORRECT, AIM)),
        (NO_PREFETCH, EntriesChanged(GIVEN), (CORRECT,)),
        (NEWS, EntriesChanged(GIVEN), ()),
        # A start that waits ends with its entry, but for one that sounded before.
        (WAITS, EntriesChanged(GIVEN), (IsQueued(ONE), CORRECT)),
        (WAITS, EntriesChanged(GIVEN_ANEW), (CORRECT,)),
        (replace(WAITS, heard=ONE), EntriesChanged(GIVEN), (CORRECT,)),
        (WAITS, TakenOut(ONE), (Stop(),)),
        (REST, AimDue(), ()),
        (PLAYS, AimDue(), (WhatComesNext(),)),
        # What becomes known.
        (REST, SourceResolved("ab"), (Remind(Chore.CORRECT, FOUND_AFTER_S),)),
        (NEWS, SourceResolved("cd"), (Remind(Chore.CORRECT, FOUND_AFTER_S),)),
        (REST, TracksKnown("ab"), (Remind(Chore.CORRECT, CORRECT_AFTER_S),)),
        (NEWS, TracksKnown("cd"), ()),
        (REST, CorrectionDue(), (Correct(frozenset()),)),
        (NEWS, CorrectionDue(), (Correct(frozenset({"ab"})),)),
    ],
)
def test_what_is_to_be_done(state, event, tasks):
    assert event.follow(state)[1] == tasks


def test_what_is_new_is_corrected_together_and_once():
    state, tasks = follow(
        REST, TracksKnown("ab"), SourceResolved("cd"), CorrectionDue()
    )
    assert tasks == (Correct(frozenset({"ab", "cd"})),)
    assert state == REST


ENTRIES = {1: (ONE, 100), 2: (FOREIGN, 200), 3: (TWO, None), 4: (THREE, 400)}


@pytest.mark.parametrize(
    ("following", "current", "modes", "aim"),
    [
        (2, 1, {}, Aim(((TWO, None), (THREE, 400)), 2)),
        (None, 4, {}, Aim((), 2)),
        (2, 1, {"random": True}, Aim(((TWO, None), (THREE, 400)), 1)),
        (1, 4, {"repeat": True}, Aim(((ONE, 100), (TWO, None)), 2)),
        (4, 3, {"single": True}, Aim(((THREE, 400),), 0)),
        (
            4,
            3,
            {"single": True, "repeat": True},
            Aim(((TWO, None), (THREE, 400), (ONE, 100)), 1),
        ),
    ],
)
def test_the_buckets_are_aimed_at_what_is_ours_and_comes_next(
    following, current, modes, aim
):
    event = ComesNext(ENTRIES, following, current, **modes)
    assert event.follow(PLAYS)[1] == (aim,)


@pytest.mark.parametrize(
    ("state", "given", "current", "stopped", "stay"),
    [
        (PLAYS, GIVEN, 1, False, {1}),
        (PLAYS, GIVEN_NEXT, 1, False, {1, 3}),
        (WAITS, GIVEN, None, True, {1}),
        (REST, GIVEN_ANEW, None, True, {3}),
        (replace(REST, starts=1), GIVEN_NEXT, 4, True, {4}),
        (replace(REST, starts=1), GIVEN_NEXT, None, True, set()),
    ],
)
def test_what_is_selected_and_what_the_player_has_stays(
    state, given, current, stopped, stay
):
    entries = [(tlid, uri) for tlid, (uri, _) in ENTRIES.items()]
    assert held(state, given, entries, current, stopped=stopped) == stay
