"""Telling what core comes to by itself from what it is asked for."""

from types import SimpleNamespace

import pykka
import pytest

from mopidy_vozduxan.playback.walking import Walk


class Playback(pykka.ThreadingActor):
    """What core asks of a backend."""

    def __init__(self, walk):
        super().__init__()
        self.walk = walk

    def change(self, plays):
        """Return whether core had come to it by itself."""
        by_itself = self.walk.goes_on()
        if not plays:
            self.walk.refused()
        return by_itself


class Core(pykka.ThreadingActor):
    """Core, which goes through tracks in one message."""

    def __init__(self, backend):
        super().__init__()
        self.backend = backend
        self.playback = SimpleNamespace(get_state=lambda: "stopped")

    def play(self, *plays):
        return [self.backend.change(each).get() for each in plays]


@pytest.fixture
def walk():
    yield Walk()
    pykka.ActorRegistry.stop_all(timeout=10)


@pytest.fixture
def core(walk):
    return Core.start(Playback.start(walk).proxy()).proxy()


def test_what_core_is_asked_for_is_not_a_walk(core):
    assert core.play(True).get() == [False]
    assert core.play(True).get() == [False]


def test_core_goes_on_by_itself_from_what_it_is_refused(core):
    assert core.play(False, False, True).get() == [False, True, True]


def test_after_that_it_is_asked_again(core):
    core.play(False, False).get()
    assert core.play(False, True).get() == [False, True]


def test_core_that_is_moved_on_comes_to_it_by_itself(core, walk):
    with walk.moving_on():
        assert core.play(True).get() == [True]
    assert core.play(True).get() == [False]


def test_without_core_nobody_walks(walk):
    walk.refused()
    assert not walk.goes_on()
