"""When a swarm may be away for a moment, and nobody hears it."""

import pytest

from mopidy_vozduxan.planning.demand import Head, Role, SwarmView
from mopidy_vozduxan.planning.quiet import is_quiet
from tests.planning.demands import ALBUM, TRACK_2, demand

HERE = SwarmView(ALBUM, frozenset(range(ALBUM)))


def reads(offset, *, waiting=False):
    return Head(offset, earned=offset, waiting=waiting)


def test_without_demands_it_is_quiet():
    assert is_quiet([], HERE)


@pytest.mark.parametrize(
    ("ahead", "quiet"), [(0, False), (299, False), (300, True), (5000, True)]
)
def test_the_player_must_have_some_seconds(ahead, quiet):
    assert is_quiet([demand(reads(5000 + ahead), playhead=5000)], HERE) is quiet


def test_a_track_that_was_read_to_its_end_needs_nothing():
    assert is_quiet([demand(playhead=19_950)], HERE)
    assert is_quiet([demand(reads(20_000), playhead=19_950)], HERE)


def test_what_follows_for_some_seconds_must_be_here():
    view = SwarmView(ALBUM, frozenset(range(70)))
    assert is_quiet([demand(reads(4900), playhead=4000)], view)
    assert not is_quiet([demand(reads(5100), playhead=4000)], view)


def test_nobody_may_wait_for_a_piece():
    view = SwarmView(ALBUM, frozenset(range(50)))
    waits = demand(Head(5000, 5000), role=Role.QUEUED)
    assert not is_quiet([waits], view)


def test_where_it_plays_may_be_unknown():
    assert not is_quiet([demand(reads(1900))], HERE)
    assert is_quiet([demand(reads(2100))], HERE)


def test_the_next_track_must_not_be_about_to_start():
    soon = demand(role=Role.PREFETCH, pieces=TRACK_2, starts_in_ms=7000)
    later = demand(role=Role.PREFETCH, pieces=TRACK_2, starts_in_ms=9000)
    assert not is_quiet([soon], HERE)
    assert is_quiet([later, demand(role=Role.WARM)], HERE)


def test_reads_that_nobody_hears_can_wait():
    assert is_quiet([demand(Head(0), role=Role.BACKGROUND)], SwarmView(ALBUM, set()))
