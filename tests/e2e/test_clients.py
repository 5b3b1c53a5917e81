"""What listeners use: mpc, and any other client that speaks MPD."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.stage import PATIENCE_S, Album, Listener, album, seeded, until
from tests.rig.album import Track

TITLES = ["Söng №1 ✓", "It's “quoted” & 50% off", "日本の歌", "Four"]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Album]:
    folder = tmp_path_factory.mktemp("album") / "Ändere Musik, Vol. 2"
    with (
        album(folder, [Track(title, "flac", 8) for title in TITLES]) as made,
        seeded(made, seconds=3),
    ):
        yield made


@pytest.fixture(scope="module")
def listener(
    records: Album, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listener]:
    with Listener(tmp_path_factory.mktemp("mopidy"), [records]) as listener:
        yield listener


@pytest.fixture
def mpc(listener: Listener) -> Mpc:
    mpc = Mpc(listener)
    mpc("clear")
    return mpc


class Mpc:
    """The real program, one process a command."""

    def __init__(self, listener: Listener) -> None:
        self._port = str(listener.mopidy.mpd_port)

    def __call__(self, *arguments: str) -> list[str]:
        command = ["mpc", "--host", "127.0.0.1", "--port", self._port, *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE_S
        )
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout.splitlines()

    def status(self, what: str) -> str:
        return self("status", what)[0]

    def wait_for(self, what: str, value: str) -> None:
        until(lambda: self.status(what) == value)


def test_mpc_browses_adds_plays_seeks_and_skips(
    mpc: Mpc, records: Album, listener: Listener
) -> None:
    assert "Torrents" in mpc("ls")
    views = ["Torrents/Artists", "Torrents/Albums"]
    assert mpc("ls", "Torrents") == [*views, f"Torrents/{records.folder.name}"]
    inside = mpc("ls", f"Torrents/{records.folder.name}")
    assert len(inside) == len(TITLES)
    mpc("add", f"Torrents/{records.folder.name}")
    assert mpc("playlist", "-f", "%title%") == TITLES

    mpc("play", "1")
    mpc.wait_for("%state%", "playing")
    mpc("seek", "50%")
    half = _seconds(mpc.status("%totaltime%")) / 2
    # While GStreamer seeks, it says that it is at the beginning.
    until(lambda: half - 1 <= _seconds(mpc.status("%currenttime%")) <= half + 3)

    mpc("next")
    until(lambda: mpc("current", "-f", "%title%") == [TITLES[1]])
    mpc.wait_for("%state%", "playing")
    until(lambda: listener.rpc("core.playback.get_time_position") > 100)
    mpc("prev")
    until(lambda: mpc("current", "-f", "%position%") == ["1"])
    mpc("stop")
    until(lambda: listener.state == "stopped")
    listener.assert_calm()


def test_mpc_adds_one_track_by_its_uri(
    mpc: Mpc, records: Album, listener: Listener
) -> None:
    mpc("add", listener.tracks(records)[2])
    assert mpc("playlist", "-f", "%title%") == [TITLES[2]]
    listener.assert_calm()


def test_every_track_has_a_time_a_number_and_its_names(
    records: Album, listener: Listener
) -> None:
    client = listener.mopidy.mpd()
    client.clear()
    client.add(records.uri)
    songs = client.playlistinfo()
    assert [song["title"] for song in songs] == TITLES
    assert [song["track"].split("/")[0] for song in songs] == ["1", "2", "3", "4"]
    assert {song["album"] for song in songs} == {records.folder.name}
    assert all(int(song["time"]) > 0 for song in songs)
    client.disconnect()
    listener.assert_calm()


def _seconds(clock: str) -> int:
    minutes, seconds = clock.split(":")
    return int(minutes) * 60 + int(seconds)
