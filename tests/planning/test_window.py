"""The window, with pieces of 100 bytes and music of 100 bytes/s: a piece a second."""

from mopidy_vozduxan.planning.demand import Demand, Head, Role, SwarmView
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.planning.spans import PieceMap, Span
from mopidy_vozduxan.planning.tiers import Tiers
from mopidy_vozduxan.planning.window import plans

NONE, IDLE, LATER, SOON, NOW = Urgency
NOW_MS = 1_000_000
ALBUM = 400  # pieces: track 1 has 0-199, track 2 has 200-399
TRACK_1 = PieceMap(0, 20_000, 100)
TRACK_2 = PieceMap(20_000, 20_000, 100)


def demand(*heads, role=Role.CURRENT, pieces=TRACK_1, swarm="s", **more):
    return Demand(swarm, role, pieces, byte_rate=100.0, heads=heads, **more)


def plan_of(*demands, held=(), tiers=Tiers(), **swarms):
    views = {"s": SwarmView(ALBUM, frozenset(held))} | swarms
    return plans(demands, views, NOW_MS, tiers)["s"]


def wanted(plan, urgency):
    return [p for p, u in enumerate(plan.urgencies) if u == urgency]


def test_while_a_head_that_jumped_waits_nothing_else_is_wanted():
    plan = plan_of(demand(Head(5000)), held={0})
    assert wanted(plan, NOW) == [50]
    assert sum(map(bool, plan.urgencies)) == 1
    assert plan.due_ms == {50: NOW_MS}


def test_a_cold_start_has_the_next_piece_for_an_anchor():
    plan = plan_of(demand(Head(5000)))
    assert wanted(plan, NOW) == [50]
    assert wanted(plan, IDLE) == [51]
    assert sum(map(bool, plan.urgencies)) == 2


def test_another_readers_jump_leaves_the_near_window_alone():
    playing = demand(Head(1000, 1000, waiting=False), playhead=1000)
    browsing = demand(Head(0), role=Role.QUEUED, pieces=TRACK_2)
    unsafe = plan_of(playing, browsing, held=range(10))
    assert wanted(unsafe, SOON)[:3] == [10, 11, 12]
    safe = plan_of(playing, browsing, held=range(30))
    assert wanted(safe, NOW) == [200]
    assert sum(map(bool, safe.urgencies)) == 1


def test_a_reader_that_is_stuck_wants_its_piece_and_nothing_else():
    stuck = Head(5000, 5000, waiting=True, stuck=True)
    plan = plan_of(demand(stuck), held=range(50))
    assert wanted(plan, NOW) == [50]
    assert sum(map(bool, plan.urgencies)) == 1


def test_being_stuck_far_ahead_of_what_sounds_is_no_emergency():
    stuck = Head(10_000, 10_000, waiting=True, stuck=True)
    plan = plan_of(demand(stuck, playhead=1000), held=range(100))
    assert plan.urgencies[100] == LATER


def test_small_pieces_do_not_shorten_the_window():
    pieces = PieceMap(0, 30_000_000, 16_384)
    head = Head(1_000_000, earned=1_000_000, waiting=False)
    view = SwarmView(2000, frozenset())
    playing = Demand("s", Role.CURRENT, pieces, byte_rate=100_000.0, heads=(head,))
    plan = plans([playing], {"s": view}, NOW_MS)["s"]
    assert len(wanted(plan, SOON)) * 16_384 >= 1_500_000


def test_what_follows_waits_for_the_rest_of_what_plays():
    playing = demand(Head(5000, 5000, False), playhead=5000)
    warm = demand(role=Role.WARM, pieces=TRACK_2, starts_in_ms=500_000)
    unfinished = plan_of(playing, warm, held=range(100))
    assert not any(unfinished.urgencies[201:])  # 200 is the anchor
    finished = plan_of(playing, warm, held=range(200))
    assert wanted(finished, IDLE)[-10:] == list(range(201, 211))


def test_nothing_that_follows_is_wanted_while_the_current_track_is_not_safe():
    playing = demand(Head(5000, 5000, False), playhead=5000)
    following = demand(role=Role.PREFETCH, pieces=TRACK_2, starts_in_ms=5_000)
    plan = plan_of(playing, following, held=range(52))
    assert not any(plan.urgencies[201:])


def test_the_window_opens_when_the_first_piece_has_come():
    plan = plan_of(demand(Head(100, earned=100)), held={0})
    assert wanted(plan, NOW) == [1]
    assert wanted(plan, SOON)
    assert wanted(plan, IDLE)[-2:] == [199, 200]  # the file, and an anchor


def test_readahead_is_earned_by_contiguous_reading():
    reach = [
        len(wanted(plan_of(demand(Head(n * 100, n * 100))), LATER)) for n in (1, 4, 16)
    ]
    assert reach == sorted(reach)
    assert reach[0] < reach[2]


