"""Kills a process that plays, spoils what it saved, cuts its power: what is lost?

Run it with the interpreter of the project's environment::

    python benchmarks/kills.py [--cycles 30] [--scenes kill,v2,power]

A process with our engine and manager reads an album of 64 MB from two seeders of 1.5
MB/s, from a random place on. It ends 0.1 to 1.5 s after its first byte, and is started
again. Before a power cut it lives for 1 to 5 s, with an album of 128 MB. Every byte
that it was served is compared with the source. "Fetched again" are blocks that the
seeders sent of pieces that had passed their hash check in an earlier life, and the
share is that of what was verified in all. Power cuts need root.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.table import cell, rows
from tests.rig.kills import Kills, Result, kill
from tests.rig.power import PoweredDisk
from tests.rig.torrents import Version

MB = 1e6
HEAD = (
    "fault",
    "cycles",
    "verified",
    "served",
    "wrong",
    "fetched again",
    "each time",
    "first byte",
)


def killed(folder: Path, cycles: int, version: Version = "v1") -> Result:
    """End it with SIGKILL."""
    return Kills(folder, version).run(cycles)


def without_state(folder: Path, cycles: int) -> Result:
    """Delete the resume file after each SIGKILL."""
    return _spoiled(folder, cycles, Path.unlink)


def garbage(folder: Path, cycles: int) -> Result:
    """Overwrite the resume file after each SIGKILL."""
    return _spoiled(folder, cycles, lambda path: path.write_bytes(os.urandom(500)))


def power_cut(folder: Path, cycles: int) -> Result:
    """Lose all that the kernel had not written."""
    with PoweredDisk(folder / "home") as disk:

        def cut(process: subprocess.Popen[bytes]) -> None:
            disk.cut()
            kill(process)

        def restart(_home: Path, _cycle: int) -> None:
            disk.restart()

        # A life is long enough for something to be on the disk.
        life_s = (1.0, 5.0)
        kills = Kills(folder, die=cut, between=restart, life_s=life_s, files=16)
        return kills.run(cycles)


def _spoiled(folder: Path, cycles: int, spoil: Callable[[Path], object]) -> Result:
    def between(home: Path, _cycle: int) -> None:
        for path in (home / "resume").glob("*.resume"):
            spoil(path)

    return Kills(folder, between=between).run(cycles)


SCENES: dict[str, Callable[[Path, int], Result]] = {
    "kill": killed,
    "hybrid": lambda folder, cycles: killed(folder, cycles, "hybrid"),
    "v2": lambda folder, cycles: killed(folder, cycles, "v2"),
    "no resume file": without_state,
    "garbage": garbage,
    "power": power_cut,
}


def row(name: str, cycles: int, result: Result) -> tuple[str, ...]:
    """Return a line of the table."""
    return (
        name,
        str(cycles),
        f"{result.verified / MB:.1f} MB",
        f"{result.served / MB:.0f} MB",
        str(result.wrong),
        f"{result.again / MB:.2f} MB ({result.share:.2%})",
        f"{result.again / MB / cycles:.2f} MB",
        cell(result.sounds) + " s",
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cycles", type=int, default=30)
    parser.add_argument("--scenes", default=",".join(SCENES))
    options = parser.parse_args()
    lines = []
    for name in options.scenes.split(","):
        with tempfile.TemporaryDirectory() as folder:
            result = SCENES[name](Path(folder), options.cycles)
            lines.append(row(name, options.cycles, result))
    print(rows(HEAD, lines))


if __name__ == "__main__":
    main()
