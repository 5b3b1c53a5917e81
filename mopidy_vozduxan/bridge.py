"""Our own event loop on its own thread, and the only ways onto it.

``tell`` and ``ask`` reach the loop from any thread, ``call`` from any other event loop,
and :func:`wake` reaches a waiting loop from a library's threads. Nothing else in the
project runs code on another thread's loop. Blocking work is sent away from the loop
(``asyncio.to_thread``, executors) and awaited; the loop itself never blocks.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import ParamSpec, TypeVar

from mopidy_vozduxan.exceptions import ShuttingDown

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

#: How long cancelled tasks may take to end before the loop is closed on them.
_WIND_DOWN_SECONDS = 1.0


class Bridge:
    """An asyncio loop (Tornado's too) that runs on a daemon thread.

    Call ``start`` once and ``stop`` once. Its only lock orders "enqueue" against
    "closed": the loop settles everything that came before, and refuses everything that
    comes later, so that no ``ask`` waits forever.
    """

    def __init__(self, name: str = "Vozduxan") -> None:
        self._name = name
        self._gate = threading.Lock()
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop; :exc:`ShuttingDown` if it was never started."""
        if self._loop is None:
            raise ShuttingDown("The streaming loop is not running.")
        return self._loop

    def time(self) -> float:
        """Return the loop's time in seconds, also before the loop exists."""
        return time.monotonic()

    def start(self) -> None:
        """Start the thread, which runs what is told and asked from now on."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(
        self,
        timeout: float = 5.0,
        cleanup: Callable[[], Coroutine[object, object, None]] | None = None,
    ) -> None:
        """Run ``cleanup`` on the loop, cancel all tasks and end the thread.

        Returns after at most ``timeout`` seconds, done or not. Call it from another
        thread than the loop's. A second call does nothing.
        """
        give_up = time.monotonic() + timeout
        if cleanup and self._thread and not self._closed:
            self._clean_up(cleanup, timeout)
        with self._gate:
            was_closed, self._closed = self._closed, True
            if self._loop and not was_closed:
                self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread:
            self._thread.join(max(0.0, give_up - time.monotonic()))
            if self._thread.is_alive():
                logger.warning("Vozduxan: The streaming thread did not stop in time.")

    def tell(self, fn: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Call ``fn`` on the loop soon, in the order of the calls.

        Exceptions are logged. After :meth:`stop` nothing happens.
        """
        self._enqueue(partial(_run_told, partial(fn, *args, **kwargs)))

    def ask(self, coro: Coroutine[object, object, T]) -> concurrent.futures.Future[T]:
        """Run ``coro`` on the loop; the future gets its result.

        Cancelling the future cancels the coroutine. If the loop stops or has stopped,
        the future fails with :exc:`ShuttingDown`.
        """
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        if not self._enqueue(partial(self._begin, coro, future)):
            _refuse(coro, future)
        return future

    async def call(self, coro: Coroutine[object, object, T]) -> T:
        """Await ``coro`` on our loop, from any other loop.

        Cancelling the caller cancels the coroutine, without waiting for it.
        """
        if asyncio.get_running_loop() is self._loop:
            return await coro
        return await asyncio.wrap_future(self.ask(coro))

    def _enqueue(self, callback: Callable[[], None]) -> bool:
        with self._gate:
            if self._closed or self._loop is None:
                return False
            self._loop.call_soon_threadsafe(callback)
            return True

    def _begin(
        self,
        coro: Coroutine[object, object, T],
        future: concurrent.futures.Future[T],
    ) -> None:
        if self._closed or future.cancelled():
            return _refuse(coro, future)
        task = self.loop.create_task(coro)
        task.add_done_callback(partial(_settle, future))

        def follow(done: concurrent.futures.Future[T]) -> None:
            if done.cancelled():
                self.tell(task.cancel)

        future.add_done_callback(follow)
        return None

    def _clean_up(
        self, cleanup: Callable[[], Coroutine[object, object, None]], timeout: float
    ) -> None:
        future = self.ask(cleanup())
        try:
            future.result(timeout)
        except concurrent.futures.TimeoutError:
            future.cancel()
            logger.warning(
                "Vozduxan: Cleaning up after streaming took too long; giving up."
            )
        except Exception:
            logger.exception("Cleaning up after streaming failed.")

    def _run(self) -> None:
        loop = self.loop
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            loop.run_until_complete(_cancel_all())
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()


def wake(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
    """Call ``callback`` on ``loop`` soon, if it still runs; from any thread."""
    with contextlib.suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(callback)


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=_WIND_DOWN_SECONDS)


def _run_told(fn: Callable[[], object]) -> None:
    try:
        fn()
    except Exception:
        logger.exception("A message to the streaming loop failed.")


def _refuse(
    coro: Coroutine[object, object, T], future: concurrent.futures.Future[T]
) -> None:
    coro.close()
    if future.set_running_or_notify_cancel():
        future.set_exception(ShuttingDown("Streaming is stopping."))


def _settle(future: concurrent.futures.Future[T], task: asyncio.Task[T]) -> None:
    error = None if task.cancelled() else task.exception()
    if not future.set_running_or_notify_cancel():
        return
    if task.cancelled():
        future.set_exception(ShuttingDown("Streaming is stopping."))
    elif error is not None:
        future.set_exception(error)
    else:
        future.set_result(task.result())
