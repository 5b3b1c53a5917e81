"""What Mopidy starts first, with real actors behind it."""

from __future__ import annotations

import gc
import threading

import pykka
import pytest
from gi.repository import GLib

from mopidy_vozduxan import early
from mopidy_vozduxan.early import EarlyBackend, Later
from mopidy_vozduxan.exceptions import StorageFailed


class Provider:
    _pykka_traversable = True

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        def call(*args, **kwargs):
            if args == ("bad",):
                raise LookupError("bad")
            self.calls.append((name, args, kwargs))
            return name

        return call


class Real(pykka.ThreadingActor):
    started = 0

    def __init__(self):
        super().__init__()
        Real.started += 1
        self.library = self.playback = self.playlists = Provider()


@pytest.fixture(autouse=True)
def no_actor_is_left():
    Real.started = 0
    yield
    pykka.ActorRegistry.stop_all()


@pytest.fixture
def early_one(monkeypatch):
    monkeypatch.setattr(early, "_start_backend", lambda *args: Real.start())
    return EarlyBackend.start(config={}, audio=None)


def test_the_backend_knows_whether_core_has_asked_for_more(monkeypatch):
    told, asked_all = [], threading.Event()

    class Library:
        _pykka_traversable = True

        def __init__(self, more_asked):
            self._more_asked = more_asked

        def lookup(self, uri):
            asked_all.wait(10)
            told.append(self._more_asked())

    class Backend(pykka.ThreadingActor):
        def __init__(self, more_asked):
            super().__init__()
            self.library = Library(more_asked)

    monkeypatch.setattr(early, "_start_backend", lambda *args: Backend.start(args[2]))
    library = EarlyBackend.start(config={}, audio=None).proxy().library
    answers = [library.lookup(uri) for uri in ("one", "two", "three")]
    asked_all.set()
    for answer in answers:
        answer.get(timeout=10)
    assert told == [True, True, False]


def test_nothing_is_loaded_until_somebody_asks(early_one):
    backend = early_one.proxy()
    assert backend.uri_schemes.get() == ("vozduxan", "magnet")
    assert backend.library.root_directory.get().name == "Torrents"
    assert backend.has_library().get()
    assert backend.has_library_browse().get()
    assert backend.has_playback().get()
    assert backend.has_playlists().get()
    assert Real.started == 0


@pytest.mark.parametrize(("provider", "methods"), early._ANSWERS.values())
def test_what_core_asks_is_passed_on(early_one, provider, methods):
    backend = early_one.proxy()
    for name in methods:
        method = getattr(getattr(backend, provider), name)
        assert method("x", exact=True).get() == name
    (real,) = pykka.ActorRegistry.get_by_class(Real)
    calls = real.proxy().library.calls.get()
    assert calls == [(name, ("x",), {"exact": True}) for name in methods]
    assert Real.started == 1


def test_what_goes_wrong_is_passed_on_too(early_one):
    with pytest.raises(LookupError, match="bad"):
        early_one.proxy().library.browse("bad").get()


def test_a_backend_that_cannot_start_has_nothing(monkeypatch, caplog):
    def fail(*_args):
        raise StorageFailed("The disk is full.")

    monkeypatch.setattr(early, "_start_backend", fail)
    backend = EarlyBackend.start(config={}, audio=None).proxy()
    assert backend.library.browse("x").get() == []
    assert backend.library.lookup_many(["x"]).get() == {}
    assert backend.playback.translate_uri("x").get() is None
    assert "Vozduxan: Cannot start: The disk is full." in caplog.text
    assert len(caplog.records) == 1


def test_many_who_ask_at_once_start_one():
    later = Later(Real.start)
    asked = [
        threading.Thread(target=later.ask, args=(("library", "browse"), None))
        for _ in range(8)
    ]
    for thread in asked:
        thread.start()
    for thread in asked:
        thread.join()
    assert Real.started == 1
    later.stop()
    assert not pykka.ActorRegistry.get_by_class(Real)


def test_stopping_stops_what_was_started(early_one):
    early_one.proxy().library.browse("x").get()
    early_one.stop()
    assert not pykka.ActorRegistry.get_all()


def test_stopping_starts_nothing(early_one):
    early_one.stop()
    assert Real.started == 0


def test_mopidys_main_loop_loads_all():
    later = Later(Real.start)
    later.load_when_idle()
    assert Real.started == 0
    loop = GLib.MainLoop()
    GLib.timeout_add(20, loop.quit)
    loop.run()
    later.wait()
    assert Real.started == 1
    later.stop()


def test_who_waits_gets_an_actor_without_a_main_loop_too(monkeypatch):
    monkeypatch.setattr(early, "IDLE_S", 0.01)
    later = Later(Real.start)
    later.wait()
    assert Real.started == 1
    later.stop()


def test_after_its_end_it_has_nothing():
    later = Later(Real.start)
    later.stop()
    assert later.ask(("library", "browse"), []) == []
    assert Real.started == 0


def test_loading_leaves_nothing_that_is_never_looked_at_again():
    with early._collecting_no_garbage():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
