"""What leaves Mopidy's queue with a torrent, and what takes its place."""

from __future__ import annotations

from types import SimpleNamespace

import pykka
import pytest
from mopidy.models import Track
from pykka.messages import ProxyCall

from mopidy_vozduxan.playback.vacating import vacate
from mopidy_vozduxan.torrent.uris import AddUri, TrackUri
from tests.playback.test_tracklist import Stage

#: Core warns of its own methods, and of tracks that are added as such.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

GONE, STAYS = "ab" * 20, "cd" * 20
V2 = "ef" * 32
URL = "https://example.com/gone.torrent"
ONE, TWO, OTHER = str(TrackUri(GONE, 0)), str(TrackUri(GONE, 1, 2)), "local:track:a"
NAMES = frozenset({GONE, V2, URL})


class Answer(SimpleNamespace):
    """A future that is done."""

    def get(self):
        return self.value


class Core:
    """A tracklist and a player; ``did`` is what was asked of them."""

    def __init__(self, uris, current=None, state="stopped"):
        self.entries = [
            SimpleNamespace(tlid=tlid, track=SimpleNamespace(uri=uri))
            for tlid, uri in enumerate(uris, 1)
        ]
        self.current, self.state = current, state
        self.did = []
        self.tracklist = self.playback = self

    def get_tl_tracks(self):
        return Answer(value=list(self.entries))

    def get_current_tlid(self):
        return Answer(value=self.current)

    def get_state(self):
        return Answer(value=self.state)

    def remove(self, criteria):
        tlids = criteria["tlid"]
        self.entries = [e for e in self.entries if e.tlid not in tlids]
        self.did.append(("remove", tlids))
        return Answer(value=None)

    def next(self):
        self.did.append("next")
        return Answer(value=None)

    def stop(self):
        self.did.append("stop")
        return Answer(value=None)

    def get_random(self):
        return Answer(value=False)


def player(has=False, latest_uri=None):
    return SimpleNamespace(has=lambda names: has, latest_uri=latest_uri)


@pytest.mark.parametrize("state", ["playing", "paused"])
def test_what_is_heard_gives_way_before_its_entry_leaves(state):
    core = Core([ONE, TWO, OTHER], 1, state)
    vacate(core, player(has=True), None, NAMES)
    assert core.did == [("remove", [2]), "next", ("remove", [1])]


def test_without_another_track_there_is_silence():
    core = Core([ONE, TWO], 2, "playing")
    vacate(core, player(has=True), None, NAMES)
    assert core.did == [("remove", [1]), "stop", ("remove", [2])]


def test_what_is_about_to_sound_counts_as_heard():
    core = Core([ONE, OTHER], None, "playing")
    vacate(core, player(has=True), ONE, NAMES)
    assert core.did == ["next", ("remove", [1])]


def test_what_the_player_has_already_taken_for_the_next_one_does_too():
    """Three seconds before a track ends, the player is given the following one."""
    core = Core([OTHER, ONE, TWO, OTHER], 1, "playing")
    vacate(core, player(has=True, latest_uri=ONE), None, NAMES)
    assert core.did == [("remove", [3]), "next", ("remove", [2])]


def test_others_are_not_disturbed():
    core = Core([OTHER, ONE, str(TrackUri(STAYS, 0))], 1, "playing")
    vacate(core, player(), None, NAMES)
    assert core.did == [("remove", [2])]


def test_nothing_queued_is_nothing_to_do():
    core = Core([OTHER, "magnet:?nonsense", "junk"], 1, "playing")
    vacate(core, player(), None, NAMES)
    assert core.did == []


def test_what_core_refuses_costs_nothing_else(caplog):
    """The entry may have left, or the next track may be gone, at any moment."""
    core = Core([ONE, TWO, OTHER], 1, "playing")
    core.next = lambda: {}["gone"]
    vacate(core, player(has=True), None, NAMES)
    assert core.did == [("remove", [2]), ("remove", [1])]
    assert "KeyError" in caplog.text


@pytest.mark.parametrize(
    "uri",
    [
        f"magnet:?xt=urn:btih:{GONE}&dn=Album",
        f"magnet:?xt=urn:btmh:1220{V2}",
        str(AddUri(URL)),
        str(TrackUri(V2, 3)),
    ],
)
def test_what_stands_for_the_torrent_leaves_too(uri):
    core = Core([uri])
    vacate(core, player(), None, NAMES)
    assert core.entries == []


# --- with a real core, which decides by itself what comes next


@pytest.fixture
def stage():
    yield Stage()
    pykka.ActorRegistry.stop_all(timeout=10)


def queue_up(stage, *uris):
    """Queue tracks of the torrents that go and stay; return their ids."""
    return stage.add(*(Track(uri=str(uri), length=1000) for uri in uris))


def about_to_finish(stage):
    """Have the player ask for the next track, as it does before the end of one."""
    path = "playback", "_on_about_to_finish"
    stage.core.actor_ref.ask(ProxyCall(attr_path=path, args=(), kwargs={}))


def sounds_now(stage):
    stage.core.stream_changed("http://127.0.0.1/").get()
    return stage.current


def test_the_queue_goes_on_where_it_was_when_the_player_has_the_next_track(stage):
    """It began again with its first track."""
    stays = [TrackUri(STAYS, n) for n in range(3)]
    tlids = queue_up(stage, stays[0], stays[1], ONE, stays[2])
    stage.play(tlids[1])
    about_to_finish(stage)
    vacate(stage.core, player(has=True, latest_uri=ONE), None, NAMES)
    assert sounds_now(stage) == tlids[3]


def test_of_an_album_whose_next_track_the_player_has_nothing_is_heard_any_more(stage):
    tlids = queue_up(stage, TrackUri(STAYS, 0), ONE, TWO, TrackUri(STAYS, 1))
    stage.play(tlids[1])
    about_to_finish(stage)
    vacate(stage.core, player(has=True, latest_uri=TWO), None, NAMES)
    assert sounds_now(stage) == tlids[3]


@pytest.mark.parametrize("time", range(10))
def test_with_random_nothing_of_it_is_chosen_again(stage, time):
    """Core shuffles again with every change, and includes what it has played."""
    tlids = queue_up(stage, ONE, TWO, TrackUri(STAYS, 0))
    stage.core.tracklist.set_random(True).get()
    stage.play(tlids[0])
    vacate(stage.core, player(has=True, latest_uri=ONE), None, NAMES)
    assert sounds_now(stage) == tlids[2]
    assert stage.core.tracklist.get_random().get()
