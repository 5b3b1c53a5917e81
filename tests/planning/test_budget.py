"""How many pieces are wanted at one time."""

import pytest

from mopidy_vozduxan.planning.budget import alone, at_ease
from mopidy_vozduxan.planning.demand import Demand, Head, Role, SwarmView
from mopidy_vozduxan.planning.sharing import plans
from mopidy_vozduxan.planning.spans import PieceMap

KIB, MIB = 1024, 1024 * 1024
#: Two tracks of 40 pieces, ten seconds each: of the first two are due soon.
TRACK, NEXT = PieceMap(0, 40 * MIB, MIB), PieceMap(40 * MIB, 40 * MIB, MIB)
PLAYING = Head(10 * MIB, 10 * MIB, waiting=False)


@pytest.mark.parametrize(
    ("rate", "piece_length", "pieces"),
    [
        (0, 16 * KIB, 8),  # 128 KiB at least
        (0, 256 * KIB, 2),  # one may come, and the other is still missing
        (2_000_000, 64 * KIB, 7),  # a fifth of a second of it
        (2_000_000, 256 * KIB, 2),
        (2_000_000, 16 * MIB, 2),
        (100_000_000, 256 * KIB, 77),
    ],
)
def test_music_that_is_far_ahead_wants_what_comes_in_a_fifth_of_a_second(
    rate, piece_length, pieces
):
    assert at_ease(rate, piece_length) == pieces


@pytest.mark.parametrize(
    ("piece_length", "pieces"),
    [(16 * KIB, 4096), (MIB, 64), (16 * MIB, 4), (64 * MIB, 2)],
)
def test_a_seed_that_is_alone_is_asked_for_more_than_it_gives_before_the_next_plan(
    piece_length, pieces
):
    assert alone(piece_length) == pieces


def demand(*heads, role=Role.CURRENT, pieces=TRACK, **more):
    return Demand("s", role, pieces, byte_rate=MIB / 10, heads=heads, **more)


def wanted(*demands, held, peers=4, rate=2_000_000):
    """The missing pieces that are wanted."""
    view = SwarmView(80, frozenset(held), rate=rate, peers=peers)
    plan = plans(demands, {"s": view})["s"]
    return [p for p, u in enumerate(plan.urgencies) if u and p not in view.held]


def test_while_the_first_tier_is_missing_everything_is_wanted():
    assert len(wanted(demand(PLAYING), held=[10])) == 30


def test_at_ease_the_next_pieces_are_wanted_and_no_more():
    playing = demand(PLAYING, playhead=10 * MIB)
    assert wanted(playing, held=[10, 11]) == [12, 13]
    assert wanted(playing, held=[10, 11, 12, 14]) == [13, 15]
    assert wanted(playing, held=[10, 11], rate=40_000_000) == list(range(12, 20))


def test_at_ease_the_rest_comes_in_the_order_in_which_it_is_wanted():
    playing = demand(PLAYING, playhead=10 * MIB)
    assert wanted(playing, held=range(10, 39)) == [39, 40]  # an anchor
    assert wanted(playing, held=range(1, 40)) == [0, 40]


def test_there_is_no_ease_before_the_next_track_can_open():
    playing = demand(PLAYING, playhead=10 * MIB)
    following = demand(role=Role.PREFETCH, pieces=NEXT, starts_in_ms=300_000)
    assert len(wanted(playing, following, held=[10, 11])) > 2
    assert len(wanted(playing, following, held=[10, 11, 40])) == 2


def test_a_jump_ends_the_ease():
    jumped = demand(Head(30 * MIB))
    assert wanted(jumped, held=[10, 11]) == [30]


def test_nobody_is_at_ease_while_nobody_listens():
    warm = demand(role=Role.WARM, pieces=NEXT)
    assert len(wanted(warm, held=[])) == 2


@pytest.mark.parametrize("peers", [0, 1])
def test_who_may_be_alone_is_asked_for_much_and_never_for_everything(peers):
    jumped = demand(Head(30 * MIB))
    assert len(wanted(jumped, held=[10], peers=peers)) == 64
    nearly = wanted(jumped, held=range(28), peers=peers)
    assert nearly == list(range(30, 80))
