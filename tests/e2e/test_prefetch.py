"""What is fetched ahead is what comes next, and the current track never pays for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.recording import (
    Recording,
    count_stalls,
    held,
    paced,
    recording,
    tokens_played,
)
from tests.e2e.stage import FRAME, PATIENCE_S, Album, Listener, album, seeded, until
from tests.rig.album import RATE, Track

LEVELS = dict.fromkeys(("mopidy_vozduxan", "mopidy.audio", "mopidy.backend"), "debug")
LOG = {"loglevels": LEVELS}

#: What follows the player's buffer takes 3.3 s of it as soon as it plays. In a swarm
#: that is barely enough it then often stops once to fill it again, with prefetch or
#: without: count from when what was buffered at the start has been played.
STARTING_S = 6


@pytest.mark.alone
def test_fetching_ahead_costs_the_current_track_no_stall(tmp_path: Path) -> None:
    """Both ways at once, each with a swarm of its own at 1.3 times the bitrate."""
    lengths = [RATE * 16 + 11, RATE * 16, RATE * 16]
    with ExitStack() as stack:
        one = stack.enter_context(recording(tmp_path / "Live", lengths, seed=3))
        other = stack.enter_context(recording(tmp_path / "Studio", lengths, seed=4))
        swarms = [stack.enter_context(paced(r, 1.3)) for r in (one, other)]
        listeners = [
            stack.enter_context(_listener(tmp_path, recorded, ahead))
            for recorded, ahead in ((one, 2), (other, 0))
        ]
        since = [_start(x, r) for x, r in zip(listeners, (one, other), strict=True)]
        for listener, recorded in zip(listeners, (one, other), strict=True):
            first = listener.tracks(recorded.album)[0]
            listener.wait_for_ended(first, 2 * PATIENCE_S)
        fetched = [sum(swarm.uploaded()) for swarm in swarms]
        stalls = [count_stalls(x, s) for x, s in zip(listeners, since, strict=True)]
        assert stalls == [0, 0], "with prefetch, without"
        assert fetched[0] > fetched[1] + 2 * one.byte_rate, "nothing was fetched ahead"
        for listener in listeners:
            listener.assert_calm()


def _listener(folder: Path, one: Recording, ahead: int) -> Listener:
    config = LOG | {"vozduxan": {"prefetch_tracks": ahead}}
    return Listener(folder / f"mopidy-{ahead}", [one.album], config)


def _start(listener: Listener, one: Recording) -> int:
    """Play it; the length of the log when it sounds steadily."""
    listener.play(*listener.tracks(one.album))
    listener.wait_for_sound(STARTING_S * RATE)
    return listener.mopidy.log_length


@pytest.mark.alone
def test_a_pause_lets_the_current_file_finish(tmp_path: Path) -> None:
    with (
        recording(tmp_path / "Live", [RATE * 14 + 5, RATE * 6], seed=5) as one,
        paced(one, 1.5) as swarm,
        Listener(tmp_path / "mopidy", [one.album], LOG) as listener,
    ):
        size = one.album.paths[0].stat().st_size
        listener.play(*listener.tracks(one.album))
        listener.wait_for_sound(RATE // 2)
        listener.rpc("core.playback.pause")
        (token,) = tokens_played(listener)
        assert held(listener, token) < size, "it was all there before the pause"
        until(lambda: held(listener, token) == size)
        assert listener.state == "paused"
        assert sum(swarm.uploaded()) >= size
        swarm.stall()  # of what comes next nothing is here
        nearly = one.lengths[0] - RATE
        assert len(listener.sound) < nearly * FRAME / 2
        since = listener.mopidy.log_length
        listener.rpc("core.playback.resume")
        heard = listener.wait_for_sound(nearly)
        assert one.sound.startswith(heard)
        assert count_stalls(listener, since) == 0
        listener.assert_calm()


@pytest.fixture(scope="module")
def albums(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Album]]:
    with ExitStack() as stack:
        made = []
        for seed in (6, 7):
            folder = tmp_path_factory.mktemp("album") / f"Album {seed}"
            tracks = [Track(f"{seed}{n}", "flac", 40) for n in range(6)]
            one = stack.enter_context(album(folder, tracks, seed=seed))
            stack.enter_context(seeded(one, seconds=10))
            made.append(one)
        yield made


class Queue:
    """A queue that plays, and what is fetched ahead of it."""

    def __init__(self, listener: Listener, albums: list[Album]) -> None:
        self.listener = listener
        self.names = {
            uri: path.name
            for one in albums
            for uri, path in zip(listener.tracks(one), one.paths, strict=True)
        }
        self.since = 0

    def change(self, method: str, **params: object) -> None:
        self.since = self.listener.mopidy.log_length
        self.listener.rpc(f"core.{method}", **params)

    @property
    def uris(self) -> list[str]:
        tracks = self.listener.rpc("core.tracklist.get_tracks")
        return [track["uri"] for track in tracks]

    def after(self, uri: str) -> list[str]:
        """The two that follow in the order of the tracklist."""
        place = self.uris.index(uri)
        return self.uris[place + 1 : place + 3]

    def wait_until_ahead(self, *uris: str) -> None:
        """Since the last change, exactly these were said to come next."""
        wanted = re.escape(f"Next come {[self.names[uri] for uri in uris]}")
        self.listener.mopidy.wait_for_log(wanted, PATIENCE_S, since=self.since)


def test_what_is_fetched_ahead_follows_every_change_of_the_queue(
    albums: list[Album], tmp_path: Path
) -> None:
    with Listener(tmp_path / "mopidy", albums) as listener:
        queue = Queue(listener, albums)
        first, *rest = listener.tracks(albums[0])
        listener.play(first, *rest)
        listener.wait_for_started(first)
        queue.wait_until_ahead(*rest[:2])

        queue.change("tracklist.shuffle", start=1)
        queue.wait_until_ahead(*queue.after(first))
        queue.change("tracklist.move", start=5, end=6, to_position=1)
        queue.wait_until_ahead(*queue.after(first))
        gone = queue.after(first)[0]
        queue.change("tracklist.remove", criteria={"uri": [gone]})
        queue.wait_until_ahead(*queue.after(first))

        queue.change("tracklist.set_random", value=True)
        drawn = _uri_of(listener, listener.rpc("core.tracklist.get_eot_tlid"))
        # Core may draw the track that plays: of that nothing has to be fetched.
        queue.wait_until_ahead(*[uri for uri in [drawn] if uri != first])
        queue.change("tracklist.set_random", value=False)
        queue.wait_until_ahead(*queue.after(first))

        queue.change("tracklist.set_single", value=True)
        queue.wait_until_ahead()
        queue.change("tracklist.set_single", value=False)
        queue.change("tracklist.set_consume", value=True)
        queue.wait_until_ahead(*queue.after(first))
        queue.change("tracklist.set_consume", value=False)

        last = queue.uris[-1]
        queue.change("playback.play", tlid=_tlid_of(listener, last))
        listener.wait_for_started(last)
        queue.wait_until_ahead()
        queue.change("tracklist.set_repeat", value=True)
        queue.wait_until_ahead(*queue.uris[:2])

        queue.since = listener.mopidy.log_length
        others = listener.tracks(albums[1])
        listener.mopidy.play(*others)
        listener.wait_for_started(others[0])
        queue.wait_until_ahead(*others[1:3])
        listener.assert_calm()


def _entries(listener: Listener) -> dict[int, str]:
    entries = listener.rpc("core.tracklist.get_tl_tracks")
    return {entry["tlid"]: entry["track"]["uri"] for entry in entries}


def _uri_of(listener: Listener, tlid: int) -> str:
    return _entries(listener)[tlid]


def _tlid_of(listener: Listener, uri: str) -> int:
    return {uri: tlid for tlid, uri in _entries(listener).items()}[uri]
