"""Waiting for lengths: once, not for long, and not for what shows no life."""

from __future__ import annotations

import threading
import time

import pytest

from mopidy_vozduxan.scanning import lookups
from mopidy_vozduxan.scanning.lookups import MOST, Lengths
from mopidy_vozduxan.scanning.means import Outcome

LONG_S = 20.0


class Scanner:
    """Takes what is opened; the test says how it goes on."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.lengths = Lengths(self.open)
        self.answer: Outcome | None = None
        self.news: dict[str, threading.Timer] = {}  # begins when that is opened

    def open(self, infohash: str) -> None:
        self.opened.append(infohash)
        if self.answer:
            self.lengths.ended(infohash, self.answer)
        if infohash in self.news:
            self.news[infohash].start()

    def wait(self, *infohashes: str, seconds: float = LONG_S) -> float:
        begin = time.monotonic()
        self.lengths.wait(infohashes, begin + seconds)
        return time.monotonic() - begin


@pytest.fixture
def scanner() -> Scanner:
    return Scanner()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "STILL_S", 0.05)


def test_a_lookup_ends_when_the_lengths_are_known(scanner: Scanner) -> None:
    def end() -> None:
        scanner.lengths.ended("a", Outcome.DONE)
        scanner.lengths.ended("b", Outcome.DONE)

    scanner.lengths.opened("a")
    scanner.news["b"] = threading.Timer(0.05, end)
    assert 0.04 < scanner.wait("a", "b") < LONG_S / 2
    assert scanner.opened == ["a", "b"]


def test_one_that_came_too_late_to_wait_may_wait_the_next_time(
    scanner: Scanner, impatient: None
) -> None:
    scanner.wait("a", seconds=0)
    assert scanner.opened == ["a"]
    assert scanner.wait("a") >= 0.04


def test_what_was_read_is_neither_read_nor_waited_for_again(scanner: Scanner) -> None:
    scanner.answer = Outcome.DONE
    scanner.lengths.opened("a")
    for _ in range(1000):
        scanner.lengths.opened("a")
        scanner.lengths.wait(["a"], time.monotonic() + LONG_S)
    assert scanner.opened == ["a"]


def test_what_had_no_metadata_is_read_once_it_has(scanner: Scanner) -> None:
    scanner.answer = Outcome.TOO_EARLY
    scanner.lengths.opened("a")
    scanner.lengths.opened("a")
    assert scanner.opened == ["a", "a"]


@pytest.mark.usefixtures("impatient")
def test_a_swarm_without_life_costs_one_short_wait(scanner: Scanner) -> None:
    assert scanner.wait("dead") < LONG_S / 2
    begin = time.monotonic()
    for _ in range(100):
        scanner.lengths.wait(["dead"], time.monotonic() + LONG_S)
    assert time.monotonic() - begin < LONG_S / 2


def test_a_swarm_with_life_is_waited_for_until_time_is_up(scanner: Scanner) -> None:
    stop = threading.Event()
    seconds = lookups.STILL_S * 2

    def live() -> None:
        while not stop.wait(0.01):
            scanner.lengths.moved("slow")

    thread = threading.Thread(target=live)
    thread.start()
    assert scanner.wait("slow", seconds=seconds) >= seconds
    stop.set()
    thread.join()


def test_lengths_of_many_torrents_would_come_too_late(scanner: Scanner) -> None:
    many = [str(number) for number in range(MOST + 1)]
    begin = time.monotonic()
    scanner.lengths.wait(many, begin + LONG_S)
    assert time.monotonic() - begin < LONG_S / 2
    assert sorted(scanner.opened) == many, "they are read all the same"


def test_time_that_is_up_already_is_not_waited_for(scanner: Scanner) -> None:
    assert scanner.wait("a", seconds=-1) < LONG_S / 2


def test_where_nothing_is_read_nothing_is_waited_for() -> None:
    lengths = Lengths(None)
    lengths.opened("a")
    lengths.wait(["a"], time.monotonic() + LONG_S)


def test_what_somebody_asks_to_be_read_again_is(scanner: Scanner) -> None:
    scanner.answer = Outcome.DONE
    scanner.lengths.opened("a")
    scanner.lengths.again("a")
    assert scanner.opened == ["a", "a"]


def test_when_mopidy_stops_nobody_waits(
    scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "STILL_S", LONG_S)
    stop = threading.Timer(0.05, scanner.lengths.stop)
    stop.start()
    assert scanner.wait("a") < LONG_S / 2
    assert scanner.wait("b") < LONG_S / 2
    stop.join()


def test_a_torrent_that_was_removed_and_comes_back_is_read_again(
    scanner: Scanner,
) -> None:
    scanner.answer = Outcome.DONE
    scanner.lengths.opened("a")
    scanner.lengths.opened("a")
    assert scanner.opened == ["a"]
    scanner.lengths.forget("a")
    scanner.lengths.opened("a")
    assert scanner.opened == ["a", "a"]
