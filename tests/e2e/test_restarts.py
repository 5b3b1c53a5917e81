"""A Mopidy that is killed, and one whose music another client has downloaded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.stage import Listener, album, as_floats, seeded
from tests.rig.album import Track, make_pcm

PIECE = 16 * 1024


def test_a_killed_mopidy_fetches_nothing_again(tmp_path: Path) -> None:
    with (
        album(
            tmp_path / "Album", [Track("One", "flac", 20)], piece_length=PIECE
        ) as one,
        seeded(one, seconds=15) as swarm,
    ):
        with Listener(tmp_path / "mopidy", [one]) as listener:
            (uri,) = listener.tracks(one)
            listener.play(uri)
            listener.wait_for_sound(3 * 44_100)
            listener.mopidy.kill()
        fetched = sum(swarm.uploaded())
        assert one.size // 5 < fetched < one.size, "not killed in the middle"

        with Listener(tmp_path / "mopidy", [], sync=False) as listener:
            listener.play(uri)
            listener.wait_for_ended(uri)
            assert listener.sound == as_floats(make_pcm(20, seed=1001))
            listener.assert_calm()
        # Blocks of unfinished pieces are lost: with each seeder a piece or two.
        assert sum(swarm.uploaded()) <= one.size + 10 * PIECE


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_what_another_client_has_plays_from_there(tmp_path: Path, version) -> None:
    """Nobody seeds it. Nothing of theirs changes, and nothing is copied."""
    tracks = [Track("One", "flac", 3), Track("Two", "mp3", 3)]
    with album(tmp_path / "Album", tracks, version=version) as one:
        theirs = tmp_path / "theirs"
        shutil.copytree(one.folder, theirs / "music" / "Album")
        before = _content(theirs)
        config = {"vozduxan": {"data_dirs": theirs}}
        with Listener(tmp_path / "mopidy", [one], config, sync=False) as listener:
            uris = listener.tracks(one)
            listener.play(*uris)
            listener.wait_for_ended(uris[-1])
            own = tmp_path / "mopidy" / "cache" / "vozduxan" / "torrents"
            assert not [path for path in own.rglob("*") if path.is_file()]
            listener.mopidy.rpc("core.tracklist.clear")
            listener.mopidy.command("purge")
            listener.mopidy.command("remove", "--data", one.infohash)
            listener.assert_calm()
        assert _content(theirs) == before


def _content(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        str(path): (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
