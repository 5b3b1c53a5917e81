"""The frontend as a real actor, between a core and a player that only note."""

import queue
from types import SimpleNamespace

import pykka
import pytest
from mopidy.models import TlTrack, Track

from mopidy_vozduxan import running
from mopidy_vozduxan.frontend import VozduxanFrontend
from mopidy_vozduxan.planning.following.coming import AIM_AFTER_S
from mopidy_vozduxan.planning.following.failing import MOST_SILENT_STARTS, POLL_S
from mopidy_vozduxan.playback.alarm import Alarm
from mopidy_vozduxan.playback.tracklist import Tracklist
from mopidy_vozduxan.playback.walking import Walk
from tests.parts import running_with

OURS = [f"vozduxan:track:{'ab' * 20}:{n}" for n in range(3)]
FOREIGN = "file:///song.mp3"
#: Silence without a reason is given up after this time.
PATIENCE_S = 20
ASKING = "mopidy_vozduxan.playback.asking"
CARRYING_OUT = "mopidy_vozduxan.playback.carrying_out"
MAGNET = f"magnet:?xt=urn:btih:{'cd' * 20}"


class Answer:
    def __init__(self, value=None):
        self.value = value

    def get(self, timeout=None):
        return self.value


class Core:
    """Mopidy's core as the frontend sees it: calls noted, answers at once."""

    def __init__(self, uris):
        self.calls = []
        self.state = "stopped"
        self.current = None
        self.modes = dict.fromkeys(["random", "repeat", "single"], False)
        self.tracks = [
            TlTrack(tlid=n, track=Track(uri=uri, length=10_000))
            for n, uri in enumerate(uris, 1)
        ]
        self.playback = SimpleNamespace(
            get_state=lambda: Answer(self.state),
            set_state=self.set_state,
            get_current_tl_track=lambda: Answer(self.current),
            get_current_tlid=lambda: Answer(self.current and self.current.tlid),
            next=lambda: self.note("next"),
            stop=lambda: self.note("stop"),
            pause=lambda: self.note("pause"),
            play=lambda: self.note("play"),
            seek=lambda ms: self.note(f"seek {ms}"),
            get_time_position=lambda: Answer(self.sought_ms),
        )
        self.sought_ms = 0
        self.tracklist = SimpleNamespace(
            get_tl_tracks=lambda: Answer(self.tracks),
            get_next_tlid=lambda: Answer(self.after_current()),
            get_random=lambda: Answer(self.modes["random"]),
            get_repeat=lambda: Answer(self.modes["repeat"]),
            get_single=lambda: Answer(self.modes["single"]),
        )

    def set_state(self, state):
        self.state = state
        return self.note(f"set_state {state}")

    def note(self, call):
        self.calls.append(call)
        return Answer()

    def after_current(self):
        later = [t.tlid for t in self.tracks if t.tlid > self.current.tlid]
        return later[0] if later else None


class Player:
    """Mopidy's player, noting what is asked of it."""

    def __init__(self):
        self.latest_token = self.latest_uri = None
        self.latest_start_ms = 0
        self.starts = 0
        self.latest_start = None
        self.calls = []
        self.aims = []
        self.walk = Walk()
        self.position = 0
        self.moves = []
        self.off = self.idle = self.waiting = False

    def ask_for_the_next(self, core):
        pass

    def is_off(self):
        return self.off

    def is_idle(self):
        return self.idle

    def waits(self, token):
        return self.waiting

    def begin(self, token, uri, asked=False):
        """What the playback provider does when core starts a track."""
        self.starts += 1
        self.latest_token, self.latest_uri = token, uri
        self.latest_start = self.starts, token, uri, asked
        return {"start": self.starts, "token": token, "uri": uri, "asked": asked}

    def position_ms(self):
        return self.position

    def moved(self, token, position_ms):
        self.moves.append((token, position_ms))

    def aim(self, following, known):
        self.aims.append(([uri for uri, _ in following], known))

    def release(self, token):
        self.calls.append(f"release {token}")

    def silence(self):
        self.calls.append("silence")

    def pause(self):
        self.calls.append("pause")

    def set_buffers(self, size, duration_ns):
        self.calls.append("buffers")


class Library:
    """The library, noting what is searched for; it knows nothing."""

    def __init__(self):
        self.begun = []

    def known(self, uri):
        return None

    def begin(self, uri):
        self.begun.append(uri)


