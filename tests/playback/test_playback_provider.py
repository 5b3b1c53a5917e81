"""What core asks of us to play a track; Mopidy and our player only take notes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from mopidy.models import Track

from mopidy_vozduxan.exceptions import NoSuchFile, VozduxanError
from mopidy_vozduxan.playback import playback_provider as module
from mopidy_vozduxan.playback.playback_provider import VozduxanPlaybackProvider
from mopidy_vozduxan.playback.walking import Walk
from tests.playback.audio import Audio

URI, OTHER = "vozduxan:track:one:1", "vozduxan:track:one:2"
CUT = (75, 150)


class Player:
    """Notes what it is told; opens everything, or raises ``fails``."""

    def __init__(self):
        self.walk = Walk()
        self.latest_uri = self.latest_token = None
        self.opened, self.starts, self.seeks = [], [], []
        self.fails = None

    def choose(self, uri):
        self.latest_uri = uri

    def open(self, target, uri, *, asked):
        if self.fails:
            raise self.fails
        self.opened.append((uri, asked))
        self.latest_token = f"token {len(self.opened)}"
        return self.latest_token

    def start_requested(self, token, uri, asked):
        self.starts.append((token, uri, asked))

    def expect_seek(self, position_ms):
        self.seeks.append(position_ms)


class World:
    def __init__(self, monkeypatch, **answers):
        self.audio, self.player = Audio(**answers), Player()
        self.named, self.forgotten, self.seeks_ended = [], [], []
        self.cut = None
        self.provider = VozduxanPlaybackProvider(
            self.audio, object(), self.player, self.target_of, self.url_for
        )
        monkeypatch.setattr(
            module, "forget_pending_start", lambda: self.forgotten.append(True)
        )
        monkeypatch.setattr(module, "end_seek", self.seeks_ended.append)

    def target_of(self, uri, length_ms, patience):
        self.named.append((uri, length_ms, patience))
        return SimpleNamespace(cut=self.cut)

    def url_for(self, token, cut):
        return f"http://door/{token}/{cut}"

    def change(self, uri=URI, *, prepared=True):
        if prepared:
            self.provider.prepare_change()
        return self.provider.change_track(Track(uri=uri, length=5000))

    @property
    def uris(self):
        return [args[0] for name, *args in self.audio.calls if name == "set_uri"]


@pytest.fixture
def world(monkeypatch):
    return World(monkeypatch)


def test_a_track_is_the_url_of_its_stream(world):
    assert world.change() is True
    assert world.named == [(URI, 5000, module.PATIENCE_S)]
    assert world.uris == ["http://door/token 1/None"]
    assert world.player.latest_uri == URI


def test_a_part_is_the_url_of_its_cut(world):
    world.cut = CUT
    world.change()
    assert world.uris == ["http://door/token 1/(75, 150)"]


def test_somebody_asked_for_what_core_makes_room_for(world):
    world.change()
    world.change(OTHER, prepared=False)  # the end of a track: core goes on by itself
    assert world.player.opened == [(URI, True), (OTHER, False)]


def test_nobody_asked_for_what_core_is_moved_on_to(world):
    with world.player.walk.moving_on():
        world.change()
    world.change(OTHER)
    assert world.player.opened == [(URI, False), (OTHER, True)]


@pytest.mark.parametrize("error", [NoSuchFile("It is not there."), OSError("a fault")])
def test_what_cannot_play_is_passed_over(world, monkeypatch, caplog, error):
    refused = []
    monkeypatch.setattr(world.player.walk, "refused", lambda: refused.append(True))
    world.player.fails = error
    assert world.change() is False
    assert world.uris == []
    assert refused == [True]
    [record] = caplog.records
    assert record.levelname == (
        "WARNING" if isinstance(error, VozduxanError) else "ERROR"
    )
    assert world.provider.translate_uri(URI) is None


def test_a_start_is_told_with_what_was_opened(world):
    world.change()
    assert world.provider.play() is True
    assert world.player.starts == [("token 1", URI, True)]
    assert world.audio.calls[-1] == ("start_playback",)


def test_a_start_of_nothing_is_not_told(world):
    world.provider.play()
    assert world.player.starts == []


def test_a_pause_after_a_stop_is_none(world):
    world.change()
    assert world.provider.pause() is True
    world.provider.stop()
    assert world.provider.pause() is False
    assert [name for name, *_ in world.audio.calls].count("pause_playback") == 1
    world.change(OTHER)
    assert world.provider.pause() is True


def test_a_stop_forgets_the_start_that_core_waits_for(world):
    assert world.provider.stop() is True
    assert world.forgotten == [True]
    assert world.audio.calls == [("stop_playback",)]


def test_a_seek_moves_our_window_first(world):
    assert world.provider.seek(7000) is True
    assert world.player.seeks == [7000]
    assert world.audio.calls == [("set_position", 7000)]
    assert world.seeks_ended == []


def test_a_seek_that_fails_is_over_for_core_too(monkeypatch):
    world = World(monkeypatch, set_position=False, get_position=1234)
    assert world.provider.seek(7000) is False
    assert world.seeks_ended == [1234]


class Source:
    """GStreamer's element that fetches by HTTP, or another one."""

    def __init__(self, name):
        self.name, self.properties, self.signals = name, {}, {}

    def get_factory(self):
        return SimpleNamespace(get_name=lambda: self.name)

    def set_property(self, name, value):
        self.properties[name] = value
        if f"notify::{name}" in self.signals:
            self.signals[f"notify::{name}"](self, None)

    def get_property(self, name):
        return self.properties[name]

    def connect(self, signal, callback):
        self.signals[signal] = callback


def test_the_http_source_is_patient_and_goes_by_no_proxy(world):
    source = Source("souphttpsrc")
    world.provider.on_source_setup(source)
    assert source.properties == {"timeout": 0, "iradio-mode": False, "proxy": ""}
    source.set_property("proxy", "http://proxy:3128")  # as Mopidy does afterwards
    assert source.properties["proxy"] == ""


def test_another_source_is_left_as_it_is(world):
    source = Source("filesrc")
    world.provider.on_source_setup(source)
    assert source.properties == source.signals == {}
