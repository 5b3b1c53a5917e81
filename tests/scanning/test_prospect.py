"""What is to be expected of a swarm: tables of what came, and when."""

from __future__ import annotations

import pytest

from mopidy_vozduxan.engine.protocol import Statistics
from mopidy_vozduxan.scanning.prospect import (
    GROWTH_S,
    NOBODY_KNOWS,
    WATCH_S,
    Expected,
    Prospect,
)

PIECE = 1000
RATE = 500
GROWN = RATE * (1 + GROWTH_S)  # when it was watched for a second


def prospect(files: str = "abcd", *, first: str = "a") -> Prospect[str]:
    return Prospect({file: [n] for n, file in enumerate(files)}, first, PIECE)


def watched(found: Prospect[str], seconds: float, *, before: int = 0) -> Prospect[str]:
    """Nothing comes for a second, then `RATE` bytes each second from 10 on."""
    found.saw(Statistics(payload=before, at=9))
    for tenth in range(int(seconds * 10) + 1):
        payload = before + 1 + RATE * tenth // 10
        found.saw(Statistics(payload=payload, at=10 + tenth / 10))
    return found


def test_nobody_knows_before_anything_came() -> None:
    assert prospect().expected(10) == NOBODY_KNOWS
    assert watched(prospect(), 0).expected(10) == NOBODY_KNOWS
    assert watched(prospect(), WATCH_S - 0.1).expected(10) == NOBODY_KNOWS


@pytest.mark.parametrize("before", [0, 123_456])
def test_what_is_left_takes_its_time(before: int) -> None:
    found = watched(prospect(), 1, before=before).expected(11)
    assert found.first == pytest.approx(11 + (PIECE - RATE) / GROWN, abs=0.01)
    assert found.all == pytest.approx(11 + (4 * PIECE - RATE) / GROWN, abs=0.01)


def test_what_was_read_is_not_counted_again() -> None:
    found = watched(prospect(), 1)
    found.read("a")
    found.read("b")
    found.read("b")
    expected = found.expected(11)
    assert expected.first == 11
    assert expected.all == pytest.approx(11 + 2 * PIECE / GROWN, abs=0.01)


def test_files_in_one_piece_cost_it_once() -> None:
    found = watched(Prospect({"a": [0], "b": [0, 1], "c": [1]}, "b", PIECE), 1)
    expected = found.expected(11)
    assert expected.first == expected.all
    assert expected.all == pytest.approx(11 + (2 * PIECE - RATE) / GROWN, abs=0.01)
    found.read("b")
    assert found.expected(11).first == 11
    assert found.expected(11).all == expected.all


def test_what_is_read_before_the_first_counts_for_it() -> None:
    found = watched(prospect("xab"), 1).expected(11)
    assert found.first == pytest.approx(11 + (2 * PIECE - RATE) / GROWN, abs=0.01)


def test_a_swarm_that_stops_is_expected_to_take_for_ever() -> None:
    found = prospect()
    for at, payload in ((0, 0), (1, 10), (60, 10)):
        found.saw(Statistics(payload=payload, at=at))
    expected = found.expected(60)
    assert expected.first is not None and expected.first > 600


@pytest.mark.parametrize(
    ("expected", "worth"),
    [
        (NOBODY_KNOWS, True),
        (Expected(first=11, all=13), True),
        (Expected(first=11, all=14), True),
        (Expected(first=9, all=14), True),
        (Expected(first=9, all=14, is_first_known=True), False),
        (Expected(first=13.5, all=14), False),
        (Expected(first=9, all=13, is_first_known=True), True),
    ],
)
def test_what_a_wait_until_13_may_bring(expected: Expected, worth: bool) -> None:
    assert expected.worth_a_wait(13) is worth