def test_the_tiers_are_in_seconds_of_audio():
    head = Head(10_000, earned=10_000, waiting=False)
    plan = plan_of(demand(head))
    assert wanted(plan, SOON) == list(range(100, 115))
    assert wanted(plan, LATER) == list(range(115, 160))


def test_large_pieces_still_get_two_into_the_nearest_tier():
    pieces = PieceMap(0, 1_000_000, 10_000)
    head = Head(20_000, earned=20_000, waiting=False)
    plan = plan_of(demand(head, pieces=pieces))
    assert wanted(plan, SOON) == [2, 3]


def test_a_tail_probe_does_not_move_the_window():
    playing = Head(3000, earned=3000, waiting=False)
    before = plan_of(demand(playing), held=range(30))
    probe = plan_of(demand(playing, Head(19_000, earned=0)), held=range(30))
    answered = plan_of(demand(playing, Head(19_100, 100, False)), held=range(30))
    assert wanted(probe, NOW) == [190]
    assert wanted(answered, SOON)[:15] == wanted(before, SOON)


def test_deadlines_follow_the_moment_each_byte_is_due():
    playing = demand(Head(10_500, 10_500, waiting=False), playhead=9900)
    plan = plan_of(playing, held={99, 100})
    assert plan.due_ms == {101: NOW_MS + 2000, 102: NOW_MS + 3000}


def test_what_is_not_due_within_seconds_has_no_deadline():
    playing = demand(Head(10_500, 10_500, waiting=False), playhead=9900)
    assert not plan_of(playing, held=range(99, 106)).due_ms


def test_where_nobody_knows_what_sounds_only_a_jump_has_a_deadline():
    reading = demand(Head(10_000, earned=10_000))
    assert not plan_of(reading).due_ms
    assert plan_of(demand(Head(10_000)), held={0}).due_ms == {100: NOW_MS}


def test_reading_far_past_the_playhead_is_no_emergency():
    plan = plan_of(demand(Head(10_000, 10_000), playhead=1000), held=range(100))
    assert plan.urgencies[100] == LATER
    assert 100 not in plan.due_ms


def test_a_reader_at_the_playhead_is_an_emergency():
    plan = plan_of(demand(Head(1500, 1500), playhead=1000), held=range(15))
    assert plan.urgencies[15] == NOW


def test_a_shared_piece_gets_the_highest_urgency_of_its_demands():
    first = PieceMap(0, 150, 100)
    second = PieceMap(150, 10_000, 100)
    plan = plan_of(
        demand(Head(100, earned=100), pieces=first),
        demand(role=Role.PREFETCH, pieces=second),
        held={0},
    )
    assert plan.urgencies[1] == NOW


def test_a_swarm_in_use_always_has_an_anchor():
    plan = plan_of(demand(Head(20_000, 20_000, False)), held=range(200))
    assert wanted(plan, IDLE)[-1] == 200
    assert plan.trickle


def test_the_anchor_goes_round_to_the_beginning():
    view = demand(Head(20_000, 20_000, False), pieces=TRACK_2)
    plan = plan_of(view, held=range(200, 400))
    assert 0 in wanted(plan, IDLE)


def test_a_complete_torrent_needs_no_anchor():
    plan = plan_of(demand(Head(0, 1, False)), held=range(400))
    assert plan.trickle  # and nothing missing is wanted


def test_a_swarm_joined_for_its_metadata_fetches_nothing():
    views = {"s": SwarmView(ALBUM, frozenset(), in_use=False)}
    assert not any(plans([], views, NOW_MS)["s"].urgencies)


def test_a_swarm_without_demands_keeps_its_anchor_only():
    plan = plan_of()
    assert sum(map(bool, plan.urgencies)) == 1
    assert plan.trickle


def test_behind_the_head_comes_last():
    head = Head(10_000, earned=10_000, waiting=False)
    assert 50 not in wanted(plan_of(demand(head)), IDLE)
    done = plan_of(demand(head), held=range(100, 200))
    assert 50 in wanted(done, IDLE)


def test_probes_are_wanted_once_the_first_piece_is_here():
    tail = (Span(19_900, 20_000),)
    waiting = plan_of(demand(Head(0), probes=tail))
    assert 199 not in wanted(waiting, SOON)
    reading = plan_of(demand(Head(100, 100), probes=tail), held={0})
    assert 199 in wanted(reading, SOON)


def test_prefetch_of_another_swarm_waits_until_the_current_stream_is_safe():
    other = SwarmView(200, frozenset())
    nxt = demand(role=Role.PREFETCH, swarm="t", starts_in_ms=100_000)
    views = {"s": SwarmView(ALBUM, frozenset(range(3)))}
    demands = [demand(Head(200, 200, False)), nxt]
    starving = plans(demands, views | {"t": other}, NOW_MS)["t"]
    assert starving.trickle or sum(map(bool, starving.urgencies)) <= 1
    safe = {"s": SwarmView(ALBUM, frozenset(range(100)))}
    fetching = plans(demands, safe | {"t": other}, NOW_MS)["t"]
    assert wanted(fetching, LATER) == [0, 1, 2, 3, 4, 5]
    other = SwarmView(200, frozenset(range(6)))
    fetching = plans(demands, safe | {"t": other}, NOW_MS)["t"]
    assert len(wanted(fetching, LATER)) == 30


