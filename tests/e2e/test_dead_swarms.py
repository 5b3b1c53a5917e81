"""Swarms that are dead, die or stall: Mopidy answers, says so and moves on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.e2e.stage import FRAME, Album, Listener, album, as_floats, seeded, until
from tests.rig.album import Track, make_pcm

SECONDS = 4
CALLS = 100
#: The issue's own bound for an answer while a stream waits.
ANSWER_S = 0.05
#: Long enough for what is about to sound to do so.
SILENCE_S = 3.0
STALL_S = 5.0

ALIVE, DEAD = "Alive", "Dead"
SICK = [
    "Paused",
    "Skipped to",
    "Stopped",
    "Stopped at once",
    "Cleared",
    "Dying",
    "Stalling",
]
Albums = dict[str, Album]


@pytest.fixture(scope="module")
def albums(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Albums]:
    """One that is seeded, one that nobody has, and some for a test each."""
    counts = {ALIVE: 4, DEAD: 4} | dict.fromkeys(SICK, 1)
    root = tmp_path_factory.mktemp("albums")
    with ExitStack() as stack:
        made: Albums = {}
        for seed, (name, count) in enumerate(counts.items(), 1):
            tracks = [Track(f"{name} {n}", "flac", SECONDS) for n in range(count)]
            made[name] = stack.enter_context(album(root / name, tracks, seed=seed))
        stack.enter_context(seeded(made[ALIVE], seconds=1))
        yield made


@pytest.fixture(scope="module")
def listener(
    albums: Albums, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listener]:
    folder = tmp_path_factory.mktemp("mopidy")
    with Listener(folder, list(albums.values())) as listener:
        yield listener


@pytest.fixture
def alive(albums: Albums, listener: Listener) -> list[str]:
    return listener.tracks(albums[ALIVE])


@pytest.fixture
def dead(albums: Albums, listener: Listener) -> list[str]:
    return listener.tracks(albums[DEAD])


@pytest.fixture(autouse=True)
def calm(listener: Listener) -> Iterator[None]:
    since = listener.mopidy.log_length
    yield
    listener.assert_calm(since)


def pcm_of_track(seed: int, number: int) -> bytes:
    return as_floats(make_pcm(SECONDS, seed=seed * 1000 + number))


@pytest.mark.alone
def test_mopidy_answers_while_a_track_waits_and_then_moves_on(
    listener: Listener, alive: list[str], dead: list[str]
) -> None:
    since = listener.mopidy.log_length
    client = listener.mopidy.mpd()
    listener.play(dead[0], alive[0])
    started = time.monotonic()
    calls: list[Callable[[], object]] = [
        lambda: listener.rpc("core.playback.get_state"),
        lambda: listener.rpc("core.playback.get_time_position"),
        client.ping,
        client.status,
    ]
    for call in calls:
        took = [_seconds_of(call) for _ in range(CALLS)]
        assert sorted(took)[CALLS * 99 // 100 - 1] <= ANSWER_S, sorted(took)[-5:]
    assert time.monotonic() - started < 5, "too slow to have met a waiting stream"
    client.disconnect()
    listener.mopidy.wait_for_log(
        "“01 - Dead 0.flac” of “Dead” is waiting for data", since=since
    )
    listener.wait_for_started(alive[0])


def test_a_dead_next_track_does_not_cut_the_current_one(
    listener: Listener, alive: list[str], dead: list[str]
) -> None:
    listener.play(alive[1], dead[1], alive[2])
    pcm = pcm_of_track(1, 2)
    assert listener.wait_for_sound(len(pcm) // FRAME) == pcm
    listener.wait_for_started(alive[2])
    listener.wait_for_ended(alive[2])
    assert listener.sound == pcm_of_track(1, 3)


@pytest.mark.parametrize(
    ("name", "shown", "method"),
    [
        ("Stopped", True, "core.playback.stop"),
        ("Stopped at once", False, "core.playback.stop"),
        ("Cleared", True, "core.tracklist.clear"),
    ],
)
def test_a_start_that_is_called_off_while_it_waits_never_sounds(
    name: str, shown: bool, method: str, albums: Albums, listener: Listener
) -> None:
    (uri,) = listener.tracks(albums[name])
    with seeded(albums[name]) as swarm:
        swarm.stall()
        listener.play(uri)
        if shown:
            until(lambda: listener.state == "playing")
        listener.rpc(method)
        assert listener.state == "stopped"
        swarm.limit(0)
        with pytest.raises(TimeoutError):
            listener.wait_for("track_playback_started", SILENCE_S)
        assert listener.state == "stopped"

        listener.play(uri)
        listener.wait_for_started(uri)
        listener.wait_for_ended(uri)
        seed = 3 + SICK.index(name)
        assert listener.sound == pcm_of_track(seed, 1)


def test_a_stop_calls_off_the_track_that_was_skipped_to(
    albums: Albums, listener: Listener, alive: list[str]
) -> None:
    (uri,) = listener.tracks(albums["Skipped to"])
    with seeded(albums["Skipped to"]) as swarm:
        swarm.stall()
        listener.play(alive[0], uri)
        listener.wait_for_started(alive[0])
        listener.rpc("core.playback.next")
        listener.rpc("core.playback.stop")
        swarm.limit(0)
        with pytest.raises(TimeoutError):
            listener.wait_for("track_playback_started", SILENCE_S)
        assert listener.state == "stopped"


def test_a_pause_is_not_ended_by_a_dead_swarm(
    albums: Albums, listener: Listener, alive: list[str]
) -> None:
    (uri,) = listener.tracks(albums["Paused"])
    since = listener.mopidy.log_length
    with seeded(albums["Paused"], seconds=SECONDS * 1.2) as swarm:
        listener.play(uri, alive[0])
        listener.wait_for_started(uri)
        swarm.leave()
        listener.rpc("core.playback.pause")
        listener.mopidy.wait_for_log("Paused.* is waiting for data", since=since)
        with pytest.raises(TimeoutError):
            listener.wait_for("track_playback_started", STALL_S + SILENCE_S)
        assert listener.state == "paused"
        listener.rpc("core.playback.resume")
        listener.wait_for_started(alive[0])


def test_a_list_of_dead_tracks_ends_with_a_sentence_even_when_repeated(
    listener: Listener, dead: list[str]
) -> None:
    since = listener.mopidy.log_length
    listener.rpc("core.tracklist.set_repeat", value=True)
    try:
        listener.play(dead[2], dead[3])
        listener.mopidy.wait_for_log("Nothing in the tracklist", since=since)
        until(lambda: listener.state == "stopped")
        with pytest.raises(TimeoutError):
            listener.wait_for("track_playback_started", SILENCE_S)
    finally:
        listener.rpc("core.tracklist.set_repeat", value=False)
    moves = listener.mopidy.log.splitlines()[since:]
    assert 1 <= sum("Moving on" in line for line in moves) <= 4


def test_a_swarm_that_dies_in_a_track_costs_no_more_than_that_track(
    albums: Albums, listener: Listener, alive: list[str]
) -> None:
    (uri,) = listener.tracks(albums["Dying"])
    with seeded(albums["Dying"], seconds=SECONDS * 1.2) as swarm:
        listener.play(uri, alive[3])
        listener.wait_for_started(uri)
        swarm.leave()
        listener.wait_for_started(alive[3])
        listener.wait_for_ended(alive[3])
        assert listener.sound == pcm_of_track(1, 4)


def test_a_short_stall_costs_no_sample(albums: Albums, listener: Listener) -> None:
    (uri,) = listener.tracks(albums["Stalling"])
    since = listener.mopidy.log_length
    with seeded(albums["Stalling"], seconds=SECONDS * 1.2) as swarm:
        listener.play(uri)
        listener.wait_for_started(uri)
        swarm.stall()
        listener.mopidy.wait_for_log("Stalling.* is waiting for data", since=since)
        swarm.limit(0)
        listener.wait_for_ended(uri)
    assert listener.sound == pcm_of_track(3 + SICK.index("Stalling"), 1)
    assert not any("Moving on" in x for x in listener.mopidy.log.splitlines()[since:])


def _seconds_of(call: Callable[[], object]) -> float:
    begin = time.monotonic()
    call()
    return time.monotonic() - begin


def test_a_dead_album_costs_one_wait(
    listener: Listener, alive: list[str], dead: list[str]
) -> None:
    since = listener.mopidy.log_length
    listener.play(*dead, alive[3])
    listener.wait_for_started(alive[3])
    log = "\n".join(listener.mopidy.log.splitlines()[since:])
    assert log.count("of “Dead” is waiting for data") == 1, log
