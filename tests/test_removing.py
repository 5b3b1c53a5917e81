"""What leaves Mopidy's queue with a torrent, and what takes its place."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from mopidy_vozduxan.removing import vacate
from mopidy_vozduxan.uris import AddUri, TrackUri

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


def player(has=False):
    return SimpleNamespace(has=lambda names: has)


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
    core = Core([OTHER, ONE, OTHER], 1, "playing")
    vacate(core, player(has=True), None, NAMES)
    assert core.did == [("remove", [2]), "next"]


def test_others_are_not_disturbed():
    core = Core([OTHER, ONE, str(TrackUri(STAYS, 0))], 1, "playing")
    vacate(core, player(), None, NAMES)
    assert core.did == [("remove", [2])]


def test_nothing_queued_is_nothing_to_do():
    core = Core([OTHER, "magnet:?nonsense", "junk"], 1, "playing")
    vacate(core, player(), None, NAMES)
    assert core.did == []


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
