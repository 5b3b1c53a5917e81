"""The ways onto our loop, and how each of them ends."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mopidy_vozduxan import bridge as the_bridge
from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.exceptions import BadInput, ShuttingDown

WAIT = 20.0


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    ours = Bridge()
    ours.start()
    yield ours
    ours.stop(WAIT)


class Waiter:
    """A coroutine that waits forever and says how far it came."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.cancelled = threading.Event()

    async def run(self) -> None:
        self.began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


async def thread_name() -> str:
    return threading.current_thread().name


async def fails() -> None:
    raise BadInput("no")


def test_asking_brings_the_result_from_the_loops_thread(bridge):
    assert bridge.ask(thread_name()).result(WAIT) == "Vozduxan"


def test_asking_brings_the_error(bridge):
    with pytest.raises(BadInput):
        bridge.ask(fails()).result(WAIT)


def test_cancelling_the_future_cancels_the_coroutine(bridge):
    waiter = Waiter()
    future = bridge.ask(waiter.run())
    assert waiter.began.wait(WAIT)
    assert future.cancel()
    assert waiter.cancelled.wait(WAIT)


def test_a_future_cancelled_at_once_never_runs_its_coroutine(bridge):
    ran = []

    async def work() -> None:
        ran.append(1)

    gate = threading.Event()
    bridge.tell(gate.wait, WAIT)  # the loop is busy: nothing can begin
    future = bridge.ask(work())
    future.cancel()
    gate.set()
    bridge.ask(thread_name()).result(WAIT)
    assert ran == []


def test_told_functions_run_in_order(bridge):
    seen = []
    for number in range(100):
        bridge.tell(seen.append, number)
    bridge.ask(thread_name()).result(WAIT)
    assert seen == list(range(100))


def test_a_told_function_that_fails_is_logged_and_does_no_harm(bridge, caplog):
    bridge.tell(int, "x")
    assert bridge.ask(thread_name()).result(WAIT)
    assert [r.levelno for r in caplog.records] == [logging.ERROR]
    assert "ValueError" in caplog.text


def test_a_call_from_another_loop_crosses(bridge):
    assert asyncio.run(bridge.call(thread_name())) == "Vozduxan"


def test_a_call_from_our_own_loop_stays(bridge):
    async def outer() -> bool:
        async def inner() -> asyncio.Task[object] | None:
            return asyncio.current_task()

        return await bridge.call(inner()) is asyncio.current_task()

    assert bridge.ask(outer()).result(WAIT)


def test_cancelling_a_call_cancels_the_coroutine(bridge):
    waiter = Waiter()

    async def caller() -> None:
        task = asyncio.ensure_future(bridge.call(waiter.run()))
        assert await asyncio.to_thread(waiter.began.wait, WAIT)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(caller())
    assert waiter.cancelled.wait(WAIT)


def test_stopping_fails_what_still_waits(bridge):
    waiter = Waiter()
    future = bridge.ask(waiter.run())
    assert waiter.began.wait(WAIT)
    bridge.stop(WAIT)
    assert waiter.cancelled.is_set()
    with pytest.raises(ShuttingDown):
        future.result(WAIT)


def test_after_the_stop_telling_is_silent_and_asking_fails(bridge, caplog):
    bridge.stop(WAIT)
    bridge.tell(print, "never")
    with pytest.raises(ShuttingDown):
        bridge.ask(fails()).result(WAIT)
    with pytest.raises(ShuttingDown):
        asyncio.run(bridge.call(fails()))
    assert caplog.records == []


def test_a_bridge_that_never_started_refuses_and_stops():
    idle = Bridge()
    with pytest.raises(ShuttingDown):
        idle.ask(fails()).result(WAIT)
    idle.tell(print, "never")
    idle.stop(WAIT)


def test_stopping_runs_the_cleanup_while_the_loop_still_works(bridge):
    seen = []

    async def cleanup() -> None:
        await asyncio.sleep(0)
        seen.append(await bridge.call(thread_name()))

    bridge.stop(WAIT, cleanup)
    bridge.stop(WAIT, cleanup)
    assert seen == ["Vozduxan"]


def test_a_cleanup_that_fails_does_not_keep_the_loop_alive(bridge, caplog):
    bridge.stop(WAIT, fails)
    assert "BadInput" in caplog.text
    assert bridge.loop.is_closed()


def test_a_cleanup_that_hangs_is_given_up(bridge, caplog):
    bridge.stop(0.05, Waiter().run)
    assert "took too long" in caplog.text
    bridge.stop(WAIT)
    assert bridge.loop.is_closed()


def test_every_future_asked_for_during_a_stop_ends(bridge):
    futures: list[concurrent.futures.Future[None]] = []
    halfway = threading.Event()

    def hammer() -> None:
        for number in range(2000):
            futures.append(bridge.ask(Waiter().run()))
            if number == 300:
                halfway.set()

    hammering = threading.Thread(target=hammer)
    hammering.start()
    assert halfway.wait(WAIT)
    bridge.stop(WAIT)
    hammering.join(WAIT)
    assert len(futures) == 2000
    for future in futures:
        assert isinstance(future.exception(WAIT), ShuttingDown)


def test_nothing_else_has_code_run_on_the_loop_of_another_thread() -> None:
    here = Path(the_bridge.__file__)
    modules = [path for path in here.parent.rglob("*.py") if path != here]
    assert not [path for path in modules if "threadsafe(" in path.read_text()]
