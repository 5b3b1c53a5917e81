import pytest

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
