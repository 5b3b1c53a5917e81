"""``mopidy vozduxan`` as a process: alone, beside a server, in a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mopidy_vozduxan.engine.parsing import read_torrent
from tests.e2e.stage import PATIENCE_S, album, seeded, until
from tests.rig.album import Track
from tests.rig.mopidy import MopidyProcess
from tests.rig.torrents import magnet_of
from tests.torrent_files import multi_file

TORRENT = multi_file("Real", {f"{i}.flac": bytes([i]) * 40_000 for i in range(3)})
INFOHASH = read_torrent(TORRENT).infohash
DEAD = "de" * 20


@pytest.fixture
def mopidy(tmp_path: Path) -> MopidyProcess:
    """A Mopidy that is not started, and whose front ends are off."""
    (tmp_path / "real.torrent").write_bytes(TORRENT)
    config = {"vozduxan": {"metadata_timeout": 30}, "m3u": {"enabled": "false"}}
    return MopidyProcess(tmp_path / "mopidy", config, http=False, mpd=False)


@pytest.fixture
def running(mopidy: MopidyProcess) -> Iterator[MopidyProcess]:
    with mopidy:
        until((mopidy.folder / "data/vozduxan/server.json").exists)
        yield mopidy


def answer(mopidy: MopidyProcess, *words: str, **options: Any) -> Any:
    """What a verb answers as JSON; it must not fail."""
    result = mopidy.command(*words, "--json", **options)
    assert result.returncode == 0, result.stderr.decode()
    return json.loads(result.stdout)


def use_all_verbs(mopidy: MopidyProcess, torrent: Path, *, is_running: bool) -> None:
    (added,) = answer(mopidy, "add", str(torrent))
    assert (added["infohash"], added["known"]) == (INFOHASH, True)
    (listed,) = answer(mopidy, "list")
    assert (listed["name"], listed["tracks"], listed["size"]) == ("Real", 3, 120_000)
    files = answer(mopidy, "files", INFOHASH[:6])
    assert [file["path"] for file in files] == [f"Real/{i}.flac" for i in range(3)]
    status = answer(mopidy, "status")
    assert status["running"] is is_running
    assert status["library"] == {"torrents": 1, "tracks": 3, "waitingForMetadata": 0}
    data = mopidy.folder / "cache" / "vozduxan" / "torrents" / INFOHASH
    data.mkdir(parents=True)
    (data / "data").write_bytes(b"x" * 10_000)
    purged = answer(mopidy, "purge")
    assert purged["torrents"] == 1
    assert purged["freedBytes"] >= 10_000
    assert not data.exists()
    (removed,) = answer(mopidy, "remove", INFOHASH[:6], "--data")
    assert removed["infohash"] == INFOHASH
    assert answer(mopidy, "list") == []


def test_all_verbs_work_where_no_mopidy_runs(
    mopidy: MopidyProcess, tmp_path: Path
) -> None:
    use_all_verbs(mopidy, tmp_path / "real.torrent", is_running=False)
    result = mopidy.command("add", "-", stdin=TORRENT)
    assert result.stdout == b"Added Real\n"
    assert b"Traceback" not in result.stderr
    assert mopidy.command("remove", "77").returncode == 3
    assert mopidy.command("sing").returncode == 2


def test_all_verbs_ask_the_mopidy_that_runs(
    running: MopidyProcess, tmp_path: Path
) -> None:
    """Its own HTTP server is off."""
    use_all_verbs(running, tmp_path / "real.torrent", is_running=True)
    result = running.command("add", "/nowhere/x.torrent", "--json")
    assert (result.returncode, result.stdout) == (2, b"[]\n")
    last = result.stderr.decode().strip().splitlines()[-1]
    assert json.loads(last)["error"]["code"] == "BAD_INPUT"
    assert "Traceback" not in running.log


def test_the_way_to_the_server_is_its_owners_and_leaves_with_it(
    running: MopidyProcess,
) -> None:
    file = running.folder / "data" / "vozduxan" / "server.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert running.stop() == 0
    assert not file.exists()
    assert answer(running, "status")["running"] is False


def test_the_way_to_a_killed_server_is_not_taken(running: MopidyProcess) -> None:
    running.kill()
    assert (running.folder / "data" / "vozduxan" / "server.json").exists()
    assert answer(running, "status")["running"] is False


@pytest.mark.parametrize("is_running", [False, True])
def test_a_magnet_brings_its_metadata_and_no_payload(
    request: pytest.FixtureRequest, tmp_path: Path, is_running: bool
) -> None:
    mopidy = request.getfixturevalue("running" if is_running else "mopidy")
    tracks = [Track("One", "flac", 2), Track("Two", "flac", 2)]
    with album(tmp_path / "Album", tracks) as one, seeded(one) as swarm:
        magnet = magnet_of(one.torrent, peers=swarm.peers)
        files = answer(mopidy, "files", magnet)
        assert sorted(file["path"] for file in files) == sorted(
            f"Album/{path.name}" for path in one.folder.iterdir()
        )
        (added,) = answer(mopidy, "add", magnet)
        assert (added["infohash"], added["known"]) == (one.infohash, True)
        # The bytes came from nobody's disk but the seeders'.
        assert sum(swarm.uploaded()) == 0
    (listed,) = answer(mopidy, "list")
    assert (listed["tracks"], listed["bytesOnDisk"]) == (2, 0)


class Terminal:
    """A command whose standard error is a terminal."""

    def __init__(self, mopidy: MopidyProcess, *words: str) -> None:
        ours, theirs = pty.openpty()
        self.process = mopidy.begin_command(
            *words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self._ours = ours
        self.shown = ""

    def read(self) -> bool:
        """Read more of what is shown; False at its end."""
        try:
            self.shown += os.read(self._ours, 4096).decode(errors="replace")
        except OSError:  # EIO: nobody has the other end any more
            return False
        return True

    def end(self) -> tuple[int, bytes]:
        """The exit code, and what was answered."""
        while self.read():
            pass
        os.close(self._ours)
        assert self.process.stdout
        return self.process.wait(PATIENCE_S), self.process.stdout.read()


def test_a_terminal_shows_a_bar_while_metadata_is_fetched(
    mopidy: MopidyProcess,
) -> None:
    terminal = Terminal(mopidy, "add", "--wait", "3", f"magnet:?xt=urn:btih:{DEAD}")
    code, answered = terminal.end()
    assert (code, answered) == (4, b"")
    bars = re.findall(r"Metadata \[(#*)(-*)\] (\d+)/3 s, 0 peers", terminal.shown)
    assert len(bars) >= 2
    assert len({full for full, _, _ in bars}) >= 2, "it does not move"
    # The bar is gone before what is said last.
    assert re.search(r"\r\x1b\[Kmopidy vozduxan: .* was added, but", terminal.shown)


@pytest.mark.parametrize("is_running", [False, True])
def test_ctrl_c_ends_a_command_in_order(
    request: pytest.FixtureRequest, is_running: bool
) -> None:
    mopidy = request.getfixturevalue("running" if is_running else "mopidy")
    terminal = Terminal(mopidy, "add", f"magnet:?xt=urn:btih:{DEAD}")
    while "Metadata [" not in terminal.shown:
        assert terminal.read(), terminal.shown
    os.killpg(terminal.process.pid, signal.SIGINT)
    code, answered = terminal.end()
    assert (code, answered) == (130, b"")
    assert "Traceback" not in terminal.shown
    # It was added all the same.
    (listed,) = answer(mopidy, "list")
    assert (listed["infohash"], listed["known"]) == (DEAD, False)