def test_a_next_track_that_is_due_outranks_the_safe_rest_of_the_current():
    playing = demand(Head(18_500, 18_500, False), playhead=18_500)
    nxt = demand(role=Role.PREFETCH, pieces=TRACK_2, starts_in_ms=4_000)
    plan = plan_of(playing, nxt, held=range(200))
    assert wanted(plan, SOON)[-1] >= 200
    assert plan.due_ms == {200: NOW_MS + 4_000, 201: NOW_MS + 5_000}


def test_in_calm_the_next_beginning_comes_before_what_is_due_later():
    playing = demand(Head(3000, 3000, False), playhead=1000)
    following = demand(role=Role.PREFETCH, pieces=TRACK_2, starts_in_ms=190_000)
    opened = [*range(30), *range(200, 206)]
    lacking = plan_of(playing, following, held=opened)
    assert wanted(lacking, LATER) == list(range(200, 230))
    there = plan_of(playing, following, held=[*range(30), *range(200, 230)])
    assert wanted(there, LATER)[0] == 25


def test_a_read_in_the_background_wants_no_more_than_it_waits_for():
    plan = plan_of(demand(Head(20_000 - 100), role=Role.BACKGROUND), held={0})
    assert wanted(plan, LATER) == [199]
    assert not wanted(plan, NOW)
    assert plan.due_ms == {}


def test_a_read_in_the_background_that_goes_on_wants_as_much_again():
    head = Head(400, earned=400)
    plan = plan_of(demand(head, role=Role.BACKGROUND), held=range(4))
    assert wanted(plan, LATER) == [4, 5, 6, 7]


def test_a_read_in_the_background_waits_until_what_plays_is_safe():
    playing = demand(Head(1000, 1000, waiting=False), playhead=1000)
    read = demand(Head(0), role=Role.BACKGROUND, pieces=TRACK_2)
    unsafe = plan_of(playing, read, held=range(12))
    assert LATER not in unsafe.urgencies[200:]
    assert plan_of(playing, read, held=range(30)).urgencies[200] == LATER


def test_a_jump_keeps_reads_in_the_background_away():
    seeking = demand(Head(5000))
    read = demand(Head(0), role=Role.BACKGROUND, pieces=TRACK_2)
    plan = plan_of(seeking, read, held={0})
    assert sum(map(bool, plan.urgencies)) == 1


def test_a_read_in_the_background_of_another_swarm_waits_for_what_plays():
    playing = demand(Head(1000, 1000, waiting=False), playhead=1000)
    read = demand(Head(0), role=Role.BACKGROUND, swarm="t")
    views = {name: SwarmView(ALBUM, frozenset(range(12))) for name in "st"}
    views["t"] = SwarmView(ALBUM, frozenset())
    assert plans([playing, read], views, NOW_MS)["t"].urgencies.count(LATER) == 0
    views["s"] = SwarmView(ALBUM, frozenset(range(30)))
    assert plans([playing, read], views, NOW_MS)["t"].urgencies[0] == LATER


def test_until_the_next_track_can_open_the_first_tier_is_short():
    playing = demand(Head(3000, 3000, False), playhead=1000)
    following = demand(role=Role.PREFETCH, pieces=TRACK_2, starts_in_ms=190_000)
    lacking = plan_of(playing, following, held=range(17))
    assert wanted(lacking, SOON) == list(range(10, 15))
    assert wanted(lacking, LATER) == list(range(200, 206))
    opened = plan_of(playing, following, held=[*range(17), *range(200, 206)])
    assert wanted(opened, SOON) == list(range(10, 25))


def test_the_next_track_of_the_same_file_is_wanted_in_calm():
    playing = Head(1000, 1000, waiting=False)
    tiers = Tiers(later_s=10)
    plan = plan_of(
        demand(playing, playhead=1000, starts=(10_000, 15_000)),
        held=range(30),
        tiers=tiers,
    )
    expected = {0, *range(99, 130), *range(149, 160)}
    assert expected - set(range(30)) <= set(wanted(plan, LATER))
    in_need = plan_of(demand(playing, playhead=1000, starts=(10_000,)), held=range(12))
    assert 100 not in wanted(in_need, LATER)


def test_a_track_within_the_next_file_is_fetched_from_where_it_begins():
    playing = demand(Head(1000, 1000, waiting=False), playhead=1000)
    following = demand(
        role=Role.PREFETCH, pieces=TRACK_2, starts=(10_000,), starts_in_ms=60_000
    )
    plan = plan_of(playing, following, held=range(30))
    assert {200, *range(299, 305)} <= set(wanted(plan, LATER))
    assert not {*range(201, 230)} & set(wanted(plan, LATER))
