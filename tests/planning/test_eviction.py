"""What leaves the disk, in which order, and how much may be fetched meanwhile."""

import pytest

from mopidy_vozduxan.planning.demand import Head, Role
from mopidy_vozduxan.planning.eviction import (
    GB,
    CachedFile,
    CacheLimits,
    CacheWishes,
    Holdings,
    Usage,
    excess,
    is_urgent,
    is_worth_a_break,
    openings_within,
    victims,
)
from mopidy_vozduxan.planning.room import Allowance, Room, admitted, allowance
from tests.planning.demands import TRACK_2, demand

NOW, DAY = 1_000_000.0, 86_400.0
LIMITS = CacheLimits(most=1000, min_free=100)
NOBODY = Holdings({})


def file(index, taken=100, heard_at=None, changed_at=0.0, frees=None, torrent="t"):
    freed = taken if frees is None else frees
    return CachedFile(torrent, index, taken, freed, heard_at, changed_at)


def gone(files, *, others=1001, holdings=NOBODY, limits=LIMITS, **usage):
    state = Usage(**{"free": 10_000, "others": others} | usage)
    return [f.index for f in victims(files, holdings, state, limits, NOW)]


@pytest.mark.parametrize(
    ("wishes", "disk", "most", "min_free"),
    [
        (CacheWishes(), 1000 * GB, 10 * GB, GB),
        (CacheWishes(), 20 * GB, 5 * GB, GB),
        (CacheWishes(), 40_000_000, 10_000_000, 4_000_000),
        (CacheWishes(0, 0), 20 * GB, None, 0),
        (CacheWishes(7, 8), 20 * GB, 7, 8),
    ],
)
def test_the_defaults_suit_the_file_system(wishes, disk, most, min_free):
    limits = wishes.on(disk)
    assert (limits.most, limits.min_free) == (most, min_free)


def test_what_was_never_heard_goes_before_what_was():
    files = [file(0, heard_at=1.0), file(1, changed_at=99.0), file(2, changed_at=5.0)]
    assert gone(files, others=1150) == [2, 1]
    assert gone(files, others=1250) == [2, 1, 0]


def test_of_what_was_heard_the_least_recent_goes_first():
    files = [file(0, heard_at=30.0), file(1, heard_at=10.0), file(2, heard_at=20.0)]
    assert gone(files) == [1]
    assert gone(files, others=1150) == [1, 2]


def test_within_the_limit_nothing_goes():
    assert gone([file(0)], others=1000) == []


def test_a_batch_more_than_necessary_goes():
    files = [file(n, taken=10) for n in range(20)]
    assert len(gone(files, others=1001)) == 6  # 1 too many, and a 20th of the limit


def test_what_streams_hold_never_goes():
    holdings = Holdings({("t", 0): 100}, frozenset({("t", 1)}), {("t", 2): 100})
    files = [file(n) for n in range(4)]
    assert gone(files, others=5000, holdings=holdings) == [3]


def test_of_a_queued_file_only_the_opening_stays():
    holdings = Holdings({}, frozenset(), {("t", 0): 100, ("t", 1): 99})
    assert gone([file(0), file(1)], others=5000, holdings=holdings) == [1]


def test_a_torrent_that_nobody_knows_goes_as_a_whole_unless_it_is_held():
    whole = file(None)
    assert gone([whole], others=5000) == [None]
    holdings = Holdings({}, frozenset({("t", 3)}))
    assert gone([whole], others=5000, holdings=holdings) == []


def test_what_frees_nothing_stays():
    assert gone([file(0, frees=0), file(1)], others=5000) == [1]


def test_room_is_made_before_the_next_tracks_come():
    """The sizes of what plays and follows are reserved within the limit."""
    holdings = Holdings({("t", 7): 300, ("t", 8): 300})
    assert gone([file(0)], others=401, holdings=holdings) == [0]
    assert gone([file(0)], others=400, holdings=holdings) == []


def test_free_space_is_made_for_what_is_still_to_come():
    none = CacheLimits(None, min_free=100)
    assert gone([file(0)], others=5, free=150, limits=none) == []
    assert gone([file(0)], others=5, free=150, coming=60, limits=none) == [0]


