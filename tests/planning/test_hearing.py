"""When a file counts as heard."""

import pytest

from mopidy_vozduxan.planning.hearing import Hearing

LONG = 240_000


def heard_after(*positions, length_ms=LONG, start=0):
    hearing, marks = Hearing(start), []
    for position in positions:
        before = hearing
        hearing = hearing.moved(position, length_ms)
        if hearing.heard and not before.heard:
            marks.append(position)
    return marks


def seconds(start, stop):
    return range(start * 1000, stop * 1000 + 1, 1000)


@pytest.mark.parametrize(
    ("positions", "marks"),
    [
        (seconds(0, 9), []),
        (seconds(0, 10), [10_000]),
        (seconds(0, 240), [10_000]),  # once
        ([*seconds(0, 5), *seconds(100, 104)], []),  # a seek does not sound
        ([*seconds(0, 5), *seconds(100, 105)], [105_000]),
        ([*seconds(0, 9), *[9000] * 60], []),  # paused
        ([*seconds(60, 69), *seconds(30, 31)], [31_000]),  # back, not to the start
        ([*seconds(0, 12), *seconds(0, 12)], [10_000, 10_000]),  # heard again
        ([*seconds(0, 9), *seconds(0, 9)], []),
    ],
)
def test_ten_seconds_that_sounded_count(positions, marks):
    assert heard_after(*positions) == marks


def test_half_of_a_short_track_is_enough():
    assert heard_after(*seconds(0, 3), length_ms=5000) == [3000]


def test_a_track_that_is_resumed_in_its_middle_counts():
    assert heard_after(*seconds(61, 80), start=60_000) == [70_000]
