"""The backend's actor as Mopidy treats it: made, looked at, started, asked, stopped."""

from __future__ import annotations

import gc
import threading
import time
from pathlib import Path

import pykka
import pytest
from mopidy import backend, ext

from mopidy_vozduxan import Extension, backend_parts, running
from mopidy_vozduxan import backend as module
from mopidy_vozduxan.backend import VozduxanBackend
from mopidy_vozduxan.exceptions import StorageFailed
from mopidy_vozduxan.web import server_file
from tests.rig.mopidy import VOZDUXAN

WAIT = 20.0  #: seconds; a bound for a wait, never a pause


def config_in(folder: Path) -> dict[str, dict[str, object]]:
    """What Mopidy makes of our defaults, with the network off and folders here."""
    settings, errors = (
        Extension().get_config_schema().deserialize(defaults() | VOZDUXAN)
    )
    assert not errors
    for name in ("data", "cache"):
        (folder / name).mkdir()
    core = {"data_dir": str(folder / "data"), "cache_dir": str(folder / "cache")}
    return {"core": core, "proxy": {}, "vozduxan": settings}


def defaults() -> dict[str, str]:
    lines = Extension().get_default_config().splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line and line[0] != "#")
    return {name.strip(): value.strip() for name, _, value in pairs}


@pytest.fixture(autouse=True)
def no_actor_is_left():
    yield
    pykka.ActorRegistry.stop_all(timeout=WAIT)


class Parts:
    """Parts that do nothing but what a test says."""

    calls: list[str]

    def __init__(self, config, host):
        self.library = backend.LibraryProvider(host.backend)
        self.playback = backend.PlaybackProvider(host.audio, host.backend)
        self.playlists = backend.PlaylistsProvider(host.backend)
        self.more_asked = host.more_asked

    def start(self):
        self.calls.append("start")

    def stop(self):
        self.calls.append("stop")


@pytest.fixture
def parts(monkeypatch) -> type[Parts]:
    fresh = type("Fresh", (Parts,), {"calls": []})
    monkeypatch.setattr(backend_parts, "Parts", fresh)
    return fresh


def start() -> pykka.ActorRef:
    return VozduxanBackend.start(config={}, audio=None)


# --- the real parts


def test_mopidy_finds_its_providers_and_what_they_answer(tmp_path):
    actor = VozduxanBackend.start(config=config_in(tmp_path), audio=None)
    proxy = actor.proxy()
    assert proxy.uri_schemes.get(timeout=WAIT) == ("vozduxan", "magnet")
    assert proxy.library.root_directory.get(timeout=WAIT).name == "Torrents"
    assert proxy.has_library().get(timeout=WAIT)
    assert proxy.has_library_browse().get(timeout=WAIT)
    assert proxy.has_playback().get(timeout=WAIT)
    assert proxy.has_playlists().get(timeout=WAIT)
    assert proxy.library.browse("vozduxan:directory:root").get(timeout=WAIT) is not None
    assert proxy.playback.translate_uri("vozduxan:nothing").get(timeout=WAIT) is None
    assert proxy.playlists.as_list().get(timeout=WAIT) == []


def test_it_is_to_be_found_from_its_start_to_its_end(tmp_path):
    actor = VozduxanBackend.start(config=config_in(tmp_path), audio=None)
    assert actor.proxy().ping().get(timeout=WAIT)
    found = running.find()
    assert found.bridge.loop.is_running()
    folder = Path(tmp_path / "data" / "vozduxan")
    address = server_file.read(folder)
    assert address and address.url.startswith("http://127.0.0.1:")
    actor.stop(timeout=WAIT)
    assert running.current() is None
    assert server_file.read(folder) is None
    assert found.bridge.loop.is_closed()


def test_it_starts_again_in_the_same_folders(tmp_path):
    config = config_in(tmp_path)
    for _ in range(2):
        actor = VozduxanBackend.start(config=config, audio=None)
        assert actor.proxy().has_library().get(timeout=WAIT)
        actor.stop(timeout=WAIT)


def test_the_folders_are_those_of_the_extension(tmp_path):
    config = config_in(tmp_path)
    VozduxanBackend.start(config=config, audio=None).stop(timeout=WAIT)
    assert (Path(Extension.get_data_dir(config)) / "catalog.db").exists()
    assert issubclass(Extension, ext.Extension)


# --- what core asks


