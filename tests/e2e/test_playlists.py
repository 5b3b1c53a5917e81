"""Playlists: those that lie in torrents, and listeners' own with our tracks in them."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.stage import Album, Listener, album, as_floats, until
from tests.rig.album import Track, make_album, make_pcm
from tests.rig.dht import dht, environment
from tests.rig.seeder import Swarm
from tests.rig.torrents import magnet_of, make_torrent
from tests.rig.tracker import Tracker

TRACKS = [Track("One", "flac", 3), Track("Two", "flac", 3)]
PCM = as_floats(make_pcm(3, seed=1001) + make_pcm(3, seed=1002))
WITH_PLAYLISTS = {"m3u": {"enabled": "true"}}

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def save(listener: Listener, name: str, uris: list[str]) -> str:
    """Save a playlist as clients do, with Mopidy's m3u backend; its URI."""
    playlist = listener.rpc("core.playlists.create", name=name, uri_scheme="m3u")
    found = listener.rpc("core.library.lookup", uris=uris)
    playlist["tracks"] = [found[uri][0] for uri in uris]
    saved = listener.rpc("core.playlists.save", playlist=playlist)
    return str(saved["uri"])


def load(listener: Listener, playlist: str) -> list[str]:
    """The tracks of a playlist, as a client finds them."""
    names = {ref["uri"] for ref in listener.rpc("core.playlists.as_list")}
    assert playlist in names
    found = listener.rpc("core.playlists.lookup", uri=playlist)
    return [track["uri"] for track in found["tracks"]]


def remove(listener: Listener, infohash: str) -> None:
    """Take a torrent out of the library, and leave its data where it is."""
    request = urllib.request.Request(
        f"{listener.mopidy.url}/vozduxan/api/torrent_remove",
        json.dumps({"infohash": infohash}).encode(),
        {"Content-Type": "application/json"},
    )
    with _direct.open(request, timeout=30) as answer:
        assert answer.status == 200


def assert_plays(listener: Listener, playlist: str) -> None:
    uris = load(listener, playlist)
    listener.play(*uris)
    listener.wait_for_ended(uris[-1])
    assert listener.sound == PCM


def listen(folder: Path, *albums: Album) -> Listener:
    (folder / "playlists").mkdir(parents=True, exist_ok=True)
    return Listener(folder, albums, WITH_PLAYLISTS, sync=False, mpd=False)


def test_a_saved_playlist_plays_after_a_restart_and_without_the_catalog(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "mopidy"
    with (
        album(tmp_path / "Album", TRACKS) as one,
        Swarm(one.torrent, tmp_path, seeders=2) as swarm,
    ):
        one.tracker.peers = swarm.peers
        with listen(folder, one) as listener:
            uris = listener.tracks(one)
            playlist = save(listener, "Mine", uris)
            assert load(listener, playlist) == uris
        with listen(folder) as listener:
            assert_plays(listener, playlist)
            (folder / "torrents" / f"{one.infohash}.torrent").unlink()
            remove(listener, one.infohash)
            assert listener.rpc("core.library.browse", uri=one.uri) == []
        one.tracker.peers = []  # nobody tells of peers any more
        with listen(folder) as listener:
            assert listener.rpc("core.library.browse", uri=one.uri) == []
            assert_plays(listener, playlist)
            listener.assert_calm()


def shown(listener: Listener, uris: list[str]) -> list[tuple[str, int]]:
    """What the library says of tracks: their names and lengths."""
    found = listener.rpc("core.library.lookup", uris=uris)
    return [(t["name"], t["length"]) for uri in uris for t in found[uri]]


@pytest.mark.parametrize("way_in", ["magnet", "file"])
def test_what_left_the_library_with_its_data_still_plays_from_a_playlist(
    tmp_path: Path, way_in: str
) -> None:
    folder = tmp_path / "mopidy"
    known = [("One", 3000), ("Two", 3000)]
    with (
        album(tmp_path / "Album", TRACKS) as one,
        Swarm(one.torrent, tmp_path, seeders=2) as swarm,
    ):
        one.tracker.peers = swarm.peers
        with listen(folder, *[one] * (way_in == "file")) as listener:
            if way_in == "magnet":
                magnet = magnet_of(one.torrent, [one.tracker.url])
                assert listener.mopidy.command("add", magnet).returncode == 0
            uris = listener.tracks(one)
            until(lambda: shown(listener, uris) == known)
            playlist = save(listener, "Mine", uris)
            if way_in == "magnet":
                gone = listener.mopidy.command("remove", "--data", one.infohash)
            else:
                (folder / "torrents" / f"{one.infohash}.torrent").unlink()
                listener.mopidy.wait_for_log("left the library")
                gone = listener.mopidy.command("purge")
            assert (gone.returncode, b"freed" in gone.stdout) == (0, True)
        with listen(folder) as listener:
            assert listener.mopidy.command("list").stdout == b""
            assert shown(listener, uris) == known
            assert_plays(listener, playlist)
            assert listener.mopidy.command("list").stdout == b""
            assert listener.rpc("core.library.browse", uri=one.uri) == []
            swarm.stall()
            assert listener.mopidy.command("add", one.infohash).returncode == 0
            assert listener.tracks(one) == uris
            assert shown(listener, uris) == known
            listener.assert_calm()


def test_a_playlist_in_a_torrent_is_loaded_by_mpd_clients(tmp_path: Path) -> None:
    folder = tmp_path / "Album"
    paths = make_album(folder, TRACKS)
    text = "#EXTM3U\r\n.\\02 - TWO.flac\r\nhttp://example.org/x\r\n01%20-%20One.wav\r\n"
    (folder / "Backwards.m3u").write_text(text)
    with Tracker() as tracker:
        torrent = make_torrent(folder, piece_length=16384, trackers=[tracker.url])
        one = Album(paths, torrent, tracker)
        with (
            Swarm(torrent, tmp_path) as swarm,
            Listener(tmp_path / "mopidy", [one], sync=False) as listener,
        ):
            tracker.peers = swarm.peers
            uris = listener.tracks(one)
            until(lambda: listener.rpc("core.playlists.as_list"))
            (ref,) = listener.rpc("core.playlists.as_list")
            assert (ref["name"], ref["type"]) == ("Backwards", "playlist")
            assert load(listener, ref["uri"]) == uris[::-1]
            client = listener.mopidy.mpd()
            assert [p["playlist"] for p in client.listplaylists()] == ["Backwards"]
            client.load("Backwards")
            queued = [entry["file"] for entry in client.playlistinfo()]
            client.disconnect()
            assert queued == uris[::-1]
            listener.assert_calm()


def test_a_track_of_a_torrent_that_only_the_dht_knows_plays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's playlist: nothing was ever known here but the infohash."""
    with (
        dht() as settings,
        album(tmp_path / "Album", TRACKS) as one,
        Swarm(one.torrent, tmp_path, seeders=2, settings=settings),
    ):
        for name, value in environment(settings).items():
            monkeypatch.setenv(name, value)
        config = {"vozduxan": {"dht": "true"}}
        with Listener(tmp_path / "mopidy", [], config, sync=False) as listener:
            uri = f"vozduxan:track:{one.infohash}:2"
            listener.play(uri)
            listener.wait_for_ended(uri)
            assert listener.sound == as_floats(make_pcm(3, seed=1002))
            assert listener.tracks(one)[1] == uri
            listener.assert_calm()
