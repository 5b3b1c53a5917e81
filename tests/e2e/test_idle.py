"""A Mopidy that nobody uses: it leaves all swarms, writes nothing, and hardly runs."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.e2e.stage import Listener, album, seeded, until
from tests.rig.album import Track
from tests.torrent_files import multi_file

DEAD = 200
WATCHED_S = 30
#: For 300 s the bound is 0.5 s; a busy machine counts a little more.
MOST_CPU_S = 3 * 0.5 * WATCHED_S / 300


def files_below(folder: Path) -> dict[Path, tuple[int, int, int]]:
    found = {}
    for path in folder.rglob("*"):
        facts = path.lstat()
        found[path] = facts.st_ino, facts.st_mtime_ns, facts.st_size
    return found


def bytes_written(pid: int) -> int:
    counts = Path(f"/proc/{pid}/io").read_text()
    return int(re.search(r"^write_bytes: (\d+)", counts, re.MULTILINE)[1])


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.timeout(300)
def test_nothing_is_written_after_the_music_has_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "mopidy"
    (folder / "torrents").mkdir(parents=True)
    for number in range(DEAD):
        torrent = multi_file(f"Dead {number}", {"1 - One.mp3": b"1" * 50_000})
        (folder / "torrents" / f"{number}.torrent").write_bytes(torrent)
    # The rest of the library is read for its tags from a minute after the start on.
    config = {"vozduxan": {"scan_tags": "opened"}}
    tracks = [Track(name, "flac", 30) for name in ("One", "Two", "Three")]
    with (
        album(tmp_path / "album", tracks) as music,
        seeded(music, seeders=2, seconds=6),
        Listener(folder, [music], config) as on,
    ):
        on.play(*on.tracks(music))
        until(lambda: on.rpc("core.playback.get_time_position") > 12_000)
        on.rpc("core.playback.stop")
        until(lambda: not swarms(on), 100)
        time.sleep(5)  # what was under way ends
        pid = on.mopidy.pid
        before = files_below(folder), bytes_written(pid), cpu_s(pid)
        time.sleep(WATCHED_S)
        after = files_below(folder), bytes_written(pid), cpu_s(pid)
        assert after[0] == before[0]
        assert after[1] == before[1]
        assert after[2] - before[2] < MOST_CPU_S


def swarms(on: Listener) -> list[object]:
    url = f"{on.mopidy.url}/vozduxan/api/torrent_status"
    request = Request(url, b"{}", {"Content-Type": "application/json"})
    with urlopen(request, timeout=30) as answer:
        found: list[object] = json.load(answer)["swarms"]
    return found
