"""Torrents on their way into a running Mopidy, and tracks to their place in it."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import mpd
import pytest

from tests.e2e.stage import (
    PATIENCE_S,
    Album,
    Listener,
    album,
    as_floats,
    seeded,
    until,
)
from tests.e2e.test_clients import Mpc
from tests.rig.album import Track, make_pcm
from tests.rig.seeder import Swarm
from tests.rig.torrents import magnet_of, make_torrent
from tests.rig.webserver import WebServer, answer, redirect

TRACKS = [Track("One", "flac", 3), Track("Two", "flac", 3), Track("Three", "flac", 3)]
SOUND = [as_floats(make_pcm(3, seed=1001 + n)) for n in range(3)]
QUICK = {"vozduxan": {"lookup_timeout": 1}}
#: What answers at once does so in time, also where both cores are busy.
PATIENT = {"vozduxan": {"lookup_timeout": 6}}
#: Long enough for what is about to sound to do so.
SILENCE_S = 3.0


class LateTracker:
    """A context manager: a tracker that names nobody until it is told to."""

    def __init__(self, swarm: Swarm) -> None:
        peers = b"".join(
            socket.inet_aton(host) + struct.pack("!H", port)
            for host, port in swarm.peers
        )
        self._body = f"d8:intervali1800e5:peers{len(peers)}:".encode() + peers + b"e"
        self._speak = threading.Event()
        self._web = WebServer({"/announce": self._answer})

    def speak(self) -> None:
        self._speak.set()

    def magnet(self, torrent: bytes) -> str:
        return magnet_of(torrent, trackers=[self._web.url("/announce")])

    def _answer(self, handler: Any) -> None:
        self._speak.wait(PATIENCE_S)
        answer(handler, 200, self._body, Connection="close")

    def __enter__(self) -> Self:
        self._web.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self.speak()
        self._web.__exit__(*error)


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Album]:
    with album(tmp_path / "One album", TRACKS) as made:
        yield made


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Album]:
    with album(tmp_path / "Other", TRACKS[:2], seed=7) as made:
        yield made


def entries(listener: Listener) -> list[dict[str, Any]]:
    tracks = listener.rpc("core.tracklist.get_tracks")
    assert all(track["length"] for track in tracks)
    return list(tracks)


def uris(listener: Listener) -> list[str]:
    return [track["uri"] for track in entries(listener)]


def tracks_of(one: Album) -> list[str]:
    """The album has a text file before its tracks."""
    return [f"vozduxan:track:{one.infohash}:{n + 1}" for n in range(len(one.paths))]


def until_queued(listener: Listener, *expected: str) -> None:
    until(lambda: uris(listener) == list(expected))


def until_continued(listener: Listener, magnet: str, *expected: str) -> None:
    """Until they are queued; the first stands for itself once it has played."""
    first, *others = expected
    until(lambda: uris(listener) in ([magnet, *others], [first, *others]))


def test_what_stands_for_a_late_torrent_gives_way_to_its_tracks(
    tmp_path: Path, one: Album, other: Album
) -> None:
    with (
        seeded(one) as swarm,
        LateTracker(swarm) as tracker,
        Listener(tmp_path / "m", [other], QUICK) as listener,
    ):
        magnet = tracker.magnet(one.torrent)
        first, last = tracks_of(other)
        mpc = Mpc(listener)
        for uri in (first, magnet, last):
            mpc("add", uri)
        assert uris(listener) == [first, magnet, last]
        assert entries(listener)[1]["name"] == "One album"
        tracker.speak()
        until_queued(listener, first, *tracks_of(one), last)
        listener.assert_calm()
    # Again, with nobody there, and in another process.
    with Listener(tmp_path / "m", config=QUICK) as listener:
        listener.rpc("core.tracklist.add", uris=[magnet])
        assert uris(listener) == tracks_of(one)


def test_play_on_what_is_late_plays_the_first_track_that_was_asked_for(
    tmp_path: Path, one: Album
) -> None:
    with (
        seeded(one) as swarm,
        LateTracker(swarm) as tracker,
        Listener(tmp_path / "m", config=QUICK) as listener,
    ):
        magnet = tracker.magnet(one.torrent) + "&so=0,2-3"
        (entry,) = listener.rpc("core.tracklist.add", uris=[magnet])
        listener.mopidy.events.skip()
        listener.rpc("core.playback.play", tlid=entry["tlid"])
        tracker.speak()
        listener.wait_for_started(magnet)
        _, second, third = tracks_of(one)
        until_continued(listener, magnet, second, third)
        listener.wait_for_started(third)
        until_queued(listener, second, third)
        listener.wait_for_ended(third)
        assert listener.sound == SOUND[1] + SOUND[2]
        listener.assert_calm()


@pytest.mark.parametrize("how", ["stop", "clear", "remove", "play another"])
def test_what_is_late_does_not_start_once_it_was_called_off(
    how: str, tmp_path: Path, one: Album, other: Album
) -> None:
    with (
        seeded(one) as swarm,
        LateTracker(swarm) as tracker,
        seeded(other),
        Listener(tmp_path / "m", [other], QUICK) as listener,
    ):
        magnet, (song, _) = tracker.magnet(one.torrent), tracks_of(other)
        tlids = listener.play(magnet, song)
        until(lambda: listener.state == "playing")
        if how == "play another":
            listener.rpc("core.playback.play", tlid=tlids[1])
            listener.wait_for_started(song)
        elif how == "remove":
            listener.rpc("core.tracklist.remove", criteria={"tlid": tlids[:1]})
            until(lambda: listener.state == "stopped")
        else:
            part = "playback" if how == "stop" else "tracklist"
            listener.rpc(f"core.{part}.{how}")
        tracker.speak()
        with pytest.raises(TimeoutError):
            listener.wait_for_started(magnet, SILENCE_S)
        listener.assert_calm()


def test_what_nobody_knew_of_plays_when_somebody_does(
    tmp_path: Path, one: Album
) -> None:
    config = {"vozduxan": {"lookup_timeout": 0, "metadata_timeout": 4}}
    with seeded(one) as swarm, Listener(tmp_path / "m", config=config) as listener:
        magnet = magnet_of(one.torrent, trackers=[one.tracker.url])
        one.tracker.peers = []
        listener.rpc("core.tracklist.add", uris=[magnet])
        listener.mopidy.wait_for_log("No peer gave us the metadata of “One album” in")
        assert uris(listener) == [magnet]
        one.tracker.peers = swarm.peers
        until(lambda: _plays(listener))
        until_continued(listener, magnet, *tracks_of(one))
        listener.expected_errors = ("mopidy.audio",)  # given up before somebody came
        listener.assert_calm()


def _plays(listener: Listener) -> bool:
    """The swarm is left a second after the search; then it can be joined again."""
    listener.mopidy.events.skip()
    listener.rpc("core.playback.play")
    try:
        listener.wait_for("track_playback_started", 5)
    except TimeoutError:
        return False
    return True


def test_what_was_late_when_mopidy_stopped_is_found_when_it_is_back(
    tmp_path: Path, one: Album
) -> None:
    config = QUICK | {"core": {"restore_state": "true"}}
    with seeded(one) as swarm:
        magnet = magnet_of(one.torrent, peers=swarm.peers)
        swarm.leave()
        with Listener(tmp_path / "m", config=config) as listener:
            listener.rpc("core.tracklist.add", uris=[magnet])
            assert uris(listener) == [magnet]
        swarm.back()
        with Listener(tmp_path / "m", config=config) as listener:
            until_queued(listener, *tracks_of(one))


def test_a_playlist_may_hold_magnets_and_urls(
    tmp_path: Path, one: Album, other: Album
) -> None:
    folder = tmp_path / "m" / "playlists"
    folder.mkdir(parents=True)
    config = QUICK | {"m3u": {"enabled": "true", "playlists_dir": folder}}
    with (
        seeded(one) as swarm,
        WebServer({"/other.torrent": other.torrent}) as web,
        Listener(tmp_path / "m", config=config) as listener,
    ):
        added = "vozduxan:add:" + quote(web.url("/other.torrent"), safe="")
        magnet = magnet_of(one.torrent, peers=swarm.peers)
        (folder / "mine.m3u8").write_text(f"#EXTM3U\n{magnet}\n{added}\n")
        client = listener.mopidy.mpd()
        client.load("mine")
        client.disconnect()
        until_queued(listener, *tracks_of(one), *tracks_of(other))


def test_urls_are_added_and_what_takes_too_long_comes_later(
    tmp_path: Path, one: Album, other: Album
) -> None:
    send = threading.Event()

    def late(handler: Any) -> None:
        send.wait(PATIENCE_S)
        redirect(magnet)(handler)  # type: ignore[operator]

    with (
        seeded(one) as swarm,
        WebServer({"/other.torrent": other.torrent, "/late": late}) as web,
        Listener(tmp_path / "m", config=PATIENT) as listener,
    ):
        magnet = magnet_of(one.torrent, peers=swarm.peers)
        quick, slow, missing = (
            "vozduxan:add:" + quote(web.url(path), safe="")
            for path in ("/other.torrent", "/late", "/missing?key=secret")
        )
        mpc = Mpc(listener)
        mpc("add", slow)
        mpc("add", quick)
        assert uris(listener) == [slow, *tracks_of(other)]
        send.set()
        until_queued(listener, *tracks_of(one), *tracks_of(other))
        client = listener.mopidy.mpd()
        with pytest.raises(mpd.CommandError, match="not found"):
            client.add(missing)
        client.disconnect()
        listener.mopidy.wait_for_log(r"127\.0\.0\.1 answers 404 Not Found")
        told = [line for line in listener.mopidy.log.splitlines() if "Voz" in line]
        assert "secret" not in "\n".join(told)
        listener.assert_calm()


def test_play_on_a_url_that_leads_to_a_late_swarm_plays_its_first_track(
    tmp_path: Path, one: Album
) -> None:
    with (
        seeded(one) as swarm,
        LateTracker(swarm) as tracker,
        WebServer({"/x": redirect(tracker.magnet(one.torrent))}) as web,
        Listener(tmp_path / "m", config=QUICK) as listener,
    ):
        added = "vozduxan:add:" + quote(web.url("/x"), safe="")
        listener.play(added)
        assert uris(listener) == [added]
        tracker.speak()
        listener.wait_for_started(added)
        first, *others = tracks_of(one)
        until_queued(listener, added, *others)
        listener.rpc("core.playback.next")
        until_queued(listener, first, *others)
        listener.assert_calm()


def test_a_web_seed_alone_plays(tmp_path: Path, one: Album) -> None:
    with WebServer() as web, Listener(tmp_path / "m", config=PATIENT) as listener:
        for path in one.folder.iterdir():
            web.routes[f"/seed/{one.folder.name}/{path.name}"] = path.read_bytes()
        web.routes["/x.torrent"] = make_torrent(
            one.folder, piece_length=64 * 1024, web_seeds=[web.url("/seed/")]
        )
        added = "vozduxan:add:" + quote(web.url("/x.torrent"), safe="")
        listener.play(added)
        assert uris(listener) == tracks_of(one)
        listener.wait_for_ended(tracks_of(one)[-1])
        assert listener.sound == b"".join(SOUND)
        listener.assert_calm()


def test_files_come_to_the_library_and_leave_it_while_mopidy_runs(
    tmp_path: Path, one: Album, other: Album
) -> None:
    with Listener(tmp_path / "m", [other]) as listener:
        torrents = tmp_path / "m" / "torrents"

        def names() -> list[str]:
            root = listener.rpc("core.library.browse", uri="vozduxan:directory:root")
            return [ref["name"] for ref in root if ref["name"] not in VIEWS]

        assert names() == ["Other"]
        half = len(one.torrent) // 2
        with (torrents / "one.torrent").open("wb") as file:
            file.write(one.torrent[:half])
            file.flush()
            (torrents / f"{other.infohash}.torrent").unlink()
            until(lambda: names() == [])
            file.write(one.torrent[half:])
        until(lambda: names() == ["One album"])
        assert uris(listener) == []
        listener.rpc("core.tracklist.add", uris=tracks_of(one))
        assert uris(listener) == tracks_of(one)
        assert "Cannot use" not in listener.mopidy.log
        listener.assert_calm()


VIEWS = ("Albums", "Artists")
