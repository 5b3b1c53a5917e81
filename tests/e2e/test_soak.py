"""Three minutes of the soak: nothing freezes, grows, or fills the disk."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MINUTES = 3


@pytest.mark.timeout(60 * MINUTES + 240)
def test_nothing_grows_in_minutes_of_random_keys() -> None:
    soak = [sys.executable, ROOT / "benchmarks" / "soak.py"]
    done = subprocess.run(
        [*soak, "--minutes", str(MINUTES), "--seed", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout, done.stderr)
    assert done.returncode == 0, done.stdout[-3000:]
    assert " 0 frozen, 0 silent," in done.stdout