class Stage:
    def __init__(self, uris=tuple(OURS), prefetch_tracks=2):
        self.core = Core(uris)
        self.player = Player()
        self.library = Library()
        self.config = {
            "vozduxan": {
                "prefetch_tracks": prefetch_tracks,
                "stall_timeout": PATIENCE_S,
            },
            "core": {"max_tracklist_length": 100},
        }

    def start(self):
        running.announce(running_with(player=self.player, library=self.library))
        self.ref = VozduxanFrontend.start(self.config, self.core)
        self.actor = self.ref.proxy()
        return self

    def tell(self, event, **kwargs):
        self.actor.on_event(event, **kwargs).get(timeout=10)

    def play(self, number, token="A"):
        """Core starts a track and it sounds."""
        self.core.current = self.core.tracks[number]
        self.tell("start_requested", **self.player.begin(token, OURS[number]))
        self.core.state = "playing"
        self.tell("track_playback_started", tl_track=self.core.current)

    def state(self, old, new):
        self.core.state = new
        self.tell("playback_state_changed", old_state=old, new_state=new)

    def aim(self):
        """What the alarm does a moment after the tracklist changed."""
        self.actor.aim().get(timeout=10)
        return self.player.aims[-1]


@pytest.fixture
def stage():
    yield Stage().start()
    pykka.ActorRegistry.stop_all(timeout=10)
    running.withdraw()


def test_a_start_that_waits_is_shown_as_playing(stage):
    stage.tell("start_requested", **stage.player.begin("A", OURS[0]))
    assert stage.core.calls == ["set_state playing"]


def taken_back(stage, sought_ms):
    """A start that a seek has taken back, since core was stopped."""
    stage.player.idle, stage.core.sought_ms = True, sought_ms
    stage.tell("start_requested", **stage.player.begin("A", OURS[0]))
    stage.player.idle = False
    stage.state("stopped", "playing")
    stage.tell("start_requested", **stage.player.begin("A", OURS[0]))


def test_a_start_that_a_seek_took_back_is_made_again(stage):
    """It stayed "playing" in silence."""
    taken_back(stage, sought_ms=4000)
    assert stage.core.calls == ["set_state playing", "play"]


@pytest.mark.parametrize(
    ("position_ms", "seeks"), [(0, ["seek 4000"]), (4000, [])], ids=str
)
def test_it_begins_where_the_listener_wanted(stage, position_ms, seeks):
    """Core may have forgotten where that is."""
    taken_back(stage, sought_ms=4000)
    stage.core.calls.clear()
    stage.player.position = position_ms
    stage.tell("track_playback_started", tl_track=stage.core.tracks[0])
    assert stage.core.calls == seeks


class Refusal:
    """Core's answer when the entry has just left the queue."""

    def get(self, timeout=None):
        raise AttributeError("'NoneType' object has no attribute 'length'")


def test_what_core_refuses_costs_nothing_else(stage, caplog):
    """A seek was refused, and nothing followed the track any more."""
    taken_back(stage, sought_ms=4000)
    stage.core.playback.seek = lambda ms: Refusal()
    stage.core.current = stage.core.tracks[0]
    stage.tell("track_playback_started", tl_track=stage.core.current)
    assert "Seek(position_ms=4000)" in caplog.text
    stage.tell("seeked", time_position=5000)
    assert stage.player.moves[-1] == ("A", 5000)
    assert stage.aim() == (OURS[1:], 2)


def test_a_player_that_does_not_answer_is_looked_at_again(stage, monkeypatch):
    def busy():
        raise pykka.Timeout

    stage.play(0)
    reminded = []
    monkeypatch.setattr(Alarm, "set", lambda *args: reminded.append(args[1]))
    monkeypatch.setattr(stage.player, "position_ms", busy)
    stage.actor.follow_position().get(timeout=10)
    assert reminded == [POLL_S]


def test_what_plays_instead_begins_at_its_beginning(stage):
    taken_back(stage, sought_ms=4000)
    stage.core.calls.clear()
    stage.play(1)
    stage.tell("track_playback_started", tl_track=stage.core.tracks[0])
    assert stage.core.calls == []


def test_a_stop_while_a_start_is_pending_silences_the_player(stage):
    stage.tell("start_requested", **stage.player.begin("A", OURS[0]))
    stage.state("playing", "stopped")
    assert stage.player.calls == ["silence", "release A"]


def test_a_stop_leaves_a_newer_start_alone(stage):
    stage.tell("start_requested", **stage.player.begin("A", OURS[0]))
    newer = stage.player.begin("A", OURS[0])  # the event is still on its way
    stage.state("playing", "stopped")
    assert stage.player.calls == []
    stage.tell("start_requested", **newer)
    stage.state("playing", "stopped")
    assert "silence" in stage.player.calls


