"""A real Mopidy on disks that are full, read-only, absent or slow.

The disks are real: a tmpfs for each test, or an ext4 in a file. They need root, who is
refused nothing else.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
from tests.rig.disks import (
    ext4_disk,
    needs_ext4,
    needs_root,
    needs_throttle,
    small_disk,
)

pytestmark = needs_root

MB = 1_000_000
SECONDS = 20
COUNT = 6
#: Nothing may leave the disk.
NO_LIMITS = {"cache_max_size": 0, "min_free_space": 0}
ROOT = "vozduxan:directory:root"


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Album]:
    """An album of some 14 MB."""
    tracks = [Track(f"Track {n}", "flac", SECONDS) for n in range(COUNT)]
    with album(tmp_path_factory.mktemp("torrent") / "Album", tracks) as made:
        assert made.size > 10 * MB
        with seeded(made, seconds=2):
            yield made


def status_of(listener: Listener) -> dict[str, Any]:
    answer = listener.mopidy.command("status", "--json")
    assert answer.returncode == 0, answer.stderr
    return dict(json.loads(answer.stdout))


def played(listener: Listener) -> float:
    """How many seconds have sounded."""
    return len(listener.sound) / FRAME / RATE


def test_what_a_full_disk_holds_is_heard_and_the_rest_when_there_is_room(
    one: Album, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "cache", 8 * MB) as disk:
        ours = {"cache_dir": disk.path, "scan_tags": "never"} | NO_LIMITS
        with Listener(
            tmp_path / "mopidy", [one], {"vozduxan": ours}, sync=False
        ) as listener:
            listener.play(*listener.tracks(one))
            listener.mopidy.wait_for_log("The disk is full", PATIENCE_S)
            held = stable(lambda: played(listener))
            assert held > SECONDS  # more than the first track
            status = status_of(listener)
            assert "full" in status["swarms"][0]["diskTrouble"]
            assert "full" in listener.mopidy.command("status").stdout.decode()
            assert listener.state == "playing"
            time.sleep(7)  # longer than stall_timeout, which rests
            assert played(listener) == held
            disk.grow(40 * MB)
            until(lambda: played(listener) > held, 6)
            until(lambda: played(listener) >= COUNT * SECONDS - 0.1)
            heard = listener.sound
            expected = b"".join(
                as_floats(make_pcm(SECONDS, seed=1001 + n)) for n in range(COUNT)
            )
            assert heard == expected[: len(heard)]
            assert listener.mopidy.log.count("Vozduxan: The disk is full") == 1
            assert status_of(listener)["disk"]["trouble"] is None
            listener.assert_calm()


def test_older_files_leave_a_full_disk_and_the_music_goes_on(
    one: Album, tmp_path: Path
) -> None:
    """An album of 14 MB on a disk with room for three of its six tracks."""
    with small_disk(tmp_path / "cache", 30 * MB) as disk:
        (disk.path / "of others").write_bytes(bytes(20 * MB))
        ours = {"cache_dir": disk.path, "scan_tags": "never"}
        with Listener(
            tmp_path / "mopidy", [one], {"vozduxan": ours}, sync=False
        ) as listener:
            listener.play(*listener.tracks(one))
            until(lambda: played(listener) >= COUNT * SECONDS - 0.1, 60)
            listener.assert_calm()


def stable(value: Any) -> float:
    """Return a number once it has stayed the same for a while."""
    last, since = value(), time.monotonic()
    while time.monotonic() - since < 4:
        time.sleep(0.2)
        if value() != last:
            last, since = value(), time.monotonic()
    return float(last)


def names_in(listener: Listener) -> list[str]:
    refs = listener.rpc("core.library.browse", uri=ROOT)
    return [ref["name"] for ref in refs if ref["type"] == "album"]


@pytest.mark.parametrize("known", [False, True])
def test_folders_that_are_read_only_at_the_start_are_browsed_and_waited_for(
    one: Album, tmp_path: Path, known: bool
) -> None:
    with (
        small_disk(tmp_path / "mopidy" / "data" / "vozduxan", 8 * MB) as data,
        small_disk(tmp_path / "mopidy" / "cache" / "vozduxan", 40 * MB) as cache,
    ):
        if known:
            with Listener(tmp_path / "mopidy", [one]) as listener:
                assert names_in(listener)
        for disk in (data, cache):
            disk.read_only()
        started = Listener(tmp_path / "mopidy", [one], sync=False, wait=False)
        with started as listener:
            assert names_in(listener) == (["Album"] if known else [])
            listener.mopidy.wait_for_log("catalog in .* cannot be used as usual")
            listener.mopidy.wait_for_log("The disk is read-only .*torrents")
            if known:
                listener.play(*listener.tracks(one))
                until(lambda: status_of(listener)["streams"])
                assert "read-only" in status_of(listener)["disk"]["trouble"]
            time.sleep(7)  # longer than stall_timeout
            for disk in (data, cache):
                disk.read_only(False)
            until(lambda: names_in(listener) == ["Album"])
            if not known:
                listener.play(*listener.tracks(one))
            until(lambda: played(listener) >= COUNT * SECONDS - 0.1)
            log = listener.mopidy.log
            assert log.count("cannot be used as usual") == 1
            assert log.count("Vozduxan: The disk is read-only") == 1
            listener.assert_calm()


def test_disks_that_are_full_at_the_start_are_browsed_and_waited_for(
    one: Album, tmp_path: Path
) -> None:
    with (
        small_disk(tmp_path / "mopidy" / "data" / "vozduxan", 8 * MB) as data,
        small_disk(tmp_path / "mopidy" / "cache" / "vozduxan", 40 * MB) as cache,
    ):
        config = {"vozduxan": {"scan_tags": "never"} | NO_LIMITS}
        with Listener(tmp_path / "mopidy", [one], config) as listener:
            listener.play(listener.tracks(one)[0])
            until(lambda: played(listener) > 1)
        fillers = [disk.fill() for disk in (data, cache)]
        with Listener(
            tmp_path / "mopidy", [one], config, sync=False, wait=False
        ) as listener:
            assert names_in(listener) == ["Album"]
            listener.play(*listener.tracks(one))
            until(lambda: played(listener) > SECONDS - 1)  # it was fetched before
            listener.mopidy.wait_for_log("Vozduxan: The disk is full", PATIENCE_S)
            assert "full" in status_of(listener)["disk"]["trouble"]
            time.sleep(7)  # longer than stall_timeout
            for filler in fillers:
                filler.unlink()
            until(lambda: played(listener) >= COUNT * SECONDS - 0.1)
            log = listener.mopidy.log
            assert log.count("Vozduxan: The disk is full") == 1
            assert log.count("cannot be used as usual") <= 1
            assert log.count("WARNING ") <= 5, log
            listener.assert_calm()


def test_a_cache_that_is_not_there_at_the_start_is_waited_for(
    one: Album, tmp_path: Path
) -> None:
    away = tmp_path / "usb"
    away.write_text("no disk is mounted here")
    config = {"vozduxan": {"cache_dir": away / "music"}}
    with Listener(tmp_path / "mopidy", [one], config, sync=False) as listener:
        listener.mopidy.wait_for_log("The folder .*usb/music/torrents is not there")
        listener.play(*listener.tracks(one))
        time.sleep(7)  # longer than stall_timeout
        assert listener.state == "playing"
        away.unlink()
        with small_disk(away, 40 * MB):
            until(lambda: played(listener) > 0, 6)
            until(lambda: played(listener) >= COUNT * SECONDS - 0.1)
            listener.assert_calm()
            assert (away / "music" / "torrents" / one.infohash).is_dir()
            assert listener.mopidy.stop() == 0


@needs_ext4
@needs_throttle
def test_a_slow_disk_slows_nothing_but_the_music(one: Album, tmp_path: Path) -> None:
    """1 MB/s is a tenth of what the swarm gives, and ten times what is played."""
    with ext4_disk(tmp_path / "cache", 64 * MB) as disk, disk.slow(1 * MB):
        config = {"vozduxan": {"cache_dir": disk.path, "scan_tags": "never"}}
        with Listener(tmp_path / "mopidy", [one], config) as listener:
            uris = listener.tracks(one)
            listener.play(*uris)
            until(lambda: played(listener) > 1)
            longest = 0.0
            for _ in range(40):
                before = time.monotonic()
                assert names_in(listener) == ["Album"]
                assert len(listener.rpc("core.library.lookup", uris=[one.uri])) == 1
                longest = max(longest, time.monotonic() - before)
                time.sleep(0.1)
            assert longest < 2, longest
            begun, since = played(listener), time.monotonic()
            until(lambda: played(listener) > begun + 5)
            assert time.monotonic() - since < 10
            listener.assert_calm()
