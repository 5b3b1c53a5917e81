"""Files that are no audio, whatever they are called: Mopidy moves on."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tests.e2e.stage import Album, Listener, album, as_floats, seeded, until
from tests.rig.album import Track, make_pcm

NOISE = random.Random(1).randbytes(300_000)
BAD = {
    "1 noise.mp3": NOISE,
    "2 noise.flac": NOISE,
    "3 text.ogg": b"no music here\n" * 20_000,
    "4 text.m4a": b"no music here\n" * 9_000,
    "5 a byte.mp3": b"x",
}
GOOD = [Track("One", "flac", 3), Track("Two", "flac", 3)]
SOUND = [as_floats(make_pcm(3, seed=1001 + n)) for n in range(2)]


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Album]:
    """The good tracks' names come before those of the bad ones."""
    folder = tmp_path_factory.mktemp("torrent") / "Album"
    with album(folder, GOOD, files=BAD) as made, seeded(made, seconds=1):
        yield made


@pytest.fixture(scope="module")
def listener(
    one: Album, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listener]:
    with Listener(tmp_path_factory.mktemp("mopidy"), [one]) as listener:
        listener.expected_errors = ("GStreamer error",)
        yield listener


@pytest.fixture
def good(one: Album) -> list[str]:
    """The text file of every album comes first."""
    return [f"vozduxan:track:{one.infohash}:{n}" for n in (1, 2)]


@pytest.fixture
def bad(one: Album) -> dict[str, str]:
    return {name: f"vozduxan:track:{one.infohash}:{n}" for n, name in enumerate(BAD, 3)}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_audio_is_moved_on_from(
    name: str, good: list[str], bad: dict[str, str], listener: Listener
) -> None:
    since = listener.mopidy.log_length
    listener.play(bad[name], good[0])
    listener.wait_for_started(good[0])
    listener.wait_for_ended(good[0])
    assert listener.sound.endswith(SOUND[0])
    listener.mopidy.wait_for_log("The player found no sound in", since=since)
    listener.assert_calm(since)


def test_what_is_no_audio_leaves_what_sounds_alone(
    good: list[str], bad: dict[str, str], listener: Listener
) -> None:
    listener.play(good[0], bad["3 text.ogg"], good[1])
    listener.wait_for_started(good[1])
    listener.wait_for_ended(good[1])
    assert listener.sound.endswith(SOUND[1])


def test_nothing_but_bad_files_ends_though_it_repeats(
    bad: dict[str, str], listener: Listener
) -> None:
    listener.rpc("core.tracklist.set_repeat", value=True)
    try:
        listener.play(*bad.values())
        until(lambda: listener.state == "playing")
        until(lambda: listener.state == "stopped")
    finally:
        listener.rpc("core.tracklist.set_repeat", value=False)
