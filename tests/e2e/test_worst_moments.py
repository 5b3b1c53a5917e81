"""Presses at moments when Mopidy froze for good, or was silent forever."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.e2e.stage import (
    FRAME,
    PATIENCE_S,
    Album,
    Listener,
    album,
    as_floats,
    seeded,
    until,
)
from tests.rig.album import RATE, Track, make_pcm

SECONDS = 6
TRACKS = [Track(name, "flac", SECONDS) for name in ("One", "Two", "Three")]
ONE, TWO, THREE = (as_floats(make_pcm(SECONDS, seed=1001 + n)) for n in range(3))
#: For how long a look-up keeps core busy. The player asks for the next track about
#: 3.5 s before the end of one, which is well within.
BUSY_S = 4
LEVELS = {
    "mopidy_vozduxan": "debug",
    "mopidy.audio": "debug",
    "mopidy.http": "debug",  # Mopidy 3
    "mopidy._exts.http": "debug",
}
CONFIG = {"loglevels": LEVELS, "vozduxan": {"lookup_timeout": BUSY_S}}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Album]:
    folder = tmp_path_factory.mktemp("torrent") / "Album"
    with album(folder, TRACKS) as made, seeded(made, seconds=1):
        yield made


@pytest.fixture(scope="module")
def listener(
    one: Album, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listener]:
    with Listener(tmp_path_factory.mktemp("mopidy"), [one], CONFIG) as listener:
        yield listener


@pytest.fixture(autouse=True)
def calm(listener: Listener) -> Iterator[None]:
    since = listener.mopidy.log_length
    yield
    listener.assert_calm(since)


@pytest.fixture
def second(one: Album, listener: Listener) -> list[str]:
    """The tracks' URIs; the second one has just begun."""
    uris = listener.tracks(one)
    tlids = listener.play(*uris)
    listener.rpc("core.playback.play", tlid=tlids[1])
    listener.wait_for_started(uris[1])
    return uris


@contextmanager
def as_it_asks_for_the_next_track(listener: Listener) -> Iterator[Callable[..., None]]:
    """Gives a way to press, over MPD, so that core comes to it at that moment.

    Core is busy with a look-up when the key is pressed, and still is when the player
    asks. So it comes to the press first, and the player waits for its answer then.
    """
    since = listener.mopidy.log_length
    infohash = secrets.token_hex(20)
    magnet = f"magnet:?xt=urn:btih:{infohash}"
    look_up = threading.Thread(
        target=listener.rpc, args=("core.library.lookup",), kwargs={"uris": [magnet]}
    )
    look_up.start()
    listener.mopidy.wait_for_log(f"Received RPC message.*{infohash}", since=since)
    client = listener.mopidy.mpd()

    def press(key: str, *arguments: object) -> None:
        getattr(client, key)(*arguments)
        client.status()
        look_up.join(PATIENCE_S)

    try:
        yield press
    finally:
        client.disconnect()
    listener.mopidy.wait_for_log("about-to-finish event", since=since)
    listener.mopidy.wait_for_log("was stopped, or has jumped", since=since)


def test_next(second: list[str], listener: Listener) -> None:
    with as_it_asks_for_the_next_track(listener) as press:
        press("next")
    listener.wait_for_started(second[2])
    listener.wait_for_ended(second[2])
    assert listener.sound == THREE
    until(lambda: listener.state == "stopped")


def test_previous(second: list[str], listener: Listener) -> None:
    with as_it_asks_for_the_next_track(listener) as press:
        press("previous")
    listener.wait_for_started(second[0])
    listener.wait_for_started(second[1])
    assert listener.sound.startswith(ONE)


def test_stop(second: list[str], listener: Listener) -> None:
    with as_it_asks_for_the_next_track(listener) as press:
        press("stop")
    until(lambda: listener.state == "stopped")
    listener.rpc("core.playback.play")
    listener.wait_for_started(second[1])
    listener.wait_for_started(second[2])
    assert listener.sound.startswith(TWO)


def test_seek(second: list[str], listener: Listener) -> None:
    """The player asks again when it comes to the end."""
    with as_it_asks_for_the_next_track(listener) as press:
        press("seekcur", SECONDS - 1)
    listener.wait_for_ended(second[1])
    listener.wait_for_ended(second[2])
    assert listener.sound == TWO[-RATE * FRAME :] + THREE


def test_a_seek_after_a_stop_plays_from_there(
    second: list[str], listener: Listener
) -> None:
    listener.rpc("core.playback.stop")
    until(lambda: listener.state == "stopped")
    listener.rpc("core.playback.seek", time_position=2000)
    there = TWO[2 * RATE * FRAME :]
    until(lambda: len(listener.sound) > RATE and there.startswith(listener.sound))
    assert listener.state == "playing"
    listener.wait_for_started(second[2])


def test_a_pause_after_a_stop_leaves_it_stopped(
    second: list[str], listener: Listener
) -> None:
    """It was "paused" then, and "playing" in silence after a resume."""
    listener.rpc("core.playback.stop")
    until(lambda: listener.state == "stopped")
    listener.rpc("core.playback.pause")
    listener.rpc("core.playback.resume")
    assert listener.state == "stopped"
    listener.rpc("core.playback.play")
    listener.wait_for_started(second[1])
