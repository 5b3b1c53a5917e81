"""How many pieces are wanted at one time."""

import pytest

from mopidy_vozduxan.planning.budget import alone
from mopidy_vozduxan.planning.demand import Demand, Head, Role, SwarmView
from mopidy_vozduxan.planning.sharing import plans
from mopidy_vozduxan.planning.spans import PieceMap

KIB, MIB = 1024, 1024 * 1024
#: Two tracks of 40 pieces, ten seconds each: of the first two are due soon.
TRACK, NEXT = PieceMap(0, 40 * MIB, MIB), PieceMap(40 * MIB, 40 * MIB, MIB)
PLAYING = Head(10 * MIB, 10 * MIB, waiting=False)


@pytest.mark.parametrize(
    ("piece_length", "pieces"),
    [(16 * KIB, 65_536), (MIB, 1024), (16 * MIB, 64), (1024 * MIB, 2)],
)
def test_a_seed_that_is_alone_is_asked_for_more_than_it_gives_before_the_next_plan(
    piece_length, pieces
):
    assert alone(piece_length) == pieces


def demand(*heads, role=Role.CURRENT, pieces=TRACK, **more):
    return Demand("s", role, pieces, byte_rate=MIB / 10, heads=heads, **more)


def wanted(*demands, held, peers=4):
    """The missing pieces that are wanted."""
    view = SwarmView(80, frozenset(held), peers=peers)
    plan = plans(demands, {"s": view})["s"]
    return [p for p, u in enumerate(plan.urgencies) if u and p not in view.held]


def test_of_several_peers_everything_is_wanted():
    playing = demand(PLAYING, playhead=10 * MIB)
    assert len(wanted(playing, held=[10, 11])) == 28 + 1  # and an anchor


def test_while_nobody_listens_little_is_wanted():
    warm = demand(role=Role.WARM, pieces=NEXT)
    assert len(wanted(warm, held=[])) == 2


@pytest.mark.parametrize("peers", [0, 1])
def test_who_may_be_alone_is_asked_for_much(peers):
    jumped = demand(Head(30 * MIB))
    assert len(wanted(jumped, held=[10], peers=peers)) == 79
    nearly = wanted(jumped, held=range(28), peers=peers)
    assert nearly == list(range(28, 80))
