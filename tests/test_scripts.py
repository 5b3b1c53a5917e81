"""What ``scripts/test`` makes of a test that kills its process: never a success."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: It lives the second time, as a test does that meets a race.
DIES_ONCE = """
import os, signal
from pathlib import Path
import pytest

@pytest.mark.{mark}
def test_that_kills():
    before = Path(__file__).with_name("before")
    if not before.exists():
        before.touch()
        os.kill(os.getpid(), signal.SIGSEGV)
"""


@pytest.mark.parametrize("mark", ["together", "alone"])
def test_a_crash_ends_the_run_with_the_tests_name(tmp_path, mark):
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_dies.py").write_text(DIES_ONCE.format(mark=mark))
    for number in range(6):
        (tmp_path / f"test_{number}.py").write_text("def test_lives(): pass")
    script = [ROOT / "scripts" / "test", f"--part={mark}"]
    ours = ["-c", ROOT / "pyproject.toml", f"--rootdir={tmp_path}"]
    markers = "markers=alone: none beside it\n together: with others"
    ini = ["-o", f"cache_dir={tmp_path}/cache", "-o", markers]
    run = subprocess.run(
        [*script, *ours, *ini, tmp_path], capture_output=True, text=True, timeout=150
    )
    assert run.returncode not in (0, 1), run.stdout
    assert "test_that_kills" in run.stdout + run.stderr
    assert "Once more" not in run.stderr
