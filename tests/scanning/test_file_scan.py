"""How the scan of one file ends."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from mopidy_vozduxan.scanning.file_scan import FileScanner


class Reading:
    """Runs the scan, and gives it up when it is told to."""

    async def patiently(self, work: Any, _limit_s: float) -> object:
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task})
            return task.result()
        finally:
            task.cancel()


def test_a_scan_that_is_given_up_ends_its_job_in_order() -> None:
    began, ended, problems = asyncio.Event(), asyncio.Event(), []

    @asynccontextmanager
    async def job() -> AsyncIterator[None]:
        began.set()
        try:
            await asyncio.Event().wait()
            yield
        finally:
            ended.set()

    async def scan() -> None:
        async with job():
            pass

    async def give_up() -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda _, problem: problems.append(problem)
        )
        scanner = FileScanner(door=None)  # type: ignore[arg-type]
        running = asyncio.ensure_future(scanner._run(Reading(), scan()))  # type: ignore[arg-type]
        await began.wait()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await asyncio.wait_for(ended.wait(), 10)
        gc.collect()
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    asyncio.run(give_up())
    assert problems == []
