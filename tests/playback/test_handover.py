"""The player's wait for core ends, and what it no longer needs is not done."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pykka
import pytest

from mopidy_vozduxan.playback import handover
from mopidy_vozduxan.playback.handover import Gst, Handover, Question, take_over

PATIENCE_S = 20


class Core(pykka.ThreadingActor):
    """Notes what it is asked; ``keep_busy`` keeps it from all else."""

    def __init__(self):
        super().__init__()
        self.asked = []
        self.playback = pykka.traversable(
            SimpleNamespace(
                _pending_tl_track=None,
                _current_tl_track="track",
                _on_about_to_finish=lambda: self.asked.append("next track"),
                get_state=lambda: self.asked.append("state"),
            )
        )

    def clear(self):
        self.playback._current_tl_track = None

    def begin(self, tl_track):
        self.playback._pending_tl_track = tl_track

    def keep_busy(self, until):
        until.wait(PATIENCE_S)


class Audio(pykka.ThreadingActor):
    """Keeps callbacks; its sink discards what comes until it is in use."""

    def __init__(self):
        super().__init__()
        self.callbacks = []
        self._playbin = Gst.ElementFactory.make("playbin")
        sink = Gst.parse_bin_from_description("queue ! fakesink", True)
        self._playbin.set_property("audio-sink", sink)

    def set_about_to_finish_callback(self, callback):
        self.callbacks.append(callback)


@pytest.fixture
def core():
    Gst.init([])
    yield Core.start()
    pykka.ActorRegistry.stop_all(timeout=PATIENCE_S)


@pytest.fixture
def sink():
    return SimpleNamespace(flags=0)


def begin(handover):
    thread = threading.Thread(target=handover, daemon=True)
    thread.start()
    return thread


def test_it_returns_when_core_has_chosen(core, sink):
    Handover(core, sink)()
    assert core.proxy().asked.get() == ["next track"]


def test_it_waits_for_a_core_that_is_merely_busy(core, sink):
    free = threading.Event()
    core.proxy().keep_busy(free)
    thread = begin(Handover(core, sink))
    thread.join(0.3)
    assert thread.is_alive()
    free.set()
    thread.join(PATIENCE_S)
    assert core.proxy().asked.get() == ["next track"]


def test_a_core_that_does_not_know_of_the_start_is_asked_once_it_does(core, sink):
    core.proxy().begin("short track").get()
    thread = begin(Handover(core, sink))
    thread.join(0.3)
    assert core.proxy().asked.get() == []
    core.proxy().begin(None).get()
    thread.join(PATIENCE_S)
    assert core.proxy().asked.get() == ["next track"]


def test_a_core_without_a_track_is_not_asked(core, sink):
    core.proxy().clear().get()
    Handover(core, sink)()
    assert core.proxy().asked.get() == []


def test_a_start_that_core_never_learns_of_is_not_waited_for_forever(
    core, sink, monkeypatch
):
    monkeypatch.setattr(handover, "START_S", 0.1)
    core.proxy().begin("short track").get()
    Handover(core, sink)()
    assert core.proxy().asked.get() == ["next track"]


def test_what_the_player_discards_is_not_waited_for_and_core_never_asked(core, sink):
    class Asked:
        """Core, once it has told what plays, and that no start is pending."""

        def ask(self, message, block):
            if not isinstance(message, Question):
                (_, name) = message.attr_path
                told = None if "pending" in name else "track"
                return SimpleNamespace(get=lambda timeout: told)
            return core.ask(message, block=block)

    free = threading.Event()
    core.proxy().keep_busy(free)
    thread = begin(Handover(Asked(), sink))
    thread.join(0.3)
    assert thread.is_alive()
    sink.flags = Gst.PadFlags.FLUSHING
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    free.set()
    assert core.proxy().asked.get() == ["state"]


def test_what_is_discarded_at_once_asks_nothing(core, sink):
    free = threading.Event()
    core.proxy().keep_busy(free)
    sink.flags = Gst.PadFlags.FLUSHING
    Handover(core, sink)()
    free.set()
    assert core.proxy().asked.get() == []


def test_a_core_that_has_ended_is_not_waited_for(core, sink):
    core.stop()
    Handover(core, sink)()


def test_it_takes_the_place_of_core_s_callback(core):
    audio = Audio.start()
    take_over(audio.proxy(), core.proxy())
    [callback] = audio.proxy().callbacks.get()
    callback()
    # Its sink has not begun to play, so it discards.
    assert "next track" not in core.proxy().asked.get()


def test_a_mopidy_that_is_made_otherwise_keeps_its_own_callback(core):
    audio = Audio.start()
    take_over(audio.proxy(), Audio.start().proxy())  # no core at all
    assert audio.proxy().callbacks.get() == []
