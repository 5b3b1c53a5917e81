"""Jobs are processes that end: by themselves, when they are closed, or with us."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from mopidy_vozduxan.jobs import jobs as jobs_module
from mopidy_vozduxan.jobs.jobs import Job, JobFailed, Jobs
from mopidy_vozduxan.jobs.wire import DONE, NEEDS, SPAN, load
from tests.rig.containers import tta
from tests.rig.processes import children

#: Seconds; a bound for a wait, never a pause.
WAIT = 30.0
PCM = bytes(range(256)) * 4 * 441
FILE = tta(PCM)


def with_jobs(work: Callable[[Jobs], Awaitable[None]]) -> None:
    async def run() -> None:
        jobs = Jobs()
        try:
            async with asyncio.timeout(WAIT):
                await work(jobs)
        finally:
            jobs.close()

    asyncio.run(run())


async def finished(job: Job) -> object:
    """What a job answers, given the file's bytes."""
    while True:
        kind, body = await job.message()
        if kind == DONE:
            return load(body)
        assert kind == NEEDS
        offset, length = SPAN.unpack(body)
        job.give(FILE[offset : offset + length])


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def until(true: Callable[[], object]) -> None:
    while not true():
        await asyncio.sleep(0.02)


async def describing(jobs: Jobs) -> Job:
    return await jobs.start("describe", demuxer="avdemux_tta", size=len(FILE))


def test_no_process_is_started_before_the_first_job() -> None:
    before = children(os.getpid())

    async def look(jobs: Jobs) -> None:
        assert children(os.getpid()) == before

    with_jobs(look)


def test_a_job_answers() -> None:
    async def ask(jobs: Jobs) -> None:
        async with jobs.job("describe", demuxer="avdemux_tta", size=len(FILE)) as job:
            answer = await finished(job)
        assert answer["rate"] == 44_100
        assert answer["samples"] == len(PCM) // 4

    with_jobs(ask)


def test_a_job_that_waits_for_ever_is_killed_by_closing_it() -> None:
    async def ask(jobs: Jobs) -> None:
        job = await describing(jobs)
        (kind, _) = await job.message()
        assert kind == NEEDS
        spawner = jobs._process
        assert spawner
        assert len(children(spawner.pid)) == 1
        job.close()
        await until(lambda: not children(spawner.pid))
        async with jobs.job("describe", demuxer="avdemux_tta", size=len(FILE)) as job:
            await finished(job)
        assert jobs._process is spawner

    with_jobs(ask)


def test_one_that_is_killed_takes_no_other_with_it() -> None:
    async def ask(jobs: Jobs) -> None:
        one, other = await describing(jobs), await describing(jobs)
        spawner = jobs._process
        assert spawner
        os.kill(min(children(spawner.pid)), signal.SIGKILL)
        answers = await asyncio.gather(
            finished(one), finished(other), return_exceptions=True
        )
        assert sorted(isinstance(a, JobFailed) for a in answers) == [False, True]
        one.close()
        other.close()

    with_jobs(ask)


def test_what_starts_jobs_is_started_anew_when_it_died() -> None:
    async def ask(jobs: Jobs) -> None:
        job = await describing(jobs)
        assert jobs._process
        jobs._process.kill()
        with pytest.raises(JobFailed):
            await finished(job)
        job.close()
        async with jobs.job("describe", demuxer="avdemux_tta", size=len(FILE)) as job:
            await finished(job)

    with_jobs(ask)


def test_what_starts_jobs_ends_when_there_are_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs_module, "IDLE_S", 0.1)

    async def ask(jobs: Jobs) -> None:
        job = await describing(jobs)
        assert jobs._process
        pid = jobs._process.pid
        job.close()
        await until(lambda: pid not in children(os.getpid()))

    with_jobs(ask)


def test_a_job_that_is_none_is_told_of() -> None:
    async def ask(jobs: Jobs) -> None:
        async with jobs.job("describe", demuxer="nothing", size=1) as job:
            with pytest.raises(JobFailed):
                await finished(job)

    with_jobs(ask)


_SERVER = """
import asyncio, json, sys
from mopidy_vozduxan.jobs.jobs import Jobs

async def main():
    jobs = Jobs()
    job = await jobs.start("describe", demuxer="avdemux_tta", size=1000)
    await job.message()
    print(json.dumps(jobs._process.pid), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_the_server(how: signal.Signals) -> None:
    command = [sys.executable, "-c", _SERVER]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout
        spawner = json.loads(server.stdout.readline())
        (job,) = children(spawner)
        server.send_signal(how)
    wait_until(lambda: not Path(f"/proc/{spawner}").exists())
    wait_until(lambda: not Path(f"/proc/{job}").exists())


def test_a_job_holds_no_file_of_ours() -> None:
    async def ask(jobs: Jobs) -> None:
        with Path(__file__).open() as ours:
            job = await describing(jobs)
            await job.message()
            spawner = jobs._process
            assert spawner
            for pid in (spawner.pid, *children(spawner.pid)):
                fds = Path(f"/proc/{pid}/fd").iterdir()
                assert not [fd for fd in fds if ours.name in os.readlink(fd)]
            job.close()

    with_jobs(ask)
