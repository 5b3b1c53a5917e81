"""Puts small faults into a module, one at a time; shows those that no test notices.

    scripts/mutants mopidy_vozduxan/planning/window.py
    scripts/mutants mopidy_vozduxan/bridge.py --tests tests/test_bridge.py --count 20

Without --tests, runs those of the folder that mirrors the module's. Tries each fault
in a copy of the project. Exits with 1 if a fault survives, 2 if the tests fail without
any.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from scripts.lib.mutants.changes import Change, changes
from scripts.lib.mutants.trial import Trial

CLONE = Path(__file__).parents[3]


def main() -> int:
    options = _parser().parse_args()
    source = (CLONE / options.module).read_text()
    tests = options.tests or [_mirrored(options.module)]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        trial = Trial(CLONE, Path(folder), options.module, tests)
        seconds = trial.seconds(source)
        if seconds is None:
            print(f"The tests fail without any fault: {' '.join(map(str, tests))}")
            return 2
        print(f"{seconds:.1f} s without a fault: {' '.join(map(str, tests))}")
        chosen = _chosen(source, options.count, options.seed)
        tried = list(_tried(trial, chosen, 10 + 3 * seconds, options.seconds))
    living = [change for change, lives in tried if lives]
    print(f"{len(tried)} faults tried, {len(living)} of them not noticed")
    return 1 if living else 0


def _tried(
    trial: Trial, chosen: list[Change], timeout: float, seconds: float
) -> Iterator[tuple[Change, bool]]:
    until = time.monotonic() + seconds
    for change in chosen:
        if time.monotonic() > until:
            print(f"No time is left after {seconds:.0f} s")
            return
        lives = trial.passes(change.source, timeout)
        print(f"{'LIVES ' if lives else 'killed'} {change}", flush=True)
        yield change, lives


def _chosen(source: str, count: int, seed: int) -> list[Change]:
    found = list(changes(source))
    chosen = random.Random(seed).sample(found, min(count, len(found)))
    print(f"{len(chosen)} of {len(found)} faults, chosen with --seed {seed}")
    return sorted(chosen, key=lambda change: change.line)


def _mirrored(module: Path) -> str:
    """The tests of the module's folder; of a module at the top, its own file."""
    folder = Path("tests", *module.parts[1:-1])
    own = folder / f"test_{module.name}"
    return str(own if len(module.parts) == 2 else folder)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "scripts/mutants",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("module", type=Path, help="the file, from the clone's folder")
    add("--tests", nargs="+", metavar="PATH", help="the tests to run")
    add("--count", type=int, default=25, help="how many faults to try (%(default)s)")
    add("--seconds", type=float, default=600, help="begin none later (%(default)s)")
    add("--seed", type=int, default=1, help="chooses other faults (%(default)s)")
    return parser


sys.exit(main())
