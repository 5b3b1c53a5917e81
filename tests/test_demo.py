"""`scripts/demo` is run as a newcomer runs it, but installs nothing."""

from __future__ import annotations

import contextlib
import os
import pty
import random
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.lib.demo.music import TRACKS, album_in
from tests.rig.album import Track, encode, make_album, make_pcm

DEMO = Path(__file__).parents[1] / "scripts" / "demo"
ENVIRONMENT = os.environ | {"DEMO_PYTHON": sys.executable}
TIMEOUT = 150


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the demo has its album already."""
    folder = tmp_path_factory.mktemp("demo")
    album_in(folder)
    return folder


def run(
    *arguments: object, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """In a session of its own; all processes of it must be gone afterwards."""
    with subprocess.Popen(
        [DEMO, "--silent", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=cwd,
        env=ENVIRONMENT,
        start_new_session=True,
    ) as process:
        output, _ = process.communicate(timeout=TIMEOUT)
    print(output)
    assert processes_of(process.pid) == []
    return subprocess.CompletedProcess(process.args, process.returncode, output)


def processes_of(session: int) -> list[str]:
    """Command lines of what lives in that session, zombies not counted."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, _, _, its = (
                (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            )
            if int(its) == session and state != "Z":
                found.append((folder / "cmdline").read_text().replace("\0", " "))
    return found


def test_once_plays_every_track_of_its_own_album(made: Path) -> None:
    result = run("--once", "--folder", made)
    lines = [line for line in result.stdout.splitlines() if line.startswith("ok ")]
    titles = [line[len("ok 1/6 ") :].partition(":")[0] for line in lines]
    assert titles == [track.title for track in TRACKS]
    assert "\r" not in result.stdout
    assert result.returncode == 0


def test_once_plays_any_folder_from_a_magnet_link_and_fails_with_a_track(
    tmp_path: Path,
) -> None:
    music = tmp_path / "Any Music"
    make_album(music / "CD 1", [Track("Good", "opus", 4)], cover=False)
    noise = random.Random(1).randbytes(200_000)
    (music / "CD 1" / "02 - Broken.mp3").write_bytes(noise)
    make_album(music / "CD 2", [Track("Better", "flac", 4)], cover=False)
    before = sorted(music.rglob("*"))
    result = run(
        *("--once", "--magnet", "--album", music.name, "--folder", "demo"), cwd=tmp_path
    )
    assert "ok 1/3 Good" in result.stdout
    assert "FAILED 2/3 Broken: GStreamer error" in result.stdout
    assert "ok 3/3 Better" in result.stdout
    assert "1 of 3 did not play" in result.stdout
    assert result.returncode == 1
    assert sorted(music.rglob("*")) == before


def test_unknown_options_show_the_usage() -> None:
    result = run("--twice")
    assert result.stdout.startswith("usage: scripts/demo")
    assert result.returncode == 2


def state_of(folder: Path) -> dict[Path, tuple[int, int]]:
    found = {path: path.lstat() for path in folder.rglob("*")}
    return {path: (stat.st_size, stat.st_mtime_ns) for path, stat in found.items()}


SHEET = """\
PERFORMER "The Rippers"
TITLE "One Piece"
FILE "image.flac" WAVE
  TRACK 01 AUDIO
    TITLE "Before"
    INDEX 01 00:00:00
  TRACK 02 AUDIO
    TITLE "After"
    INDEX 01 00:04:00
"""


def test_once_plays_a_cue_sheets_tracks_and_changes_nothing_in_the_folder(
    tmp_path: Path,
) -> None:
    music = tmp_path / "Musik für Ünö"
    make_album(music / "Disc, no. 1", [Track("Plain", "opus", 4)])
    (music / "Rip").mkdir()
    encode(make_pcm(8, seed=1), music / "Rip" / "image.flac", "flac")
    (music / "Rip" / "image.cue").write_text(SHEET)
    (music / "gone.mp3").symlink_to("nowhere.mp3")
    Path(os.fsdecode(os.fsencode(music) + b"/caf\xe9.mp3")).write_bytes(b"latin-1")
    before = state_of(music)
    result = run("--once", "--album", music.name, "--folder", "demo", cwd=tmp_path)
    assert f"Seeding {music} (4 files" in result.stdout
    for number, title in enumerate(["Plain", "Before", "After"], 1):
        assert f"ok {number}/3 {title}: " in result.stdout
    assert result.returncode == 0
    assert state_of(music) == before


def test_a_folder_without_music_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no music")
    for album, why in {
        tmp_path: f"there is no music in {tmp_path}",
        tmp_path / "missing": f"{tmp_path}/missing is not a folder",
        tmp_path / "notes.txt": f"{tmp_path}/notes.txt is not a folder",
    }.items():
        result = run("--album", album)
        assert why in result.stdout
        assert result.returncode == 2


@contextlib.contextmanager
def in_terminal(*arguments: object) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The demo in a terminal of its own, and that terminal's other end."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ["setsid", "--ctty", DEMO, "--silent", *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=ENVIRONMENT,
    ) as process:
        os.close(theirs)
        yield process, ours
    os.close(ours)


def read_until(terminal: int, pattern: str) -> str:
    deadline = time.monotonic() + TIMEOUT
    text = ""
    while not re.search(pattern, text):
        ready, _, _ = select.select([terminal], [], [], deadline - time.monotonic())
        assert ready, f"no {pattern} in {text!r}"
        try:
            text += os.read(terminal, 4096).decode()
        except OSError as exc:  # nobody has it open any more
            raise AssertionError(f"no {pattern} in {text!r}") from exc
    return text


@pytest.mark.parametrize(
    ("key", "ending", "code"),
    [
        pytest.param(b"\x03", None, 0, id="Ctrl-C"),
        pytest.param(None, signal.SIGTERM, 128 + signal.SIGTERM, id="SIGTERM"),
    ],
)
def test_a_terminal_shows_a_bar_until_the_end_and_nothing_is_left(
    made: Path, key: bytes | None, ending: int | None, code: int
) -> None:
    with in_terminal("--folder", made) as (process, terminal):
        read_until(terminal, r"\r> 1/6 Every Sample \[#*-+\] 0:0[1-9]/0:40 ")
        assert len(processes_of(process.pid)) >= 3
        if key is not None:
            os.write(terminal, key)
            read_until(terminal, "Mopidy and the swarm have ended")
        if ending is not None:
            process.send_signal(ending)
        assert process.wait(TIMEOUT) == code
        assert processes_of(process.pid) == []


def test_a_second_demo_in_the_same_folder_is_refused(made: Path) -> None:
    with in_terminal("--folder", made) as (process, terminal):
        read_until(terminal, "Starting")
        result = run("--once", "--folder", made)
        assert f"another demo runs in {made}" in result.stdout
        assert result.returncode == 1
        os.write(terminal, b"\x03")  # while it still starts: kept for its first wait
        read_until(terminal, "Mopidy and the swarm have ended")
        assert process.wait(TIMEOUT) == 0
