"""What the streams of one swarm want together, and its anchor."""

from mopidy_vozduxan.planning.demand import Head, Role, SwarmView
from mopidy_vozduxan.planning.sharing import plans
from mopidy_vozduxan.planning.spans import PieceMap
from tests.planning.demands import (
    ALBUM,
    ANCHOR,
    IDLE,
    LATER,
    NOW,
    SOON,
    TRACK_2,
    demand,
    plan_of,
    wanted,
)


def test_a_cold_start_has_the_next_piece_for_an_anchor():
    plan = plan_of(demand(Head(5000)))
    assert wanted(plan, NOW) == [50]
    assert wanted(plan, ANCHOR) == [51]
    assert sum(map(bool, plan.urgencies)) == 2


def test_what_follows_waits_for_the_rest_of_what_plays():
    playing = demand(Head(5000, 5000, False), playhead=5000)
    warm = demand(role=Role.WARM, pieces=TRACK_2, starts_in_ms=500_000)
    unfinished = plan_of(playing, warm, held=range(100))
    assert not any(unfinished.urgencies[201:])  # 200 is the anchor
    finished = plan_of(playing, warm, held=range(200))
    assert wanted(finished, IDLE)[-10:] == list(range(200, 210))


def test_a_shared_piece_gets_the_highest_urgency_of_its_demands():
    first = PieceMap(0, 150, 100)
    second = PieceMap(150, 10_000, 100)
    plan = plan_of(
        demand(Head(100, earned=100), pieces=first),
        demand(role=Role.PREFETCH, pieces=second),
        held={0},
    )
    assert plan.urgencies[1] == NOW


def test_a_swarm_in_use_always_has_an_anchor():
    plan = plan_of(demand(Head(20_000, 20_000, False)), held=range(200))
    assert wanted(plan, ANCHOR) == [200, 201]
    assert plan.trickle


def test_the_anchor_goes_round_to_the_beginning():
    view = demand(Head(20_000, 20_000, False), pieces=TRACK_2)
    plan = plan_of(view, held=range(200, 400))
    assert wanted(plan, ANCHOR) == [0, 1]


def test_a_seed_that_is_alone_always_has_something_to_be_asked_for():
    """aria2 and rtorrent choke a peer that wants nothing for 2 ms, for 11 to 30 s."""
    jumped = demand(Head(5000))
    alone = plan_of(jumped, held={0}, peers=1)
    assert wanted(alone, NOW) == [50]
    assert len(wanted(alone, ANCHOR)) == ALBUM - 2
    several = plan_of(jumped, held={0}, peers=2)
    assert not wanted(several, ANCHOR)
    nobody_yet = plan_of(jumped, peers=0)  # the first one may have given two by then
    assert len(wanted(nobody_yet, ANCHOR)) == ALBUM - 1


def test_a_read_in_the_background_takes_no_more_from_a_seed_that_is_alone():
    read = demand(Head(0, 0, True), role=Role.BACKGROUND)
    alone = plan_of(read, peers=1)
    assert len(wanted(alone, ANCHOR)) == 1


def test_who_waits_is_served_while_what_plays_in_another_swarm_is_in_need():
    other = SwarmView(ALBUM, frozenset(), peers=4)
    playing = demand(Head(5000, 5000, False), swarm="other", playhead=5000)
    held = range(200, 205)
    waits = demand(Head(500, 500, True), role=Role.PREFETCH, pieces=TRACK_2)
    assert wanted(plan_of(playing, waits, held=held, other=other), NOW) == [205]
    idle = demand(Head(500, 500, False), role=Role.PREFETCH, pieces=TRACK_2)
    plan = plan_of(playing, idle, held=held, other=other)
    assert not any(urgency > ANCHOR for urgency in plan.urgencies)


def test_what_may_be_on_disk_is_no_anchor():
    """It would be here at once, and the next one too: all of a torrent's pieces."""
    playing, held = demand(Head(0, 1, False)), frozenset(range(200))
    for likely, anchors in ((range(200, 300), [300, 301]), (range(200, 400), [])):
        view = SwarmView(ALBUM, held, peers=4, likely=frozenset(likely))
        assert wanted(plan_of(playing, s=view), ANCHOR) == anchors
        lone = SwarmView(ALBUM, held, peers=1, likely=frozenset(likely))
        assert not {*wanted(plan_of(playing, s=lone), ANCHOR)} & {*likely}


def test_what_may_be_on_disk_is_wanted_like_any_other_piece():
    view = SwarmView(ALBUM, frozenset(), peers=4, likely=frozenset(range(400)))
    assert wanted(plan_of(demand(Head(5000)), s=view), NOW) == [50]


def test_a_complete_torrent_needs_no_anchor():
    plan = plan_of(demand(Head(0, 1, False)), held=range(400))
    assert plan.trickle  # and nothing missing is wanted


def test_a_swarm_joined_for_its_metadata_fetches_nothing():
    views = {"s": SwarmView(ALBUM, frozenset(), in_use=False)}
    assert not any(plans([], views)["s"].urgencies)


def test_a_swarm_without_demands_keeps_two_anchors_only():
    for peers, anchors in ((4, [0, 1]), (1, [398, 399])):
        plan = plan_of(peers=peers)
        assert wanted(plan, ANCHOR) == anchors
        assert sum(map(bool, plan.urgencies)) == 2
        assert plan.trickle


def test_a_next_track_that_is_due_outranks_the_safe_rest_of_the_current():
    playing = demand(Head(18_500, 18_500, False), playhead=18_500)
    nxt = demand(role=Role.PREFETCH, pieces=TRACK_2, starts_in_ms=4_000)
    plan = plan_of(playing, nxt, held=range(200))
    assert wanted(plan, SOON)[-1] >= 200
    assert not plan.hurried


def test_in_calm_the_next_beginning_comes_before_what_is_due_later():
    playing = demand(Head(3000, 3000, False), playhead=1000)
    following = demand(role=Role.PREFETCH, pieces=TRACK_2, starts_in_ms=190_000)
    opened = [*range(30), *range(200, 206)]
    lacking = plan_of(playing, following, held=opened)
    assert wanted(lacking, LATER) == list(range(200, 230))
    there = plan_of(playing, following, held=[*range(30), *range(200, 230)])
    assert wanted(there, LATER)[0] == 25


def test_a_read_in_the_background_wants_no_more_than_it_waits_for():
    plan = plan_of(demand(Head(20_000 - 100), role=Role.BACKGROUND), held={0})
    assert wanted(plan, LATER) == [199]
    assert not wanted(plan, NOW)
    assert not plan.hurried


def test_a_read_in_the_background_that_goes_on_wants_as_much_again():
    head = Head(400, earned=400)
    plan = plan_of(demand(head, role=Role.BACKGROUND), held=range(4))
    assert wanted(plan, LATER) == [4, 5, 6, 7]


def test_until_the_next_track_can_open_the_first_tier_is_short():
    playing = demand(Head(3000, 3000, False), playhead=1000)
    following = demand(role=Role.PREFETCH, pieces=TRACK_2, starts_in_ms=190_000)
    lacking = plan_of(playing, following, held=range(17))
    assert wanted(lacking, SOON) == list(range(10, 15))
    assert wanted(lacking, LATER) == list(range(200, 206))
    opened = plan_of(playing, following, held=[*range(17), *range(200, 206)])
    assert wanted(opened, SOON) == list(range(10, 25))
