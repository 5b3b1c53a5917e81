"""When what is kept may be fetched, and what that means for a plan."""

import pytest

from mopidy_vozduxan.planning.demand import Head, Role, SwarmView
from mopidy_vozduxan.planning.listening import PAUSED_S, is_listening
from mopidy_vozduxan.planning.room import EVERYTHING, Allowance, Room
from mopidy_vozduxan.planning.sharing import plans
from tests.planning.demands import (
    ALBUM,
    IDLE,
    LATER,
    SOON,
    TRACK_2,
    demand,
    wanted,
)

READ = Head(5000, 5000, waiting=False)
WAITING = Head(5000, 5000)
KEPT = demand(role=Role.KEPT, pieces=TRACK_2)


@pytest.mark.parametrize(
    ("demands", "held", "silent_s", "listening"),
    [
        ([], (), None, False),
        ([KEPT], (), None, False),
        ([demand(WAITING, role=Role.BACKGROUND)], (), None, False),
        ([demand(READ)], (), 0.0, True),
        ([demand(READ)], (), PAUSED_S - 1, True),
        ([demand(READ)], (), PAUSED_S + 1, False),
        ([demand(WAITING)], (), PAUSED_S + 1, True),
        ([demand(WAITING)], (50,), PAUSED_S + 1, False),  # it is only being read
        ([demand(WAITING, role=Role.QUEUED)], (), None, True),
        ([], (), 0.0, True),  # its metadata is not here yet
    ],
)
def test_somebody_listens_while_it_sounds_or_while_they_wait(
    demands, held, silent_s, listening
):
    views = {"s": SwarmView(ALBUM, frozenset(held))}
    assert is_listening(demands, views, silent_s) is listening


def plan_of(*demands, listening, held=(), allowed=EVERYTHING):
    views = {"s": SwarmView(ALBUM, frozenset(held), peers=4, piece_length=100)}
    return plans(demands, views, allowed=allowed, listening=listening)["s"]


def test_a_kept_file_is_wanted_whole_and_last_while_nobody_listens():
    plan = plan_of(KEPT, listening=False, held=range(300))
    assert wanted(plan, IDLE) == list(range(300, 400))
    assert not plan.trickle
    assert plan.missing == 100


def test_of_a_kept_file_no_more_is_wanted_than_there_is_room_for_and_a_piece():
    """The piece makes eviction look for room."""
    plan = plan_of(KEPT, listening=False, held=range(300), allowed=Allowance(spare=550))
    assert wanted(plan, IDLE) == list(range(300, 306))
    full = Allowance(Room.NEEDED, spare=0)
    plan = plan_of(KEPT, listening=False, held=range(300), allowed=full)
    assert wanted(plan, IDLE) == []


def test_a_kept_file_is_not_wanted_while_somebody_listens():
    plan = plan_of(KEPT, listening=True)
    assert wanted(plan, IDLE) == []


def test_a_kept_file_takes_nothing_from_a_paused_track():
    playing = demand(READ, playhead=5000)
    kept = demand(role=Role.KEPT)
    paused = plan_of(playing, kept, listening=False)
    alone = plan_of(playing, listening=True)
    for urgency in (SOON, LATER):
        assert wanted(paused, urgency) == wanted(alone, urgency)
    assert set(wanted(paused, IDLE)) > set(wanted(alone, IDLE))


def test_tags_come_before_what_is_kept():
    tags = demand(Head(20_000 - 1, 1), role=Role.BACKGROUND)
    plan = plan_of(tags, KEPT, listening=False)
    assert wanted(plan, LATER) == [199]
    assert wanted(plan, IDLE) == list(range(200, 400))