def test_a_start_whose_entry_is_taken_out_is_called_off(stage):
    stage.tell("start_requested", **stage.player.begin("A", OURS[0]))
    stage.tell("tracklist_changed")
    assert "stop" not in stage.core.calls
    del stage.core.tracks[0]
    stage.tell("tracklist_changed")
    assert stage.core.calls[-1] == "stop"


def test_what_is_started_again_goes_on_when_consume_takes_it_out(stage):
    stage.play(0)
    stage.tell("start_requested", **stage.player.begin("B", OURS[0]))
    del stage.core.tracks[0]
    stage.tell("tracklist_changed")
    assert "stop" not in stage.core.calls


def test_what_sounds_goes_on_when_its_entry_is_taken_out(stage):
    stage.play(0)
    del stage.core.tracks[0]
    stage.tell("tracklist_changed")
    assert "stop" not in stage.core.calls


def test_the_position_in_a_part_counts_from_where_the_part_begins(stage):
    stage.player.latest_start_ms = 60_000
    stage.play(0)
    stage.tell("seeked", time_position=5000)
    stage.player.latest_start_ms = 90_000  # what comes next was opened
    stage.tell("seeked", time_position=7000)
    assert [ms for _, ms in stage.player.moves][-2:] == [65_000, 67_000]


def test_a_stop_releases_what_was_to_come(stage):
    stage.play(0)
    stage.player.latest_token = "B"  # the next track, without a gap
    stage.state("playing", "stopped")
    assert sorted(stage.player.calls) == ["release A", "release B"]
    assert stage.player.aims[-1] == ([], 0)


def test_a_pause_while_a_start_is_pending_holds(stage):
    stage.tell("start_requested", **stage.player.begin("A", OURS[0]))
    stage.state("playing", "paused")
    assert stage.player.calls == ["pause"]
    stage.core.current = stage.core.tracks[0]
    stage.tell("track_playback_started", tl_track=stage.core.current)
    assert stage.core.calls[-1] == "pause"


@pytest.mark.parametrize(
    ("current", "modes", "expected"),
    [
        (0, {}, (OURS[1:], 2)),
        (1, {}, (OURS[2:], 2)),
        (2, {}, ([], 2)),
        (0, {"random": True}, (OURS[1:], 1)),
        (0, {"single": True}, (OURS[1:], 0)),
        (0, {"single": True, "repeat": True}, (OURS, 1)),
        (1, {"repeat": True}, ([OURS[2], OURS[0]], 2)),
    ],
)
def test_the_buckets_are_aimed_at_what_comes_next(stage, current, modes, expected):
    stage.core.modes.update(modes)
    stage.play(current)
    assert stage.aim() == expected


@pytest.mark.parametrize(("ahead", "aims"), [(0, []), (1, [(OURS[1:], 1)])])
def test_as_many_next_tracks_get_a_bucket_as_are_configured(monkeypatch, ahead, aims):
    def at_once(self, seconds, call, *args):
        if seconds == AIM_AFTER_S:
            call(*args)

    monkeypatch.setattr(Alarm, "set", at_once)
    stage = Stage(prefetch_tracks=ahead).start()
    try:
        stage.play(0)
        stage.tell("options_changed")  # it has aimed by now
        assert stage.player.aims[:1] == aims
    finally:
        pykka.ActorRegistry.stop_all(timeout=10)
        running.withdraw()


def test_tracks_of_other_backends_are_passed_over(stage):
    foreign = TlTrack(tlid=9, track=Track(uri=FOREIGN, length=1))
    stage.core.tracks.insert(1, foreign)
    stage.play(0)
    stage.core.after_current = lambda: 9
    assert stage.aim() == (OURS[1:], 2)


def test_our_next_track_is_fetched_while_another_backends_plays(stage):
    foreign = TlTrack(tlid=9, track=Track(uri=FOREIGN, length=1))
    stage.core.tracks.insert(0, foreign)
    stage.core.current, stage.core.state = foreign, "playing"
    stage.core.after_current = lambda: 1
    stage.tell("track_playback_started", tl_track=foreign)
    assert stage.aim() == (OURS, 2)
    assert "buffers" in stage.player.calls


def test_nothing_is_fetched_ahead_while_nothing_sounds(stage):
    stage.actor.aim().get(timeout=10)
    assert stage.player.aims == []


