"""Keeping and exporting, with a real Mopidy, real swarms and the command line."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import mutagen

from tests.e2e.recording import command
from tests.e2e.stage import Album, Listener, album, seeded, until
from tests.e2e.test_command_line import Terminal
from tests.rig.album import Track

TRACKS = [Track("One", "flac", 8), Track("Two", "mp3", 8), Track("Three", "flac", 8)]
#: Music for so long that nothing of it is heard twice in a test.
LONG = [Track("Long", "flac", 60)]
PATIENCE_S = 90


def answer(listener: Listener, *words: str) -> Any:
    result = listener.mopidy.command(*words, "--json")
    assert result.returncode == 0, result.stderr.decode()
    return json.loads(result.stdout)


def kept(listener: Listener) -> dict[str, Any]:
    (row,) = command(listener, "torrent_status")["kept"]
    return dict(row)


def sources(one: Album) -> dict[str, bytes]:
    root = one.folder.parent
    return {str(p.relative_to(root)): p.read_bytes() for p in one.folder.iterdir()}


def test_what_is_kept_comes_whole_after_a_crash_and_goes_to_a_stick(
    tmp_path: Path,
) -> None:
    stick = tmp_path / "stick"
    folder = tmp_path / "mopidy"
    with (
        album(tmp_path / "Album", TRACKS, files={"cover.jpg": b"x" * 70_000}) as one,
        seeded(one, seconds=8) as swarm,
    ):
        with Listener(folder, [one]) as listener:
            early = listener.mopidy.command("export", "Album", str(stick))
            assert early.returncode == 4
            assert b"It is not there yet" in early.stderr
            assert list(stick.iterdir()) == []
            answer(listener, "keep", "album")
            until(lambda: kept(listener)["heldBytes"] > one.size // 4, PATIENCE_S)
            listener.mopidy.kill()
        with Listener(folder, [one]) as listener:
            until(lambda: kept(listener)["heldBytes"] == one.size, PATIENCE_S)
            (listed,) = answer(listener, "list")
            assert listed["kept"] == {"size": one.size, "heldBytes": one.size}
            assert sum(swarm.uploaded()) >= one.size
            until(lambda: not command(listener, "torrent_status")["swarms"], PATIENCE_S)
            assert answer(listener, "purge")["torrents"] == 0
            terminal = Terminal(listener.mopidy, "export", one.uri, str(stick))
            code, said = terminal.end()
            assert code == 0, terminal.shown
            assert "Exporting [" in terminal.shown
            assert b"linked" in said
            listener.assert_calm()
    exported = {
        str(path.relative_to(stick)): path.read_bytes()
        for path in stick.rglob("*")
        if path.is_file()
    }
    assert exported == sources(one)
    tags = mutagen.File(stick / one.paths[0].relative_to(tmp_path), easy=True)
    assert tags["title"] == ["One"]


def test_what_is_kept_waits_while_somebody_listens(tmp_path: Path) -> None:
    with (
        album(tmp_path / "Kept", TRACKS) as one,
        album(tmp_path / "Heard", LONG, seed=2) as other,
        seeded(one, seconds=30) as swarm,
        seeded(other, seconds=10),
        Listener(
            tmp_path / "mopidy", [one, other], {"vozduxan": {"keep": "Kept"}}
        ) as listener,
    ):
        until(lambda: kept(listener)["heldBytes"] > 0, PATIENCE_S)
        (uri,) = listener.tracks(other)
        listener.play(uri)
        listener.wait_for_sound(44_100)
        begun = sum(swarm.uploaded())
        time.sleep(5)  # the listening itself
        # What was asked for before may still come.
        assert sum(swarm.uploaded()) - begun <= one.size / 10
        assert kept(listener)["heldBytes"] < one.size
        listener.rpc("core.playback.stop")
        until(lambda: sum(swarm.uploaded()) - begun > one.size / 3, PATIENCE_S)
        listener.assert_calm()


def test_what_is_kept_takes_the_place_of_other_data_and_then_says_that_it_is_full(
    tmp_path: Path,
) -> None:
    """A limit of 6 MB, and three albums of 4."""
    tracks = [Track(f"Track {n}", "flac", 12) for n in range(3)]
    names = ("Heard", "Kept", "Too much")
    with ExitStack() as stack:
        albums = [
            stack.enter_context(album(tmp_path / name, tracks, seed=number))
            for number, name in enumerate(names)
        ]
        for one in albums:
            stack.enter_context(seeded(one, seconds=4))
        heard, first, second = albums
        limit = int(1.5 * first.size)
        config = {"vozduxan": {"cache_max_size": f"{limit}"}}
        folder = tmp_path / "mopidy"
        listener = stack.enter_context(Listener(folder, albums, config))

        def of(one: Album) -> dict[str, Any]:
            rows = command(listener, "torrent_list")
            return next(row for row in rows if row["infohash"] == one.infohash)

        answer(listener, "export", "Heard", str(tmp_path / "stick"), "--fetch")
        assert of(heard)["bytesOnDisk"] >= heard.size
        answer(listener, "keep", "Kept")
        until(lambda: of(first)["kept"]["heldBytes"] == first.size, PATIENCE_S)
        assert of(heard)["bytesOnDisk"] < heard.size
        answer(listener, "keep", "Too much")
        until(
            lambda: command(listener, "torrent_status")["kept"][1]["trouble"],
            PATIENCE_S,
        )
        rows = {row["name"]: row for row in command(listener, "torrent_status")["kept"]}
        assert rows["Kept"]["heldBytes"] == first.size
        assert rows["Kept"]["trouble"] is None
        assert rows["Too much"]["heldBytes"] < second.size
        assert "There is no room for it" in rows["Too much"]["trouble"]
        assert sum(of(one)["bytesOnDisk"] for one in albums) <= limit * 1.05
        assert "Kept files are not fetched" in listener.mopidy.log
        listener.assert_calm()
