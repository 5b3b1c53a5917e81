"""What our parts tell the frontend, and what they wait for."""

import threading

import pykka
import pytest

from mopidy_vozduxan import listener
from mopidy_vozduxan.listener import StreamListener, vacate

NAMES = frozenset({"ab" * 20})


class Listening(pykka.ThreadingActor, StreamListener):
    """Lets go of a torrent once it may."""

    def __init__(self, may):
        super().__init__()
        self.may = may
        self.vacated = []

    def vacate(self, infohashes):
        assert self.may.wait(10)
        self.vacated.append(infohashes)


@pytest.fixture
def may():
    """What the frontend waits for."""
    may = threading.Event()
    yield may
    may.set()
    pykka.ActorRegistry.stop_all(timeout=10)


def test_a_removal_goes_on_when_the_frontend_has_let_go(may):
    frontend = Listening.start(may).proxy()
    may.set()
    vacate(NAMES)
    assert frontend.vacated.get() == [NAMES]


def test_a_removal_goes_on_when_the_frontend_takes_too_long(may, monkeypatch, caplog):
    Listening.start(may)
    monkeypatch.setattr(listener, "VACATE_S", 0.05)
    vacate(NAMES)
    assert "Mopidy is busy" in caplog.text


def test_a_removal_goes_on_without_a_frontend():
    vacate(NAMES)
