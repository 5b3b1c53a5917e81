"""Torrents are removed while they play, wait, rest: core never notices a gap."""

from __future__ import annotations

import json
import urllib.request
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stage import Album, Listener, album, as_floats, seeded, until
from tests.rig.album import Track, make_pcm
from tests.rig.torrents import magnet_of

TRACKS = [Track("One", "flac", 20), Track("Two", "flac", 20)]


def command(listener: Listener, name: str, **given: object) -> Any:
    """What a command answers over Mopidy's own HTTP server."""
    request = urllib.request.Request(
        f"{listener.mopidy.url}/vozduxan/api/{name}",
        json.dumps(given).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def on_disk(listener: Listener, one: Album) -> list[Path]:
    """All there is of an album, data and resume data."""
    folder = listener.mopidy.folder
    data = folder / "cache" / "vozduxan" / "torrents" / one.infohash
    resume = folder / "data" / "vozduxan" / "resume"
    there = [data] if data.exists() else []
    return [*there, *data.rglob("*"), *resume.glob(f"{one.infohash}*")]


def queued(listener: Listener) -> list[str]:
    tracks = listener.rpc("core.tracklist.get_tracks")
    return [track["uri"] for track in tracks]


def albums_of(listener: Listener) -> list[str]:
    return [row["infohash"] for row in command(listener, "torrent_list")]


def test_what_plays_gives_way_to_the_next_track_of_another_torrent(
    tmp_path: Path,
) -> None:
    with (
        album(tmp_path / "Gone", TRACKS) as gone,
        album(tmp_path / "Stays", TRACKS[:1], seed=7) as stays,
        seeded(gone, seconds=20),
        seeded(stays),
        Listener(tmp_path / "mopidy", [gone, stays]) as listener,
    ):
        first, second = listener.tracks(gone)
        (other,) = listener.tracks(stays)
        listener.play(first, second, other, first)
        listener.wait_for_started(first)
        listener.wait_for_sound(44_100)
        since = listener.mopidy.log_length
        answer = command(
            listener, "torrent_remove", infohash=gone.infohash, deleteData=True
        )
        assert answer["freedBytes"] > 0
        assert on_disk(listener, gone) == []
        listener.wait_for_started(other)
        assert queued(listener) == [other]
        assert listener.state == "playing"
        until(lambda: listener.rpc("core.playback.get_time_position") > 500)
        assert on_disk(listener, gone) == [], "somebody has joined it again"
        assert albums_of(listener) == [stays.infohash]
        listener.assert_calm(since)


@pytest.mark.parametrize("delete", [True, False])
def test_the_last_torrent_ends_in_silence_and_can_be_added_again(
    tmp_path: Path, delete: bool
) -> None:
    with (
        album(tmp_path / "Album", [Track("One", "flac", 4)]) as one,
        seeded(one) as swarm,
        Listener(tmp_path / "mopidy") as listener,
    ):
        magnet = magnet_of(one.torrent, peers=swarm.peers)
        assert command(listener, "torrent_add", source=magnet, wait=30)["known"]
        (uri,) = listener.tracks(one)
        listener.rpc("core.tracklist.set_repeat", value=True)
        listener.play(uri)
        listener.wait_for_started(uri)
        until(lambda: _held(listener) == 1.0)
        since = listener.mopidy.log_length
        command(
            listener, "torrent_remove", infohash=one.infohash[:8], deleteData=delete
        )
        until(lambda: listener.state == "stopped")
        assert queued(listener) == []
        assert albums_of(listener) == []
        assert bool(on_disk(listener, one)) is not delete
        assert command(listener, "torrent_status")["streams"] == []
        listener.assert_calm(since)

        fetched = sum(swarm.uploaded())
        listener.rpc("core.tracklist.set_repeat", value=False)
        assert command(listener, "torrent_add", source=magnet, wait=30)["known"]
        listener.play(uri)
        listener.wait_for_ended(uri)
        assert listener.sound.endswith(as_floats(make_pcm(4, seed=1001))[-40_000:])
        again = sum(swarm.uploaded()) - fetched
        assert (again > one.size // 2) is delete, (again, one.size)
        listener.assert_calm(since)


def _held(listener: Listener) -> float:
    """How much of the stream that plays is here."""
    streams = command(listener, "torrent_status")["streams"]
    current = [s for s in streams if s["bucket"] == "current"]
    return current[0]["heldBytes"] / current[0]["size"] if current else 0.0


@pytest.mark.parametrize("state", ["paused", "stopped", "waiting"])
def test_what_does_not_sound_is_removed_too(tmp_path: Path, state: str) -> None:
    with (
        album(tmp_path / "Gone", TRACKS) as gone,
        album(tmp_path / "Stays", TRACKS[:1], seed=7) as stays,
        seeded(stays),
        seeded(gone) if state == "paused" else nullcontext(),
        Listener(
            tmp_path / "mopidy", [gone, stays], {"vozduxan": {"stall_timeout": 60}}
        ) as listener,
    ):
        first, second = listener.tracks(gone)
        (other,) = listener.tracks(stays)
        if state == "paused":
            listener.play(first, second, other)
            listener.wait_for_started(first)
            listener.rpc("core.playback.pause")
            until(lambda: listener.state == "paused")
        else:
            listener.play(first, second, other)
            until(lambda: listener.state == "playing")  # nobody delivers
        if state == "stopped":
            listener.rpc("core.playback.stop")
            until(lambda: listener.state == "stopped")
        since = listener.mopidy.log_length
        command(listener, "torrent_remove", infohash=gone.infohash, deleteData=True)
        assert queued(listener) == [other]
        assert on_disk(listener, gone) == []
        if state == "waiting":
            listener.wait_for_started(other)
        else:
            # Core says "playing" until the next track has come as far as a pause.
            until(lambda: listener.state == state)
            listener.rpc("core.playback.play")
            listener.wait_for_started(other)
        until(lambda: listener.rpc("core.playback.get_time_position") > 300)
        listener.assert_calm(since)


def test_a_file_in_torrent_dirs_brings_its_torrent_back_only_when_it_changes(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "mopidy"
    with album(tmp_path / "Album", TRACKS[:1]) as one:
        file = folder / "torrents" / f"{one.infohash}.torrent"
        with Listener(folder, [one]) as listener:
            command(listener, "torrent_remove", infohash=one.infohash, deleteData=True)
            assert albums_of(listener) == []
        assert file.read_bytes() == one.torrent
        with Listener(folder) as listener:
            another = make_another(folder / "torrents")
            listener.mopidy.wait_for_log(r"Added \d+ new")
            assert albums_of(listener) == [another]
            file.write_bytes(one.torrent)  # a later one, if the same
            until(lambda: one.infohash in albums_of(listener))


def make_another(folder: Path) -> str:
    """Put another torrent there, so that it can be told when all were looked at."""
    from mopidy_vozduxan.engine.parsing import read_torrent
    from tests.torrent_files import multi_file

    torrent = multi_file("Another", {"a.flac": b"1" * 1000})
    draft = folder / "another.part"
    draft.write_bytes(torrent)
    draft.rename(folder / "another.torrent")
    return read_torrent(torrent).infohash
