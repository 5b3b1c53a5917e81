import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mopidy_vozduxan.planning.position import Timeline

#: 1000 bytes of tags, then 100 s at 200 bytes/s.
LINE = Timeline(size=21_000, length_ms=100_000, audio_start=1000)


@pytest.mark.parametrize(
    ("position_ms", "offset"),
    [(0, 1000), (50_000, 11_000), (100_000, 20_999), (999_999, 20_999), (-5, 1000)],
)
def test_offset_at(position_ms, offset):
    assert LINE.offset_at(position_ms) == offset


@pytest.mark.parametrize(
    ("offset", "position_ms"), [(0, 0), (1000, 0), (11_000, 50_000)]
)
def test_position_at(offset, position_ms):
    assert LINE.position_at(offset) == position_ms


def test_tags_take_no_time():
    assert LINE.byte_rate == 200


def test_an_unknown_length_divides_nothing_by_zero():
    line = Timeline(size=0, length_ms=0)
    assert line.offset_at(5) == 0
    assert line.position_at(0) == 0
    assert line.byte_rate >= 1


#: The first second takes 9000 bytes of audio, the other nine take 1000.
LOUD_START = Timeline(11_000, 10_000, 1000, points=((1000, 10_000),))


@pytest.mark.parametrize(
    ("position_ms", "offset"),
    [(0, 1000), (500, 5500), (1000, 10_000), (5500, 10_500), (10_000, 10_999)],
)
def test_between_known_points_the_proportion_holds(position_ms, offset):
    assert LOUD_START.offset_at(position_ms) == offset
    assert abs(LOUD_START.position_at(offset) - position_ms) < 10


def test_a_point_at_the_end_says_where_the_audio_stops():
    line = Timeline(2000, 1000, points=((1000, 500),))
    assert line.byte_rate == 500
    assert line.offset_at(500) == 250
    assert line.offset_at(1000) == 500
    assert line.position_at(1500) == 1000


@pytest.mark.parametrize(
    "wrong",
    [(0, 5000), (500, 20_000), (10_001, 10_500), (2000, 10_000), (2000, 500), (-1, -1)],
)
def test_a_point_that_leads_back_or_out_is_left_out(wrong):
    points = sorted([wrong, *LOUD_START.points])
    line = Timeline(11_000, 10_000, 1000, tuple(points))
    assert line == LOUD_START


numbers = st.integers(-10, 2**70) | st.integers(0, 300)


@settings(max_examples=500)
@given(numbers, numbers, numbers, st.lists(st.tuples(numbers, numbers)), numbers)
def test_any_timeline_is_monotone_and_stays_inside(size, length, start, points, other):
    line = Timeline(size, length, start, tuple(points))
    probes = sorted([0, length // 2, length, other, *(p for p, _ in points)])
    offsets = [line.offset_at(probe) for probe in probes]
    assert offsets == sorted(offsets)
    assert all(0 <= offset <= max(0, size - 1) for offset in offsets)
    probes = sorted([0, size // 2, size, other, *(o for _, o in points)])
    positions = [line.position_at(probe) for probe in probes]
    assert positions == sorted(positions)
    assert all(0 <= position <= max(0, length) for position in positions)
    assert line.byte_rate >= 1