def test_the_backend_knows_whether_core_has_asked_for_more(parts, monkeypatch):
    told, asked_all = [], threading.Event()

    class Library(backend.LibraryProvider):
        def __init__(self, more_asked):
            super().__init__(None)
            self._more_asked = more_asked

        def lookup(self, uri):
            asked_all.wait(WAIT)
            told.append(self._more_asked())

    class WithLibrary(parts):
        def __init__(self, config, host):
            super().__init__(config, host)
            self.library = Library(host.more_asked)

    monkeypatch.setattr(backend_parts, "Parts", WithLibrary)
    library = start().proxy().library
    answers = [library.lookup(uri) for uri in ("one", "two", "three")]
    asked_all.set()
    for answer in answers:
        answer.get(timeout=WAIT)
    assert told == [True, True, False]


# --- a start that fails


def assert_it_has_nothing(actor: pykka.ActorRef) -> None:
    proxy = actor.proxy()
    assert proxy.ping().get(timeout=WAIT)
    assert not proxy.has_library().get(timeout=WAIT)
    assert not proxy.has_library_browse().get(timeout=WAIT)
    assert not proxy.has_playback().get(timeout=WAIT)
    assert not proxy.has_playlists().get(timeout=WAIT)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (StorageFailed("The disk is full."), "The disk is full."),
        (OSError(24, "Too many open files"), "[Errno 24] Too many open files"),
    ],
)
@pytest.mark.parametrize(("step", "calls"), [("__init__", []), ("start", ["stop"])])
def test_a_backend_that_cannot_start_says_so_and_has_nothing(
    parts, monkeypatch, caplog, step, calls, error, sentence
):
    def fail(*_args):
        raise error

    monkeypatch.setattr(parts, step, fail)
    assert_it_has_nothing(start())
    assert f"Vozduxan: Cannot start: {sentence}" in caplog.text
    assert len(caplog.records) == 1
    assert caplog.records[0].exc_info is None
    assert parts.calls == calls


def test_a_fault_of_ours_is_in_the_log_and_no_end_of_mopidys(
    parts, monkeypatch, caplog
):
    monkeypatch.setattr(parts, "start", lambda _: 1 / 0)
    assert_it_has_nothing(start())
    (record,) = caplog.records
    assert record.getMessage() == "Vozduxan: Cannot start"
    assert record.exc_info


@pytest.mark.parametrize("name", ["data", "cache"])
def test_a_folder_that_cannot_be_made_is_a_sentence_and_is_waited_for(
    tmp_path, caplog, name
):
    config = config_in(tmp_path)
    folder = tmp_path / name / "vozduxan"
    folder.write_text("not a folder")
    backend = VozduxanBackend.start(config=config, audio=None).proxy()
    assert backend.has_library_browse().get(timeout=WAIT)
    backend.library.browse("vozduxan:directory:root").get(timeout=WAIT)
    wait_for(lambda: warnings_in(caplog))
    (warning,) = warnings_in(caplog)
    assert f"{folder}" in warning
    assert "is not there" in warning
    folder.unlink()
    wait_for(
        lambda: backend.library.browse("vozduxan:directory:root").get(timeout=WAIT)
    )
    assert len(warnings_in(caplog)) == 1


def warnings_in(caplog):
    return [one.getMessage() for one in caplog.records if one.levelno >= 30]


def wait_for(true):
    until = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_port_that_cannot_be_had_is_a_sentence(tmp_path, caplog, monkeypatch):
    def fail(*_args, **_named):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("mopidy_vozduxan.web.door.bind_sockets", fail)
    actor = VozduxanBackend.start(config=config_in(tmp_path), audio=None)
    assert_it_has_nothing(actor)
    (record,) = [one for one in caplog.records if one.levelname == "ERROR"]
    assert "Cannot start: [Errno 24] Too many open files" in record.getMessage()
    assert running.current() is None
    actor.stop(timeout=WAIT)


def test_loading_leaves_nothing_that_is_never_looked_at_again():
    with module._collecting_no_garbage():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


# --- its end


def test_a_stop_while_it_starts_stops_what_started(parts, monkeypatch):
    starting, go_on = threading.Event(), threading.Event()

    def start_slowly(self):
        starting.set()
        go_on.wait(WAIT)
        self.calls.append("start")

    monkeypatch.setattr(parts, "start", start_slowly)
    actor = start()
    assert starting.wait(WAIT)
    stopped = actor.stop(block=False)
    go_on.set()
    stopped.get(timeout=WAIT)
    assert parts.calls == ["start", "stop"]
    assert not pykka.ActorRegistry.get_all()


def test_what_could_not_start_is_not_stopped_twice(parts, monkeypatch):
    def fail(_parts):
        raise StorageFailed("The disk is full.")

    monkeypatch.setattr(parts, "start", fail)
    actor = start()
    assert actor.proxy().ping().get(timeout=WAIT)
    actor.stop(timeout=WAIT)
    assert parts.calls == ["stop"]
