import asyncio

import pytest

from mopidy_vozduxan.exceptions import Cancelled
from mopidy_vozduxan.streaming.superseding import SupersedingTasks


def run(test):
    asyncio.run(asyncio.wait_for(test(), 10))


async def for_ever():
    await asyncio.Event().wait()


async def answer(value):
    return value


def test_newer_work_ends_the_older():
    async def test():
        newest = SupersedingTasks()
        older = asyncio.create_task(newest.run("a", for_ever()))
        await asyncio.sleep(0)
        assert await newest.run("a", answer(1)) == 1
        with pytest.raises(Cancelled):
            await older
        assert len(newest) == 0

    run(test)


def test_kinds_do_not_disturb_one_another():
    async def test():
        newest = SupersedingTasks()
        other = asyncio.create_task(newest.run("b", for_ever()))
        await asyncio.sleep(0)
        assert await newest.run("a", answer(1)) == 1
        assert "b" in newest
        newest.end_all()
        with pytest.raises(Cancelled):
            await other

    run(test)


def test_a_caller_that_goes_takes_its_work_along():
    async def test():
        newest = SupersedingTasks()
        ended = asyncio.Event()

        async def work():
            try:
                await for_ever()
            finally:
                ended.set()

        caller = asyncio.create_task(newest.run("a", work()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert ended.is_set()
        assert len(newest) == 0

    run(test)
