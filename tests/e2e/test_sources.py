"""Where torrents come from: magnet links, and folders full of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.stage import PATIENCE_S, Listener, album, as_floats, seeded
from tests.rig.album import Track, make_pcm
from tests.rig.torrents import Version, magnet_of
from tests.rig.tracker import Tracker

TRACKS = [Track("One", "flac", 3), Track("Two", "flac", 3)]
PCM = as_floats(make_pcm(3, seed=1001) + make_pcm(3, seed=1002))
THOUSAND = 1000


@pytest.mark.parametrize(
    ("version", "by"), [("v1", "mpd"), ("hybrid", "rpc"), ("v2", "rpc")]
)
def test_a_magnet_plays(version: Version, by: str, tmp_path: Path) -> None:
    with (
        album(tmp_path / "Album", TRACKS, version=version) as one,
        seeded(one) as swarm,
        Listener(tmp_path / "mopidy", sync=False) as listener,
    ):
        magnet = magnet_of(one.torrent, peers=swarm.peers)
        if by == "mpd":
            client = listener.mopidy.mpd()
            client.add(magnet)
            client.disconnect()
        else:
            listener.rpc("core.tracklist.add", uris=[magnet])
        uris = [track["uri"] for track in listener.rpc("core.tracklist.get_tracks")]
        assert len(uris) == len(TRACKS)
        listener.mopidy.events.skip()
        listener.rpc("core.playback.play")
        listener.wait_for_ended(uris[-1])
        assert listener.sound == PCM
        assert listener.tracks(one) == uris
        listener.assert_calm()


def test_of_a_thousand_torrents_only_what_is_played_is_joined(tmp_path: Path) -> None:
    with (
        album(tmp_path / "Album", TRACKS) as one,
        seeded(one),
    ):
        folder = tmp_path / "mopidy" / "torrents"
        folder.mkdir(parents=True)
        for number in range(THOUSAND):
            _another(folder, number, one.tracker.url)
        with Listener(tmp_path / "mopidy", [one], sync=False) as listener:
            root = listener.rpc("core.library.browse", uri="vozduxan:directory:root")
            assert sum(ref["type"] == "album" for ref in root) == THOUSAND + 1
            assert _joined(one.tracker) == set()
            uris = listener.tracks(one)
            listener.play(*uris)
            listener.wait_for_ended(uris[-1], PATIENCE_S)
            assert listener.sound == PCM
            assert _joined(one.tracker) == {one.infohash}
            listener.assert_calm()


def _joined(tracker: Tracker) -> set[str]:
    """The torrents that somebody announced who lacks something."""
    hashes = {a["info_hash"] for a in tracker.announces if a["left"] != "0"}
    return {infohash.encode("latin-1").hex() for infohash in hashes}


def _another(folder: Path, number: int, announce: str) -> None:
    """A torrent of one track that nobody has, in the fewest bytes."""
    name = f"Nobody has {number}.flac"
    info = (
        f"d6:lengthi500000e4:name{len(name)}:{name}"
        f"12:piece lengthi262144e6:pieces40:{'0' * 40}e"
    )
    torrent = f"d8:announce{len(announce)}:{announce}4:info{info}e"
    (folder / f"{number}.torrent").write_bytes(torrent.encode())
