"""A swarm joins when what lies on disk of it was read, and not on the event loop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mopidy_vozduxan.engine.protocol import PiecesHeld, SwarmBroke
from mopidy_vozduxan.engine.resume import ResumeFiles
from mopidy_vozduxan.planning.plan import Changes, Urgency
from tests.engine.conftest import (
    OFFLINE,
    TIMEOUT_S,
    Rig,
    make_album,
    on_loop,
)


class Disk:
    """Resume files on a disk that answers when the test says so."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.threads: list[threading.Thread] = []
        self.error: Exception | None = None

    def load(self, _: ResumeFiles, infohash: str) -> Any:
        self.threads.append(threading.current_thread())
        assert self.may_answer.wait(TIMEOUT_S)
        if self.error:
            raise self.error
        return None


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    disk = Disk()
    monkeypatch.setattr(ResumeFiles, "load", lambda files, name: disk.load(files, name))
    yield disk
    disk.may_answer.set()


@on_loop
async def test_the_loop_does_not_wait_for_the_disk(tmp_path: Path, disk: Disk) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(album.source, None)
        rig.engine.apply(album.infohash, Changes(urgencies=((1, Urgency.NOW),)))
        disk.may_answer.set()
        await rig.next(PiecesHeld)
        handle = rig.engine._members.swarms[album.infohash].handle
        assert handle.piece_priority(1) == 7
    assert threading.main_thread() not in disk.threads


@on_loop
async def test_a_swarm_that_is_left_while_its_files_are_read_is_not_joined(
    tmp_path: Path, disk: Disk
) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(album.source, None)
        left = rig.engine.remove(album.infohash)
        disk.may_answer.set()
        await left
        assert not rig.engine._members.swarms
        rig.engine.add(album.source, None)
        await rig.next(PiecesHeld)
        assert len(rig.all(PiecesHeld)) == 1


@on_loop
async def test_a_disk_that_fails_breaks_the_swarm(tmp_path: Path, disk: Disk) -> None:
    album = make_album(tmp_path, [100_000])
    async with Rig(tmp_path, OFFLINE) as rig:
        disk.error = OSError("the disk is gone")
        disk.may_answer.set()
        rig.engine.add(album.source, None)
        assert "the disk is gone" in (await rig.next(SwarmBroke)).reason
        disk.error = None
        rig.engine.add(album.source, None)
        await rig.next(PiecesHeld)
