"""What a listener asks for is tried at once, however often it has failed before."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.e2e.stage import Album, Listener, album, seeded, until
from tests.rig.album import Track

SECONDS = 3
STALL_S = 5
#: A track that was given up used to be refused for this long.
REFUSED_S = 60.0
NAMES = [
    "Same port",
    "Other port",
    "No tracker",
    "Disk",
    "Late",
    "Asked late",
    "Walk",
    "Alive",
]
Albums = dict[str, Album]


@pytest.fixture(scope="module")
def albums(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Albums]:
    root = tmp_path_factory.mktemp("albums")
    with ExitStack() as stack:
        made: Albums = {}
        for seed, name in enumerate(NAMES, 1):
            tracks = [Track(f"{name} {n}", "flac", SECONDS) for n in range(2)]
            made[name] = stack.enter_context(album(root / name, tracks, seed=seed))
        yield made


@pytest.fixture(scope="module")
def listener(
    albums: Albums, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listener]:
    folder = tmp_path_factory.mktemp("mopidy")
    # Nothing but the presses asks anybody for anything.
    quiet = {"prefetch_tracks": 0, "scan_tags": "never", "stall_timeout": STALL_S}
    with Listener(folder, list(albums.values()), {"vozduxan": quiet}) as listener:
        yield listener


class Press:
    """Presses play on the first track of an album, alone in the tracklist."""

    def __init__(self, listener: Listener, one: Album) -> None:
        self._listener = listener
        self.uri = listener.tracks(one)[0]
        self.since = listener.mopidy.log_length

    def fails(self) -> None:
        self.since = self._listener.mopidy.log_length
        self._listener.play(self.uri)
        self._listener.mopidy.wait_for_log("Moving on", since=self.since)
        until(lambda: self._listener.state == "stopped")

    def sounds(self) -> None:
        self._listener.play(self.uri)
        self._listener.wait_for_started(self.uri, REFUSED_S / 2)
        self._listener.rpc("core.playback.stop")


@pytest.fixture
def press(albums: Albums, listener: Listener) -> Callable[[str], Press]:
    return lambda name: Press(listener, albums[name])


def test_a_seed_that_is_back_is_called_at_once(
    albums: Albums, listener: Listener, press: Callable[[str], Press]
) -> None:
    with seeded(albums["Same port"], seeders=1) as swarm:
        _, met = listener.tracks(albums["Same port"])
        listener.play(met)
        listener.wait_for_started(met)
        swarm.leave()
        pressed = press("Same port")
        pressed.fails()
        pressed.fails()  # as often as anybody likes
        swarm.back()
        pressed.sounds()


def test_a_seed_that_is_back_elsewhere_is_asked_for(
    albums: Albums, press: Callable[[str], Press]
) -> None:
    pressed = press("Other port")
    pressed.fails()
    with seeded(albums["Other port"], seeders=1):
        pressed.sounds()


def test_a_tracker_that_is_back_is_asked(
    albums: Albums, press: Callable[[str], Press]
) -> None:
    one = albums["No tracker"]
    with seeded(one, seeders=1):
        one.tracker.down = True
        pressed = press("No tracker")
        pressed.fails()
        one.tracker.down = False
        pressed.sounds()


def test_a_disk_with_room_again_is_used(
    albums: Albums, listener: Listener, press: Callable[[str], Press]
) -> None:
    pid, unlimited = listener.mopidy.pid, resource.RLIM_INFINITY
    with seeded(albums["Disk"], seeders=1):
        uri, since = press("Disk").uri, listener.mopidy.log_length
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, unlimited))
        try:
            listener.play(uri)
            said = "What is held plays on, and the rest waits"
            listener.mopidy.wait_for_log(said, since=since)
        finally:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
        listener.wait_for_started(uri)
        listener.rpc("core.playback.stop")


@pytest.mark.parametrize("name", ["Late", "Asked late"])
def test_who_comes_within_the_patience_is_met(
    name: str, albums: Albums, listener: Listener, press: Callable[[str], Press]
) -> None:
    """A seed that comes, and a tracker that is up again."""
    one, since = albums[name], listener.mopidy.log_length
    with seeded(one, seeders=1) as swarm:
        if name == "Late":
            one.tracker.peers = []
        else:
            one.tracker.down = True
        listener.play(uri := press(name).uri)
        one.tracker.wait_for_announce(3)
        one.tracker.peers, one.tracker.down = swarm.peers, False
        listener.wait_for_started(uri)
        listener.rpc("core.playback.stop")
    assert "Moving on" not in "\n".join(listener.mopidy.log.splitlines()[since:])


def test_what_core_comes_to_by_itself_is_passed_over(
    albums: Albums, listener: Listener
) -> None:
    """At the end of a track, and from what has failed, also when all repeats."""
    dead, other = listener.tracks(albums["Walk"])
    alive, _ = listener.tracks(albums["Alive"])
    Press(listener, albums["Walk"]).fails()
    since = listener.mopidy.log_length
    with seeded(albums["Alive"], seeders=1):
        listener.play(alive, dead, alive)
        for _ in range(2):
            listener.wait_for_started(alive)
            listener.wait_for_ended(alive)
    assert "Moving on" not in "\n".join(listener.mopidy.log.splitlines()[since:])
    listener.rpc("core.tracklist.set_repeat", value=True)
    try:
        listener.play(other, dead)
        listener.mopidy.wait_for_log("Nothing in the tracklist", since=since)
        until(lambda: listener.state == "stopped")
    finally:
        listener.rpc("core.tracklist.set_repeat", value=False)
    lines = listener.mopidy.log.splitlines()[since:]
    assert sum("Moving on" in line for line in lines) == 1
