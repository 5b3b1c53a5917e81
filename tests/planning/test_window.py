"""The window of one stream, as its swarm's plan shows it."""

from mopidy_vozduxan.planning.demand import Demand, Head, Role, SwarmView
from mopidy_vozduxan.planning.sharing import plans
from mopidy_vozduxan.planning.spans import PieceMap, Span
from mopidy_vozduxan.planning.tiers import Tiers
from tests.planning.demands import (
    IDLE,
    LATER,
    NOW,
    SOON,
    TRACK_2,
    demand,
    plan_of,
    wanted,
)


def test_small_pieces_do_not_shorten_the_window():
    pieces = PieceMap(0, 30_000_000, 16_384)
    head = Head(1_000_000, earned=1_000_000, waiting=False)
    view = SwarmView(2000, frozenset())
    playing = Demand("s", Role.CURRENT, pieces, byte_rate=100_000.0, heads=(head,))
    plan = plans([playing], {"s": view})["s"]
    assert len(wanted(plan, SOON)) * 16_384 >= 1_500_000


def test_the_window_opens_when_the_first_piece_has_come():
    plan = plan_of(demand(Head(100, earned=100)), held={0})
    assert wanted(plan, NOW) == [1]
    assert wanted(plan, SOON)
    assert wanted(plan, IDLE)[-2:] == [198, 199]


def test_readahead_is_earned_by_contiguous_reading():
    reach = [
        len(wanted(plan_of(demand(Head(n * 100, n * 100))), LATER)) for n in (1, 4, 16)
    ]
    assert reach == sorted(reach)
    assert reach[0] < reach[2]


def test_the_tiers_are_in_seconds_of_audio():
    head = Head(10_000, earned=10_000, waiting=False)
    plan = plan_of(demand(head))
    assert wanted(plan, SOON) == list(range(100, 115))
    assert wanted(plan, LATER) == list(range(115, 160))


def test_large_pieces_still_get_two_into_the_nearest_tier():
    pieces = PieceMap(0, 1_000_000, 10_000)
    head = Head(20_000, earned=20_000, waiting=False)
    plan = plan_of(demand(head, pieces=pieces))
    assert wanted(plan, SOON) == [2, 3]


def test_a_tail_probe_does_not_move_the_window():
    playing = Head(3000, earned=3000, waiting=False)
    before = plan_of(demand(playing), held=range(30))
    probe = plan_of(demand(playing, Head(19_000, earned=0)), held=range(30))
    answered = plan_of(demand(playing, Head(19_100, 100, False)), held=range(30))
    assert wanted(probe, NOW) == [190]
    assert wanted(answered, SOON)[:15] == wanted(before, SOON)


def test_only_a_jump_is_hurried():
    """A deadline cancels what else was asked for, which music that goes on needs."""
    playing = demand(Head(10_500, 10_500, waiting=False), playhead=9900)
    assert not plan_of(playing, held={99, 100}).hurried
    assert not plan_of(demand(Head(10_000, earned=10_000))).hurried
    assert plan_of(demand(Head(10_000)), held={0}).hurried == {100}


def test_behind_the_head_comes_last():
    head = Head(10_000, earned=10_000, waiting=False)
    assert 50 not in wanted(plan_of(demand(head)), IDLE)
    done = plan_of(demand(head), held=range(100, 200))
    assert 50 in wanted(done, IDLE)


def test_probes_are_wanted_once_the_first_piece_is_here():
    tail = (Span(19_900, 20_000),)
    waiting = plan_of(demand(Head(0), probes=tail))
    assert 199 not in wanted(waiting, SOON)
    reading = plan_of(demand(Head(100, 100), probes=tail), held={0})
    assert 199 in wanted(reading, SOON)


def test_the_next_track_of_the_same_file_is_wanted_in_calm():
    playing = Head(1000, 1000, waiting=False)
    tiers = Tiers(later_s=10)
    plan = plan_of(
        demand(playing, playhead=1000, starts=(10_000, 15_000)),
        held=range(30),
        tiers=tiers,
    )
    expected = {0, *range(99, 130), *range(149, 160)}
    assert expected - set(range(30)) <= set(wanted(plan, LATER))
    in_need = plan_of(demand(playing, playhead=1000, starts=(10_000,)), held=range(12))
    assert 100 not in wanted(in_need, LATER)


def test_a_track_within_the_next_file_is_fetched_from_where_it_begins():
    playing = demand(Head(1000, 1000, waiting=False), playhead=1000)
    following = demand(
        role=Role.PREFETCH, pieces=TRACK_2, starts=(10_000,), starts_in_ms=60_000
    )
    plan = plan_of(playing, following, held=range(30))
    assert {200, *range(299, 305)} <= set(wanted(plan, LATER))
    assert not {*range(201, 230)} & set(wanted(plan, LATER))
