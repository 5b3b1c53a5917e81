"""Who is in need comes first, or alone; others are served in calm."""

from mopidy_vozduxan.planning.demand import Head, Role, SwarmView
from mopidy_vozduxan.planning.sharing import plans
from tests.planning.demands import (
    ALBUM,
    LATER,
    NOW,
    SOON,
    TRACK_2,
    demand,
    plan_of,
    wanted,
)


def test_while_a_head_that_jumped_waits_nothing_else_is_wanted():
    plan = plan_of(demand(Head(5000)), held={0})
    assert wanted(plan, NOW) == [50]
    assert sum(map(bool, plan.urgencies)) == 1
    assert plan.hurried == {50}


def test_another_readers_jump_leaves_the_near_window_alone():
    playing = demand(Head(1000, 1000, waiting=False), playhead=1000)
    browsing = demand(Head(0), role=Role.QUEUED, pieces=TRACK_2)
    unsafe = plan_of(playing, browsing, held=range(10))
    assert wanted(unsafe, SOON)[:3] == [10, 11, 12]
    safe = plan_of(playing, browsing, held=range(30))
    assert wanted(safe, NOW) == [200]
    assert sum(map(bool, safe.urgencies)) == 1


def test_a_reader_that_is_stuck_wants_its_piece_and_nothing_else():
    stuck = Head(5000, 5000, waiting=True, stuck=True)
    plan = plan_of(demand(stuck), held=range(50))
    assert wanted(plan, NOW) == [50]
    assert sum(map(bool, plan.urgencies)) == 1


def test_being_stuck_far_ahead_of_what_sounds_is_no_emergency():
    stuck = Head(10_000, 10_000, waiting=True, stuck=True)
    plan = plan_of(demand(stuck, playhead=1000), held=range(100))
    assert plan.urgencies[100] == LATER


def test_nothing_that_follows_is_wanted_while_the_current_track_is_not_safe():
    playing = demand(Head(5000, 5000, False), playhead=5000)
    following = demand(role=Role.PREFETCH, pieces=TRACK_2, starts_in_ms=5_000)
    plan = plan_of(playing, following, held=range(52))
    assert not any(plan.urgencies[201:])


def test_reading_far_past_the_playhead_is_no_emergency():
    plan = plan_of(demand(Head(10_000, 10_000), playhead=1000), held=range(100))
    assert plan.urgencies[100] == LATER
    assert 100 not in plan.hurried


def test_a_reader_at_the_playhead_is_an_emergency():
    plan = plan_of(demand(Head(1500, 1500), playhead=1000), held=range(15))
    assert plan.urgencies[15] == NOW


def test_prefetch_of_another_swarm_waits_until_the_current_stream_is_safe():
    other = SwarmView(200, frozenset())
    nxt = demand(role=Role.PREFETCH, swarm="t", starts_in_ms=100_000)
    views = {"s": SwarmView(ALBUM, frozenset(range(3)))}
    demands = [demand(Head(200, 200, False)), nxt]
    starving = plans(demands, views | {"t": other})["t"]
    assert starving.trickle or sum(map(bool, starving.urgencies)) <= 1
    safe = {"s": SwarmView(ALBUM, frozenset(range(100)))}
    fetching = plans(demands, safe | {"t": other})["t"]
    assert wanted(fetching, LATER) == [0, 1, 2, 3, 4, 5]
    other = SwarmView(200, frozenset(range(6)))
    fetching = plans(demands, safe | {"t": other})["t"]
    assert len(wanted(fetching, LATER)) == 30


def test_a_read_in_the_background_waits_until_what_plays_is_safe():
    playing = demand(Head(1000, 1000, waiting=False), playhead=1000)
    read = demand(Head(0), role=Role.BACKGROUND, pieces=TRACK_2)
    unsafe = plan_of(playing, read, held=range(12))
    assert LATER not in unsafe.urgencies[200:]
    assert plan_of(playing, read, held=range(30)).urgencies[200] == LATER


def test_a_jump_keeps_reads_in_the_background_away():
    seeking = demand(Head(5000))
    read = demand(Head(0), role=Role.BACKGROUND, pieces=TRACK_2)
    plan = plan_of(seeking, read, held={0})
    assert sum(map(bool, plan.urgencies)) == 1


def test_a_read_in_the_background_of_another_swarm_waits_for_what_plays():
    playing = demand(Head(1000, 1000, waiting=False), playhead=1000)
    read = demand(Head(0), role=Role.BACKGROUND, swarm="t")
    views = {name: SwarmView(ALBUM, frozenset(range(12))) for name in "st"}
    views["t"] = SwarmView(ALBUM, frozenset())
    assert plans([playing, read], views)["t"].urgencies.count(LATER) == 0
    views["s"] = SwarmView(ALBUM, frozenset(range(30)))
    assert plans([playing, read], views)["t"].urgencies[0] == LATER
