"""What was heard, how much came, and a clock that jumps."""

from __future__ import annotations

import time

import pytest

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.catalog.steady_clock import MOST_AWAY_S, SteadyClock
from mopidy_vozduxan.catalog.traffic import Total
from tests.metainfos import metainfo, source_of

ALBUM = metainfo("Artist - Album", ["01 - One.flac", "02 - Two.flac"])
INFOHASH = ALBUM.infohash
OTHER = "ab" * 20
DAY = 24 * 3600


def test_what_was_heard_is_known_after_a_restart(catalog, path):
    catalog.hearings.note(INFOHASH, 1)
    catalog.hearings.note(INFOHASH, 1)
    catalog.hearings.note(OTHER, 0)
    catalog.close()
    again = Catalog(path)
    heard = again.hearings.all()
    assert {file: one.times for file, one in heard.items()} == {
        (INFOHASH, 1): 2,
        (OTHER, 0): 1,
    }
    for at_s in again.hearings.last().values():
        assert time.time() - 60 < at_s <= time.time()
    again.close()


def test_totals_add_up(catalog, path):
    catalog.traffic.count({INFOHASH: Total(100, 5), OTHER: Total(0, 1)})
    catalog.close()
    again = Catalog(path)
    again.traffic.count({INFOHASH: Total(20, 2)})
    again.traffic.count({})
    assert again.traffic.totals() == {INFOHASH: Total(120, 7), OTHER: Total(0, 1)}
    again.close()


def test_what_was_heard_outlives_a_removal_but_not_forgetting(catalog):
    catalog.collection.add(source_of(ALBUM), ALBUM)
    catalog.hearings.note(INFOHASH, 0)
    catalog.traffic.count({INFOHASH: Total(1, 1)})
    catalog.collection.remove(INFOHASH)
    assert (INFOHASH, 0) in catalog.hearings.last()
    catalog.collection.forget(INFOHASH)
    assert catalog.hearings.last() == {}
    assert catalog.traffic.totals() == {}


def test_a_torrent_with_two_names_has_one_past(catalog):
    catalog.hearings.note(OTHER, 0)
    catalog.torrents.also_call(OTHER, INFOHASH)
    catalog.hearings.note(OTHER, 1)
    assert set(catalog.hearings.last()) == {(INFOHASH, 0), (INFOHASH, 1)}


def test_what_was_heard_last_stays_last_whatever_the_clock_says(path, monkeypatch):
    """A machine without a clock says 1970 until it has a network."""
    clock = [time.time()]
    monkeypatch.setattr("time.time", lambda: clock[0])
    for index, jump in enumerate((0, -50 * 365 * DAY, 51 * 365 * DAY, -DAY)):
        clock[0] += jump
        catalog = Catalog(path)
        catalog.hearings.note(INFOHASH, index)
        catalog.close()
    catalog = Catalog(path)
    last = catalog.hearings.last()
    assert sorted(last, key=last.__getitem__) == [(INFOHASH, n) for n in range(4)]
    catalog.close()


@pytest.mark.parametrize("jump_s", [-50 * 365 * DAY, 50 * 365 * DAY])
def test_nothing_looks_old_after_a_jump_of_the_clock(catalog, monkeypatch, jump_s):
    catalog.hearings.note(INFOHASH, 0)
    now = time.time
    monkeypatch.setattr("time.time", lambda: now() + jump_s)
    assert 0 <= catalog.hearings.now() - catalog.hearings.last()[INFOHASH, 0] < 60


def clock(latest, *, wall, running=100.0):
    moments = [running]
    return SteadyClock(latest, lambda: wall, lambda: moments[0]), moments


def test_a_first_clock_starts_with_the_systems_time():
    steady, moments = clock(None, wall=5000.0)
    moments[0] += 7
    assert steady.now() == 5007


@pytest.mark.parametrize(
    ("wall", "starts_at"),
    [
        (5000.0, 5000.0),
        (4000.0 + 3600, 4000.0 + 3600),
        (0.0, 4000.0),  # it never goes back
        (4000.0 + 99 * DAY, 4000.0 + MOST_AWAY_S),
    ],
)
def test_a_start_moves_the_clock_a_week_at_most(wall, starts_at):
    steady, _ = clock(4000.0, wall=wall)
    assert steady.now() == starts_at
