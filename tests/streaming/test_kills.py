"""A process that plays is killed, or loses its power, again and again."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rig.disks import needs_root
from tests.rig.kills import Kills, Result, kill
from tests.rig.power import PoweredDisk

pytestmark = pytest.mark.timeout(600)

#: "At most 2 % of what was verified is fetched again."
SHARE = 0.02


def check(result: Result, cycles: int) -> None:
    assert len(result.sounds) == cycles
    assert result.served and result.verified
    assert not result.wrong
    assert result.share <= SHARE
    assert "Traceback" not in result.log


def test_thirty_kills_lose_nothing(tmp_path: Path) -> None:
    check(Kills(tmp_path).run(30), 30)


@pytest.mark.parametrize("version", ["v2", "hybrid"])
def test_neither_do_those_of_other_versions(tmp_path: Path, version) -> None:
    check(Kills(tmp_path, version, files=3).run(5), 5)


def gone(resume: Path, old: bytes) -> None:
    resume.unlink()


def empty(resume: Path, old: bytes) -> None:
    os.truncate(resume, 0)


def cut_short(resume: Path, old: bytes) -> None:
    os.truncate(resume, resume.stat().st_size // 2)


def garbage(resume: Path, old: bytes) -> None:
    resume.write_bytes(os.urandom(resume.stat().st_size))


def older(resume: Path, old: bytes) -> None:
    resume.write_bytes(old)


@pytest.mark.parametrize("spoil", [gone, empty, cut_short, garbage, older])
def test_no_resume_file_is_as_good_as_one(
    tmp_path: Path, spoil: Callable[[Path, bytes], None]
) -> None:
    """What lies on disk is found again, and played before all of it is checked."""
    first: list[bytes] = []

    def between(home: Path, _: int) -> None:
        (resume,) = (home / "resume").glob("*.resume")
        first.append(resume.read_bytes())
        spoil(resume, first[0])

    kills = Kills(tmp_path, files=3, between=between, life_s=(0.8, 1.5))
    check(kills.run(5), 5)


@needs_root
def test_after_power_cuts_nothing_is_claimed_that_is_gone(tmp_path: Path) -> None:
    """The kernel's memory is lost, too: a second of the swarm, or 10 s of a trickle."""
    with PoweredDisk(tmp_path / "home") as disk:

        def cut(process: subprocess.Popen[bytes]) -> None:
            disk.cut()
            kill(process)

        kills = Kills(
            tmp_path,
            files=4,
            rate=700_000,
            die=cut,
            between=lambda *_: disk.restart(),
            life_s=(2.0, 5.0),
        )
        result = kills.run(4)
    assert len(result.sounds) == 4
    assert not result.wrong
    assert "have changed on disk" not in result.log
    assert result.share < 0.25
