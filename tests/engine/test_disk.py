"""How pieces get to disk and back: with plain reads and writes, by one disk backend."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from mopidy_vozduxan.engine.protocol import PieceRead
from tests.engine.conftest import OFFLINE, TIMEOUT_S, Rig, make_album, on_loop
from tests.engine.steps import joined

REMOVALS = Path(__file__).parents[2] / "benchmarks" / "removals.py"


def is_open(folder: Path) -> bool:
    """Say whether this process has a file below the folder open."""
    names = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            names.append(link.readlink())
    return any(name.is_relative_to(folder) for name in names)


def is_mapped(folder: Path) -> bool:
    """Say whether this process has a file below the folder mapped."""
    return f"{folder}/" in Path("/proc/self/maps").read_text()


@asynccontextmanager
async def read_until(
    true: Callable[[Path], bool], tmp_path: Path, overrides: dict[str, object]
) -> AsyncIterator[Path]:
    """Read a piece until that is true of our folder; at first it is not in its file."""
    album = make_album(tmp_path, [2_000_000])
    async with Rig(tmp_path, {**OFFLINE, **overrides}) as rig:
        await joined(rig, album, 0)
        async with asyncio.timeout(TIMEOUT_S):
            while not true(tmp_path / "data"):
                before = len(rig.events)
                rig.engine.read_piece(album.infohash, 0)
                await rig.next(PieceRead, after=before)
        yield tmp_path / "data"


@on_loop
async def test_files_are_not_mapped(tmp_path: Path) -> None:
    """One that is cut short under a mapping is an error of the disk, or a SIGBUS."""
    async with read_until(is_open, tmp_path, {}) as data:
        assert not is_mapped(data)


@on_loop
async def test_the_disk_backend_is_that_of_every_version(tmp_path: Path) -> None:
    """2.1's own, which crashes, never maps a file; the other does when it is told."""
    async with read_until(is_mapped, tmp_path, {"mmap_file_size_cutoff": 0}):
        pass


def test_the_process_outlives_its_torrents() -> None:
    """A disk thread may hash a piece while its torrent goes (2.1.1's own backend)."""
    command = [sys.executable, REMOVALS, "--by-hand", "--rounds=60"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
