"""The scripts that decide whether something is right."""

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


#: It is right the second time, as a test is that has a fault now and then.
FAILS_ONCE = """
from pathlib import Path

def test_that_fails():
    before = Path(__file__).with_name("before")
    if not before.exists():
        before.touch()
        raise {error}("the first time")
"""


@pytest.mark.parametrize(
    ("error", "workers", "again"),
    [("TimeoutError", "0", True), ("AssertionError", "1", False)],
)
def test_only_a_wait_gets_a_second_try(tmp_path, error, workers, again):
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_fails.py").write_text(FAILS_ONCE.format(error=error))
    script = [ROOT / "scripts" / "test", "--part=together", "-n", workers]
    ours = ["-c", ROOT / "pyproject.toml", f"--rootdir={tmp_path}"]
    ini = ["-o", f"cache_dir={tmp_path}/cache"]
    run = subprocess.run(
        [*script, *ours, *ini, tmp_path], capture_output=True, text=True, timeout=150
    )
    assert (run.returncode == 0) is again, run.stdout
    assert ("Once more" in run.stderr) is again


def subject(tmp_path, message):
    path = tmp_path / "message"
    path.write_text(message)
    script = [ROOT / "scripts" / "subject", path]
    return subprocess.run(script, capture_output=True, text=True)


@pytest.mark.parametrize(
    "message",
    [
        "planning: bound what is outstanding\n\nThe reason. Added by nobody.",
        "docs, tests: say why",
        "engine/swarm: bring it back",
        "# a comment\ntopic: do it",
        f"topic: {'x' * 65}",
        "Merge branch 'main'",
    ],
)
def test_a_subject_as_we_write_them(tmp_path, message):
    assert subject(tmp_path, message).returncode == 0


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (f"topic: {'x' * 66}", "has 73 characters"),
        ("Do it", "topic: imperative"),
        ("topic: Do it", "topic: imperative"),
        ("topic: do it.", "full stop"),
        ("topic: added a thing", "not imperative"),
        ("topic: fixing it", "not imperative"),
    ],
)
def test_a_subject_that_is_not(tmp_path, message, complaint):
    run = subject(tmp_path, message)
    assert run.returncode == 1
    assert complaint in run.stderr


@pytest.mark.parametrize(
    ("tag", "section", "complaint"),
    [
        ("v1.2.4", "v1.2.3 (2027-01-31)", "setup.cfg has version 1.2.3"),
        ("1.2.3", "v1.2.3 (2027-01-31)", "setup.cfg has version 1.2.3"),
        ("v1.2.3", "v1.2.3 (UNRELEASED)", "no section"),
        ("v1.2.3", "v1.3.0 (UNRELEASED)\n\nv1.2.3 (2027-01-31)", "not the first"),
    ],
)
def test_no_release_of_another_version(tmp_path, tag, section, complaint):
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "release", tmp_path / "scripts")
    (tmp_path / "setup.cfg").write_text("[metadata]\nversion = 1.2.3\n")
    (tmp_path / "CHANGELOG.rst").write_text(f"Changelog\n\n{section}\n")
    script = [tmp_path / "scripts" / "release", tag]
    run = subprocess.run(script, capture_output=True, text=True)
    assert run.returncode == 1
    assert complaint in run.stderr


def test_a_release_of_the_version_builds_the_packages(tmp_path):
    (tmp_path / "scripts").mkdir()
    (tmp_path / ".docs" / "dist").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "release", tmp_path / "scripts")
    docs = tmp_path / "scripts" / "docs"
    docs.write_text("#!/bin/sh\ntouch .docs/dist/wheel\n")
    docs.chmod(0o755)
    (tmp_path / "setup.cfg").write_text("[metadata]\nversion = 1.2.3\n")
    (tmp_path / "CHANGELOG.rst").write_text("Changelog\n\nv1.2.3 (2027-01-31)\n")
    script = [tmp_path / "scripts" / "release", "v1.2.3"]
    run = subprocess.run(script, capture_output=True, text=True, check=True)
    assert run.stdout == "wheel\n"