def test_the_position_reaches_the_window(stage):
    stage.player.position = 1234
    stage.play(0)
    stage.tell("seeked", time_position=5000)
    stage.tell("track_playback_paused", tl_track=stage.core.current, time_position=5100)
    assert stage.player.moves == [("A", 1234), ("A", 5000), ("A", 5100)]


def test_a_dead_stream_moves_core_on_once_nothing_sounds(stage):
    stage.play(0)
    failure = {"token": "A", "uri": OURS[0], "reason": "Dead."}
    for stage.player.position in (1000, 2000):
        stage.tell("stream_failed", **failure)
    assert "next" not in stage.core.calls
    stage.tell("stream_failed", **failure)
    assert "next" in stage.core.calls


def test_a_file_without_sound_moves_core_on(stage):
    stage.tell("start_requested", **stage.player.begin("A", OURS[0]))
    stage.actor.follow_position().get(timeout=10)
    assert "next" not in stage.core.calls
    stage.player.off = True
    stage.actor.follow_position().get(timeout=10)
    assert "next" in stage.core.calls


@pytest.mark.parametrize("starting", [True, False])
def test_a_player_that_is_silent_without_a_reason_is_moved_on_from(
    stage, starting, monkeypatch
):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(f"{ASKING}.time.monotonic", lambda: clock.now)

    def look(*times):
        for clock.now in times:
            stage.actor.follow_position().get(timeout=10)

    if starting:
        stage.tell("start_requested", **stage.player.begin("A", OURS[0]))
    else:
        stage.play(0)
        stage.player.position = 500
    stage.player.waiting = True
    look(1.0, PATIENCE_S + 5.0)  # others are patient with its swarm
    stage.player.waiting = False
    look(100.0, 99.0 + PATIENCE_S)
    assert "next" not in stage.core.calls
    look(100.0 + PATIENCE_S)
    assert "next" in stage.core.calls


def test_what_breaks_near_its_end_does_not_take_the_next_track_with_it(
    stage, monkeypatch
):
    forgotten = []
    monkeypatch.setattr(
        f"{CARRYING_OUT}.forget_pending_start",
        lambda: forgotten.append(1),
    )
    stage.play(0)
    stage.player.latest_token, stage.player.latest_uri = "B", OURS[1]
    stage.player.off = True
    stage.actor.follow_position().get(timeout=10)
    assert forgotten
    assert stage.core.calls.count("next") == 1
    assert "release A" in stage.player.calls
    assert "release B" not in stage.player.calls


