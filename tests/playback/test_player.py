"""The player as the frontend uses it; Mopidy and the manager only take notes."""

from __future__ import annotations

from types import SimpleNamespace

import pykka
import pytest

from mopidy_vozduxan.exceptions import NoSuchFile
from mopidy_vozduxan.listener import StreamListener
from mopidy_vozduxan.playback import player as module
from mopidy_vozduxan.playback.player import Player
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.torrent.tags import Part, Tags
from tests.fake_engine import INFOHASH, album, source_of
from tests.playback.audio import Audio, Bridge

KIB = 1024
ALBUM = album(size=10_000_000)


class Manager:
    def __init__(self):
        self.told = []
        self.fails = None

    def play(self, target, uri, *, asked):
        if self.fails:
            raise self.fails
        self.told.append(("play", uri, asked))
        return "token"

    def forecast(self, token, position_ms):
        self.told.append(("forecast", token, position_ms))

    def moved(self, token, position_ms):
        self.told.append(("moved", token, position_ms))

    def aim(self, targets, buckets):
        self.told.append(("aim", [target.index for target in targets], buckets))

    def release(self, token):
        self.told.append(("release", token))

    async def waits(self, token):
        return token == "waiting"

    async def player_has(self, infohashes):
        return INFOHASH in infohashes


def target(index=0, length_ms=100_000, part=None):
    return Target(source_of(ALBUM), ALBUM, index, length_ms, part)


class World:
    def __init__(self, **answers):
        self.audio, self.bridge, self.manager = Audio(**answers), Bridge(), Manager()
        self.player = Player(self.audio, self.bridge, self.manager, self.target_of)

    def target_of(self, uri, length_ms):
        if not uri.isdigit():
            raise NoSuchFile(uri)
        return target(int(uri), length_ms)


@pytest.fixture
def world():
    return World()


def test_what_core_chose_is_the_latest_stream(world):
    assert world.player.open(target(), "uri", asked=True) == "token"
    assert world.manager.told == [("play", "uri", True)]
    assert world.player.latest_token == "token"
    assert world.player.latest_start_ms == 0


def test_what_cannot_be_opened_is_not_the_latest_stream(world):
    world.manager.fails = NoSuchFile("none")
    with pytest.raises(NoSuchFile):
        world.player.open(target(), "uri", asked=False)
    assert world.player.latest_token is None
    assert world.audio.properties == {}


def test_a_loop_that_is_late_does_not_hold_core_up(world):
    world.bridge.late = True
    with pytest.raises(TimeoutError):
        world.player.open(target(), "uri", asked=False)


@pytest.mark.parametrize(
    ("byte_rate", "size"),
    [
        (0.0, 128 * KIB),  # not known
        (16_000, 128 * KIB),
        (60_000, 300_000),  # five seconds
        (1e6, 512 * KIB),
    ],
)
def test_the_buffer_holds_seconds_within_bounds(world, byte_rate, size):
    world.player.set_buffers_for(byte_rate)
    assert world.audio.properties == {
        "buffer-size": size,
        "buffer-duration": 5 * 10**9,
    }


def test_the_buffer_is_for_the_file_that_plays(world):
    world.player.open(target(), "uri", asked=True)
    assert world.audio.properties["buffer-size"] == 500_000  # five of its 100 s


def test_the_buffer_of_a_part_is_for_a_wav_file(world):
    part = Part(2, 30 * 75, 60 * 75, Tags())
    world.player.open(target(length_ms=10**7, part=part), "uri", asked=True)
    assert world.audio.properties["buffer-size"] == 512 * KIB
    assert world.player.latest_start_ms == 30_000


def test_a_seek_moves_the_window_within_the_file(world):
    world.player.expect_seek(1000)
    assert world.manager.told == []  # nothing plays
    world.player.latest_token, world.player.latest_start_ms = "token", 30_000
    world.player.expect_seek(1000)
    assert world.manager.told == [("forecast", "token", 31_000)]


def test_fetching_ahead_leaves_out_what_cannot_play(world):
    world.player.aim([("1", 5), ("no file", None), ("2", None)], known=1)
    assert world.manager.told == [("aim", [1, 2], ("prefetch",))]


def test_positions_and_releases_are_told(world):
    world.player.moved("token", 7)
    world.player.release("token")
    assert world.manager.told == [("moved", "token", 7), ("release", "token")]


def test_whether_it_waits(world):
    assert world.player.waits("waiting")
    assert not world.player.waits("other")
    world.bridge.late = True
    assert world.player.waits("other")  # what cannot be told may wait


def test_whether_its_stream_is_of_a_torrent(world):
    assert world.player.has({INFOHASH})
    assert not world.player.has({"cd" * 20})


def test_the_position_is_the_audio_actors():
    assert World(get_position=1234).player.position_ms() == 1234


@pytest.mark.parametrize(
    ("states", "off", "idle"),
    [
        (("null", "void-pending"), True, False),
        (("ready", "void-pending"), False, True),
        (("ready", "paused"), False, False),
        (("playing", "void-pending"), False, False),
    ],
)
def test_what_gstreamer_is_at(world, states, off, idle):
    world.audio.states = states
    assert world.player.is_off() is off
    assert world.player.is_idle() is idle


def test_a_player_that_is_busy_is_not_idle(world):
    world.audio.states = None
    assert not world.player.is_idle()
    with pytest.raises(pykka.Timeout):
        world.player.is_off()


def test_a_start_is_counted_and_told(world, monkeypatch):
    sent = []
    monkeypatch.setattr(
        StreamListener, "send", lambda event, **kwargs: sent.append((event, kwargs))
    )
    world.player.start_requested("token", "uri", True)
    world.player.start_requested("token", "uri", False)
    assert world.player.latest_start == (2, "token", "uri", False)
    assert [(event, kwargs["start"]) for event, kwargs in sent] == [
        ("start_requested", 1),
        ("start_requested", 2),
    ]
    assert sent[0][1] == {"start": 1, "token": "token", "uri": "uri", "asked": True}


class Core(pykka.ThreadingActor):
    def __init__(self, playback):
        super().__init__()
        self.playback = pykka.traversable(playback)


def test_silence_stops_the_player_and_the_start_that_core_waits_for(world):
    playback = SimpleNamespace(_pending_tl_track="something")
    core = Core.start(playback)
    try:
        world.player.silence()
    finally:
        core.stop()  # when it has done what it was told
    assert world.audio.calls == [("stop_playback",)]
    assert playback._pending_tl_track is None


def test_silence_waits_no_longer_than_a_moment(monkeypatch):
    monkeypatch.setattr(module, "ANSWERS_S", 0.01)
    world = World(stop_playback=None)
    world.player.silence()
    assert world.audio.calls == [("stop_playback",)]


def test_pausing_is_the_audio_actors(world):
    world.player.pause()
    assert world.audio.calls == [("pause_playback",)]
