"""Between swarms the urgent comes first; only who delivers holds others back."""

from hypothesis import given
from hypothesis import strategies as st

from mopidy_vozduxan.planning.demand import Head, Role, SwarmView
from mopidy_vozduxan.planning.sharing import plans
from mopidy_vozduxan.planning.turns import turns_of
from tests.planning.demands import ALBUM, ANCHOR, LATER, SOON, demand, wanted

#: Of 100 bytes/s music: that of a swarm which delivers, and of one which does not.
ALIVE, DYING = 100, 10
ROLES = {"b": Role.PREFETCH, "c": Role.WARM, "d": Role.QUEUED, "e": Role.QUEUED}


def planned(position=10, *, held, rates=ALIVE, starts_in_ms=190_000, reader=None):
    """The plans of swarms a to e; a plays from piece ``position`` on.

    ``held`` are how many pieces there are of each, from where it is at.
    """
    at = position * 100
    reader = reader or Head(at, at, waiting=False)
    demands = [demand(reader, swarm="a", playhead=at)]
    for swarm, role in ROLES.items():
        demands.append(demand(role=role, swarm=swarm, starts_in_ms=starts_in_ms))
    views = {}
    for swarm in "abcde":
        start = position if swarm == "a" else 0
        pieces = frozenset(range(start, start + held.get(swarm, 0)))
        rate = rates if isinstance(rates, int) else rates.get(swarm, ALIVE)
        views[swarm] = SwarmView(ALBUM, pieces, rate=rate, peers=4)
    return plans(demands, views)


def asked(made):
    return "".join(swarm for swarm, plan in made.items() if not plan.trickle)


def test_until_what_plays_is_safe_nobody_else_is_asked():
    assert asked(planned(held={"a": 4})) == "a"


def test_the_opening_of_the_next_comes_before_the_first_tier_of_what_plays():
    assert asked(planned(held={"a": 6})) == "ab"


def test_the_first_tier_of_what_plays_comes_before_the_rest_of_the_next():
    assert asked(planned(held={"a": 6, "b": 6})) == "a"
    assert asked(planned(held={"a": 16, "b": 6})) == "ab"


def test_heads_come_in_the_order_of_the_queue():
    assert asked(planned(held={"a": 60, "b": 29})) == "ab"
    assert asked(planned(held={"a": 60, "b": 30})) == "abc"
    assert asked(planned(held={"a": 60, "b": 30, "c": 10})) == "abd"
    assert asked(planned(held={"a": 60, "b": 30, "c": 10, "d": 10})) == "abe"


def test_a_swarm_that_hardly_delivers_holds_nobody_back():
    dying = {"b": DYING, "c": DYING}
    assert asked(planned(held={"a": 60}, rates=dying)) == "abcd"
    assert asked(planned(held={"a": 6}, rates={"a": DYING})) == "ab"
    assert asked(planned(held={"a": 6}, rates=0)) == "abcde"


def test_near_the_end_what_plays_yields_its_safe_rest_to_the_next_opening():
    ending = {"position": 186, "starts_in_ms": 14_000}
    made = planned(held={"a": 6}, **ending)
    assert wanted(made["b"], LATER) == [0, 1, 2, 3, 4, 5]
    assert max(made["a"].urgencies[192:200]) <= ANCHOR
    opened = planned(held={"a": 6, "b": 6}, **ending)
    assert wanted(opened["a"], SOON) == list(range(186, 200))


def test_near_the_end_a_wait_far_ahead_of_what_sounds_yields_as_well():
    far = Head(19_500, 19_500)
    made = planned(186, held={"a": 6}, starts_in_ms=14_000, reader=far)
    assert max(made["a"].urgencies[192:200]) <= ANCHOR


def test_what_plays_yields_to_nobody_who_does_not_deliver():
    made = planned(186, held={"a": 6}, starts_in_ms=14_000, rates={"b": 0})
    assert wanted(made["a"], SOON) == list(range(186, 200))


def test_long_before_the_end_what_plays_keeps_its_window():
    made = planned(held={"a": 16})
    assert LATER in made["a"].urgencies or SOON in made["a"].urgencies[16:]


@given(
    st.fixed_dictionaries({s: st.integers(0, 190) for s in "abcde"}),
    st.fixed_dictionaries({s: st.sampled_from([0, DYING, ALIVE]) for s in "abcde"}),
    st.integers(0, 20_000),
)
def test_somebody_who_lacks_something_is_always_asked(held, rates, starts_in_ms):
    made = planned(held=held, rates=rates, starts_in_ms=starts_in_ms)
    assert asked(made)
    if held["a"] < 5:
        assert asked(made) == "a"
    assert "a" in asked(made) or held["a"] >= 6  # more than what is due within seconds


@given(
    st.fixed_dictionaries({s: st.integers(0, 40) for s in "abcde"}),
    st.sampled_from("bcde"),
)
def test_a_piece_that_comes_takes_no_turn_from_those_before_it(held, swarm):
    """No oscillation: what comes in moves turns forward, never back."""
    held["a"] = 60
    more = held | {swarm: held[swarm] + 1}
    before, after = (
        {s for s in "bcde" if s in asked(planned(held=h))} - {swarm}
        for h in (held, more)
    )
    assert before <= after


def test_streams_of_the_same_swarm_do_not_hold_each_other_back():
    playing = demand(Head(1000, 1000, False), playhead=1000)
    following = demand(role=Role.PREFETCH)
    views = {"s": SwarmView(ALBUM, frozenset(range(10, 16)), rate=ALIVE)}
    assert turns_of([playing, following], views).held_back == ()