def test_an_output_that_tells_no_positions_is_not_taken_for_silent(stage, monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(f"{ASKING}.time.monotonic", lambda: clock.now)
    stage.play(0)
    for clock.now in (1.0, 2.0 + PATIENCE_S, 3.0 + 2 * PATIENCE_S):
        stage.actor.follow_position().get(timeout=10)
    assert "next" not in stage.core.calls


def test_a_pause_is_no_silence(stage, monkeypatch):
    now = 0.0
    monkeypatch.setattr(f"{ASKING}.time.monotonic", lambda: now)
    stage.play(0)
    stage.actor.follow_position().get(timeout=10)
    stage.state("playing", "paused")
    now = 1000.0
    stage.state("paused", "playing")
    stage.actor.follow_position().get(timeout=10)
    assert "next" not in stage.core.calls


def test_a_player_without_sound_is_not_taken_for_many_bad_files(stage):
    def go_on():
        stage.player.begin("next", OURS[0])
        return stage.core.note("next")

    stage.core.tracks *= 10
    stage.core.playback.next = go_on
    stage.player.off = True
    stage.tell("start_requested", **stage.player.begin("A", OURS[0]))
    for _ in range(MOST_SILENT_STARTS):
        stage.actor.follow_position().get(timeout=10)
    assert "stop" not in stage.core.calls
    stage.actor.follow_position().get(timeout=10)
    assert stage.core.calls[-1] == "stop"
    assert stage.core.calls.count("next") == MOST_SILENT_STARTS


def test_a_failure_of_what_core_has_left_is_no_news(stage):
    stage.play(0)
    stage.player.latest_token = "B"
    for _ in range(3):
        stage.tell("stream_failed", token="A", uri=OURS[0], reason="Dead.")
    assert "next" not in stage.core.calls


def test_a_list_of_dead_tracks_is_gone_through_once(stage):
    stage.core.state = "playing"
    for n in range(9):
        begun = stage.player.begin(f"T{n}", OURS[n % 3])
        stage.tell("start_requested", **begun)
        stage.core.state = "playing"
        for _ in range(2):
            stage.tell("stream_failed", token=f"T{n}", uri="", reason="Dead.")
    assert stage.core.calls.count("next") <= len(stage.core.tracks)
    assert "stop" in stage.core.calls


def test_what_is_asked_for_begins_another_round(stage):
    for n in range(9):
        begun = stage.player.begin(f"T{n}", OURS[n % 3], asked=True)
        stage.tell("start_requested", **begun)
        stage.core.state = "playing"
        for _ in range(2):
            stage.tell("stream_failed", token=f"T{n}", uri="", reason="Dead.")
    assert stage.core.calls.count("next") >= 9


def test_the_player_is_silent_before_the_last_dead_stream_is_released(stage):
    stage.core.state = "playing"
    stage.tell("start_requested", **stage.player.begin("A", OURS[0]))
    for _ in range(2):
        stage.tell("stream_failed", token="A", uri=OURS[0], reason="Dead.")
    assert stage.player.calls[:2] == ["silence", "release A"]
    stage.tell("playback_state_changed", old_state="playing", new_state="stopped")
    assert stage.player.calls.count("silence") == 1


def test_a_restored_start_is_watched_over():
    stage = Stage()
    stage.player.begin("A", OURS[0])
    try:
        stage.start()
        stage.actor.aim().get(timeout=10)  # it is up
        assert stage.core.calls == ["set_state playing"]
    finally:
        pykka.ActorRegistry.stop_all(timeout=10)
        running.withdraw()


def test_what_core_has_restored_is_followed():
    stage = Stage()
    stage.player.begin("A", OURS[0])
    stage.core.current, stage.core.state = stage.core.tracks[0], "playing"
    stage.player.position = 700
    try:
        stage.start()
        assert stage.aim() == (OURS[1:], 2)
        assert stage.player.moves == [("A", 700)]
    finally:
        pykka.ActorRegistry.stop_all(timeout=10)
        running.withdraw()


def test_events_without_a_backend_are_let_go(stage):
    running.withdraw()
    stage.tell("seeked", time_position=1)


@pytest.fixture
def corrections(monkeypatch):
    """What the tracklist is corrected by: torrents, and the entries that stay."""
    made = queue.Queue()

    def correct(self, infohashes, known, held):
        made.put((set(infohashes), held(self._read())))

    monkeypatch.setattr(Tracklist, "correct", correct)
    return made


def correction_with(corrections, infohash):
    """The first correction by what is known of that torrent."""
    while infohash not in (correction := corrections.get(timeout=10))[0]:
        pass
    return correction


def test_what_is_found_corrects_the_tracklist(stage, corrections):
    stage.tell("source_resolved", uri=MAGNET, infohash="ab")
    assert correction_with(corrections, "ab")[1] == set()


def test_tags_correct_the_tracklist_a_few_at_a_time(stage, corrections):
    correction_with(corrections, "ab" * 20)  # what was there at the start
    for infohash in ("ab", "cd", "ab"):
        stage.tell("tracks_known", infohash=infohash)
    assert corrections.get(timeout=10) == ({"ab", "cd"}, set())
    assert corrections.empty()


def test_what_plays_and_what_the_player_has_stay_in_the_tracklist(stage, corrections):
    stage.play(0)
    stage.player.latest_uri = OURS[1]  # the next track, without a gap
    stage.tell("source_resolved", uri=MAGNET, infohash="ab")
    assert correction_with(corrections, "ab")[1] == {1, 2}


def test_what_is_about_to_start_stays_in_the_tracklist(stage, corrections):
    stage.player.begin("A", OURS[2])  # the event is still on its way
    stage.tell("source_resolved", uri=MAGNET, infohash="ab")
    assert correction_with(corrections, "ab")[1] == {3}


def test_when_all_is_still_only_what_is_selected_stays(stage, corrections):
    stage.play(0)
    stage.player.latest_uri = OURS[1]
    stage.state("playing", "stopped")
    stage.tell("source_resolved", uri=MAGNET, infohash="ab")
    assert correction_with(corrections, "ab")[1] == {1}


def test_what_was_in_the_tracklist_before_is_looked_after(corrections):
    stage = Stage([OURS[0], MAGNET, FOREIGN])
    try:
        stage.start()
        correction_with(corrections, "ab" * 20)
        assert stage.library.begun == [MAGNET]
    finally:
        pykka.ActorRegistry.stop_all(timeout=10)
        running.withdraw()