def test_what_nobody_heard_for_long_goes_though_there_is_room():
    limits = CacheLimits(1000, 0, ttl_s=2 * DAY)
    files = [
        file(0, heard_at=NOW - 3 * DAY),
        file(1, heard_at=NOW - DAY),
        file(2, changed_at=NOW - 3 * DAY),
        file(3, changed_at=NOW),
    ]
    assert gone(files, others=10, limits=limits) == [2, 0]


def test_eviction_is_urgent_only_beyond_the_limit_itself():
    assert not is_urgent(Usage(needed=900, others=1000), LIMITS)
    assert is_urgent(Usage(needed=0, others=1001), LIMITS)
    assert not is_urgent(Usage(others=10**9), CacheLimits())


def test_a_swarm_is_left_for_a_batch_or_when_the_disk_is_full():
    assert is_worth_a_break(50, Usage(free=1000), LIMITS)
    assert not is_worth_a_break(49, Usage(free=1000), LIMITS)
    assert is_worth_a_break(1, Usage(free=99), LIMITS)


def test_openings_of_queued_tracks_leave_most_of_the_limit_alone():
    assert openings_within(64, CacheLimits()) == 64
    assert openings_within(64, CacheLimits(1000)) == 64
    assert openings_within(640, CacheLimits(1000)) == 250


# --- how much may be fetched


def allowed(others=0, free=10_000, reserved=0, evictable=0, coming=0):
    usage = Usage(0, others, coming, free)
    return allowance(usage, reserved, evictable, LIMITS)


def test_below_the_limit_everything_may_be_fetched():
    assert allowed(others=300, reserved=200) == Allowance(Room.ALL, 500, 50)


@pytest.mark.parametrize("others", [800, 801, 5000])
def test_at_the_limit_only_what_plays_and_follows(others):
    assert allowed(others=others, reserved=200).room is Room.NEEDED


def test_on_a_full_disk_only_what_plays_if_nothing_can_go():
    assert allowed(free=99).room is Room.HEARD
    assert allowed(free=99, evictable=1).room is Room.NEEDED
    assert allowed(free=100, coming=50).room is Room.NEEDED


def test_what_came_since_counts():
    some = Allowance(Room.ALL, 100, 10)
    assert some.after(60) == Allowance(Room.ALL, 40, 10)
    assert some.after(100) == Allowance(Room.NEEDED, 0, 10)
    assert Allowance().after(10**12) == Allowance()


@pytest.mark.parametrize(
    ("allowed", "anchors"),
    [
        (Allowance(), None),
        (Allowance(Room.ALL, 1000, 100), 9),
        (Allowance(Room.ALL, 100, 100), 2),
        (Allowance(Room.NEEDED, 0), 2),
        (Allowance(Room.HEARD, 0), 0),
    ],
)
def test_anchors_fit_into_what_is_spare(allowed, anchors):
    assert allowed.anchors(100, 2) == anchors


READ = Head(0, earned=10)
ALL_ROLES = [
    demand(role=Role.CURRENT),
    demand(role=Role.PREFETCH, pieces=TRACK_2),
    demand(role=Role.WARM),
    demand(role=Role.QUEUED),
    demand(role=Role.BACKGROUND),
    demand(role=Role.KEPT),
    demand(READ, role=Role.QUEUED),
    demand(READ, role=Role.BACKGROUND),
]


@pytest.mark.parametrize(
    ("room", "places"),
    [(Room.HEARD, [0, 6]), (Room.NEEDED, [0, 1, 2, 6]), (Room.ALL, [*range(8)])],
)
def test_less_is_wanted_the_less_room_there_is(room, places):
    assert admitted(ALL_ROLES, room) == [ALL_ROLES[place] for place in places]


def test_excess_is_negative_while_there_is_room():
    assert excess(Usage(others=300, free=10_000), 200, LIMITS) == -500
    assert excess(Usage(others=300, free=50), 200, LIMITS) == 50
