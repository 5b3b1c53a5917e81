"""What Mopidy's start costs with us, and without.

Whole processes on fresh folders, with and without our extension in turn; their modules
are compiled, as an installation's are. Processor time is the process's own, of all its
threads: until Mopidy is up, and two seconds later, when all that a start sets going has
been done. Mopidy is up when its HTTP server answers, or, where it has none, when its
main loop starts. What is added is the median over the rounds: both sides of a round run
one after the other. ::

    python benchmarks/start.py                    # 11 rounds, HTTP on and off
    python benchmarks/start.py --rounds 5 --also before=../another-clone
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import table  # noqa: E402
from tests.rig.mopidy import MopidyProcess  # noqa: E402

CALM_S = 2.0


@dataclass(frozen=True, slots=True)
class Contestant:
    """``package`` is the clone to take our extension from; without it is disabled."""

    name: str
    package: Path | None


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds: until Mopidy is up, on the clock and of the processor; two s later."""

    wall: float
    up: float
    calm: float


def measure(contestant: Contestant, compiled: str, *, http: bool) -> Start:
    """Start a Mopidy, and end it; compiled modules are kept in a folder."""
    enabled = {"enabled": str(contestant.package is not None).lower()}
    env = {
        "PYTHONPATH": str(contestant.package or ROOT),
        "PYTHONPYCACHEPREFIX": compiled,
        "PYTHONDONTWRITEBYTECODE": "",
    }
    with tempfile.TemporaryDirectory() as folder:
        mopidy = MopidyProcess(
            Path(folder), {"vozduxan": enabled}, http=http, mpd=False, env=env
        )
        begun = time.monotonic()
        mopidy.start()
        try:
            wall, up = time.monotonic() - begun, processor_s(mopidy.pid)
            time.sleep(CALM_S)
            return Start(wall, up, processor_s(mopidy.pid))
        finally:
            mopidy.stop()


def processor_s(pid: int) -> float:
    """Return the processor time that a process has used (``clock_getcpuclockid``)."""
    return time.clock_gettime((~pid << 3) | 2)


def rows(
    contestants: list[Contestant], rounds: int, *, http: bool
) -> Iterator[list[str]]:
    """Yield what is shown of each, after a round that compiles."""
    starts: dict[str, list[Start]] = {one.name: [] for one in contestants}
    with tempfile.TemporaryDirectory() as compiled:
        for number in range(rounds + 1):
            for one in contestants:
                start = measure(one, compiled, http=http)
                if number:
                    starts[one.name].append(start)
    without = starts[contestants[0].name]
    for name, taken in starts.items():
        yield [name, *(_shown(taken, without, part) for part in ("wall", "up", "calm"))]


def _shown(taken: list[Start], without: list[Start], part: str) -> str:
    values = [float(getattr(start, part)) for start in taken]
    more = [
        value - float(getattr(start, part))
        for value, start in zip(values, without, strict=True)
    ]
    shown = f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"
    return f"{shown}, {statistics.median(more):+.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--also", nargs="*", default=[], metavar="NAME=CLONE")
    given = parser.parse_args()
    also = [one.partition("=") for one in given.also]
    contestants = [
        Contestant("without", None),
        Contestant("with", ROOT),
        *(Contestant(name, Path(clone).resolve()) for name, _, clone in also),
    ]
    for http in (True, False):
        print("With Mopidy's HTTP server" if http else "Without front ends")
        head = ["seconds", "until up", "processor, until up", "processor, 2 s later"]
        body = list(rows(contestants, given.rounds, http=http))
        print(table.rows(head, body), flush=True)


if __name__ == "__main__":
    main()
