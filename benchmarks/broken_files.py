"""Plays and scans truncated and garbled files, to find those that hang the player.

``python -m benchmarks.broken_files [--count 200] [--seed 1] [--scan] [--play]``. Real
swarms on loopback, and a real Mopidy that plays as fast as it can and scans as in the
background. Prints a line for each file that took long, and the sums. Exits with 1 if
anything hung. Never uses the network.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mopidy_vozduxan.scanning import file_scan as scanning_file
from mopidy_vozduxan.scanning.file_scan import FileScanner
from tests.e2e.stage import Album, Listener, album, seeded
from tests.rig.album import Track
from tests.rig.broken import broken_files, whole_files
from tests.rig.mopidy import RpcError
from tests.scanning.conftest import Stage, Told

#: Seconds. A job may be silent for its limit, the player for `stall_timeout` (5 here).
ANSWERS_S = 5.0
MOVES_ON_S = 40.0
SLOW_S = 5.0
SCANNED_S = 900.0
GOOD = [Track("One", "flac", 1), Track("Two", "flac", 20)]


@dataclass
class Sums:
    """The results."""

    files: int = 0
    hangs: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    longest_s: float = 0.0

    def note(self, name: str, seconds: float, *, hung: bool) -> None:
        """Count a file."""
        self.files += 1
        self.longest_s = max(self.longest_s, seconds)
        if hung or seconds > SLOW_S:
            (self.hangs if hung else self.slow).append(f"{name}: {seconds:.1f} s")

    def show(self, what: str) -> None:
        """Print the results."""
        for line in self.slow:
            print(f"  slow: {line}")
        for line in self.hangs:
            print(f"  HUNG: {line}")
        print(
            f"{what}: {self.files} files, {len(self.hangs)} hung, {len(self.slow)} took"
            f" more than {SLOW_S:.0f} s, the longest {self.longest_s:.1f} s",
            flush=True,
        )


def scan(made: Album, folder: Path) -> Sums:
    """Scan all files; a file that is still scanned after its limit has hung."""
    sums = Sums()
    whole = FileScanner.scan

    async def timed(self: FileScanner, reading: Any, file: Any) -> Any:
        begin = time.monotonic()
        waited = self._slots._value == 0
        try:
            return await whole(self, reading, file)
        finally:
            seconds = time.monotonic() - begin
            limit = 2 * scanning_file.LIMIT_S + (30 if waited else 5)
            sums.note(file.path, seconds, hung=seconds > limit)

    FileScanner.scan = timed  # type: ignore[method-assign]
    try:
        with Stage(folder, Told(), give_up_s=60.0) as stage:
            infohash = stage.add(made.torrent)
            stage.lengths.opened(infohash)
            deadline = time.monotonic() + SCANNED_S
            while stage.catalog.scans.unscanned(infohash, tried=True):
                if time.monotonic() > deadline:
                    left = stage.catalog.scans.unscanned(infohash, tried=True)
                    sums.hangs.append(f"{len(left)} files were never read")
                    break
                time.sleep(0.2)
    finally:
        FileScanner.scan = whole  # type: ignore[method-assign]
    return sums


def play(made: Album, names: list[str], folder: Path) -> Sums:
    """Play each file between good tracks, then skip it, then stop it."""
    sums = Sums()
    left = list(names)
    while left:
        config = {"vozduxan": {"scan_tags": "never"}}
        number = len(names) - len(left)
        with Listener(folder / str(number), [made], config, sync=False) as listener:
            _play(made, left, listener, sums)
            if left:  # it hung, and is replaced
                listener.mopidy.kill()
    return sums


def _play(made: Album, left: list[str], listener: Listener, sums: Sums) -> None:
    good = [f"vozduxan:track:{made.infohash}:{n}" for n in (1, 2)]
    order = sorted(path.name for path in made.folder.iterdir())
    while left:
        name = left.pop(0)
        uri = f"vozduxan:track:{made.infohash}:{order.index(name)}"
        begin = time.monotonic()
        try:
            listener.play(good[0], uri, good[1])
            listener.wait_for_started(good[1], MOVES_ON_S)
            listener.play(uri, good[1])
            listener.rpc("core.playback.next", rpc_timeout=ANSWERS_S)
            listener.play(uri)
            listener.rpc("core.playback.stop", rpc_timeout=ANSWERS_S)
        except (OSError, RpcError, TimeoutError) as exc:
            print(
                f"  {name}: {exc!r}",
                *listener.mopidy.log.splitlines()[-30:],
                sep="\n  ",
            )
            sums.note(name, time.monotonic() - begin, hung=True)
            return
        sums.note(name, time.monotonic() - begin, hung=False)


def main() -> int:
    """Run what the options ask for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scan", action="store_true")
    parser.add_argument("--play", action="store_true")
    args = parser.parse_args()
    both = args.scan == args.play
    hangs = 0
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        files = dict(broken_files(whole_files(root), args.seed, args.count))
        named = {f"9{name}": data for name, data in files.items()}
        with (
            album(root / "torrent" / "Album", GOOD, files=named) as made,
            seeded(made, seconds=0.5),
        ):
            if args.scan or both:
                sums = scan(made, root / "stage")
                sums.show("scanned")
                hangs += len(sums.hangs)
            if args.play or both:
                sums = play(made, list(named), root / "mopidy")
                sums.show("played")
                hangs += len(sums.hangs)
    return 1 if hangs else 0


if __name__ == "__main__":
    sys.exit(main())
