"""Whose turn it is: what was opened last, then the catalog, slowly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any

import pytest

from mopidy_vozduxan.exceptions import StorageFailed
from mopidy_vozduxan.scanning import scanner as scanner_module
from mopidy_vozduxan.scanning.means import Outcome
from mopidy_vozduxan.scanning.scanner import Pace, Scanner

AT_ONCE = Pace(first=0, pause=0.001, look=1000)


class World:
    """A scanner of torrents that are read when the test says so."""

    def __init__(self, pace: Pace = AT_ONCE, *, catalog: tuple[str, ...] = ()) -> None:
        self.begun: list[str] = []
        self.left: list[str] = []
        self.ended: list[tuple[str, Outcome]] = []
        self.reading: dict[str, asyncio.Future[tuple[Outcome, int]]] = {}
        self.unscanned = list(catalog)
        self.background = SimpleNamespace(is_calm=True)
        self.scans = self
        means: Any = SimpleNamespace(background=self.background, catalog=self)
        self.scanner = Scanner(
            means, pace, lambda *end: self.ended.append(end), catalog=bool(catalog)
        )

    async def unscanned_torrents(self, limit: int) -> list[str]:
        return self.unscanned[:limit]

    async def read(
        self, _: object, infohash: str, *, opened: bool, budget: int
    ) -> tuple[Outcome, int]:
        self.begun.append(infohash)
        future = asyncio.get_running_loop().create_future()
        self.reading[infohash] = future
        try:
            result: tuple[Outcome, int] = await future
        except asyncio.CancelledError:
            self.left.append(infohash)
            raise
        finally:
            del self.reading[infohash]
        if infohash in self.unscanned:
            self.unscanned.remove(infohash)
        return result

    async def until(self, true: Callable[[], object]) -> None:
        while not true():
            await asyncio.sleep(0.001)

    async def end(self, infohash: str, cost: int = 0) -> None:
        await self.until(lambda: infohash in self.reading)
        self.reading[infohash].set_result((Outcome.DONE, cost))
        await self.until(lambda: infohash not in self.reading)


Run = Callable[[Callable[[], Coroutine[Any, Any, None]]], None]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run(asyncio.wait_for(test(), 30))

    monkeypatch.setattr(
        scanner_module,
        "read_torrent",
        lambda means, *a, **k: means.catalog.read(means, *a, **k),
    )
    return run


def test_what_was_opened_last_comes_first_and_the_rest_afterwards(run: Run) -> None:
    async def test() -> None:
        world = World()
        world.scanner.opened("a")
        await world.until(lambda: "a" in world.reading)
        world.scanner.opened("b")
        await world.end("b")
        await world.end("a")
        await world.until(lambda: len(world.ended) == 2)
        assert world.begun == ["a", "b", "a"]
        assert world.left == ["a"]
        assert world.ended == [("b", Outcome.DONE), ("a", Outcome.DONE)]
        await world.scanner.close()

    run(test)


def test_what_is_removed_is_left_and_not_read_again(run: Run) -> None:
    async def test() -> None:
        world = World()
        world.scanner.opened("later")
        world.scanner.opened("gone too")
        world.scanner.opened("gone")
        await world.until(lambda: "gone" in world.reading)
        world.scanner.forget("gone too")
        world.scanner.forget("gone")
        world.scanner.forget("never heard of")
        await world.end("later")
        assert world.begun == ["gone", "later"]
        assert world.left == ["gone"]
        await world.until(lambda: world.ended == [("later", Outcome.DONE)])
        await world.scanner.close()

    run(test)


def test_the_catalog_is_read_when_nothing_is_opened(run: Run) -> None:
    async def test() -> None:
        world = World(catalog=("new", "old"))
        await world.end("new")
        await world.until(lambda: "old" in world.reading)
        world.scanner.opened("mine")
        await world.end("mine")
        await world.end("old")
        assert world.begun == ["new", "old", "mine", "old"]
        assert world.ended == [("mine", Outcome.DONE)]
        await world.scanner.close()

    run(test)


def test_the_catalog_waits_while_what_plays_is_not_safe(run: Run) -> None:
    async def test() -> None:
        world = World(catalog=("a",))
        world.background.is_calm = False
        await asyncio.sleep(10 * AT_ONCE.pause)
        assert world.begun == []
        world.background.is_calm = True
        await world.end("a")
        await world.scanner.close()

    run(test)


def test_what_cost_much_is_followed_by_a_long_pause(run: Run) -> None:
    async def test() -> None:
        pace = Pace(first=0, pause=0, look=0, rate=1)
        world = World(pace, catalog=("a", "b"))
        await world.end("a", cost=1000)
        pause = asyncio.ensure_future(asyncio.sleep(0.1))
        await asyncio.wait({pause})
        assert world.begun == ["a"]
        world.scanner.opened("c")
        await world.end("c")
        await world.scanner.close()

    run(test)


def test_one_that_breaks_ends_and_the_next_one_comes(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        world = World()
        for number, error in enumerate((StorageFailed("full"), ValueError("a bug"))):
            world.scanner.opened(str(number))
            await world.until(lambda: world.reading)
            world.reading[str(number)].set_exception(error)
            await world.until(lambda: not world.reading)
        await world.until(lambda: len(world.ended) == 2)
        assert world.ended == [("0", Outcome.DEAD), ("1", Outcome.DEAD)]
        await world.scanner.close()

    run(test)
    assert [record.exc_info is not None for record in caplog.records] == [True]


def test_a_catalog_that_cannot_be_asked_is_asked_again(run: Run) -> None:
    async def test() -> None:
        pace = Pace(first=0, pause=0.001, look=0.001)
        world = World(pace, catalog=("new",))
        ask, failures = world.unscanned_torrents, [StorageFailed("full")]

        def fail_once(limit: int) -> list[str]:
            if failures:
                raise failures.pop()
            return ask(limit)

        world.unscanned_torrents = fail_once  # type: ignore[method-assign]
        await world.end("new")
        await world.scanner.close()

    run(test)


def test_closing_leaves_what_is_being_read(run: Run) -> None:
    async def test() -> None:
        world = World()
        world.scanner.opened("a")
        await world.until(lambda: "a" in world.reading)
        await world.scanner.close()
        assert world.left == ["a"]
        assert world.ended == []

    run(test)
