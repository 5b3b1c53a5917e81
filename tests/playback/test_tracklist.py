"""Replacing entries in the tracklist of a real core, whatever else happens to it."""

from __future__ import annotations

import contextlib
import random
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pykka
import pytest
from mopidy import backend
from mopidy.core import Core
from mopidy.exceptions import TracklistFull
from mopidy.models import TlTrack, Track

from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.playback.tracklist import Tracklist, stands_in

#: Models are added on purpose: by URI, core would look them up and wait.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

INFOHASH = "ab" * 20
MAGNET = f"magnet:?xt=urn:btih:{INFOHASH}&dn=Album"
ADD = "vozduxan:add:http%3A%2F%2Fa%2Fb.torrent"
LONGEST = 12


def track(index, length=1000, part=None):
    name = f"vozduxan:track:{INFOHASH}:{index}"
    uri = name if part is None else f"{name}:{part}"
    return Track(uri=uri, name=f"Track {index}", length=length)


def other(letter):
    return Track(uri=f"vozduxan:track:{'cd' * 20}:{ord(letter)}", name=letter)


ALBUM = [track(n) for n in range(3)]
A, B = other("a"), other("b")
STAND_IN = Track(uri=MAGNET, name="Album", length=360_000)


class Playback(backend.PlaybackProvider):
    def change_track(self, track):
        return True

    def prepare_change(self):
        pass

    def play(self):
        return True

    def stop(self):
        return True

    def get_time_position(self):
        return 0


class Backend(pykka.ThreadingActor, backend.Backend):
    uri_schemes = ("magnet", "vozduxan")

    def __init__(self):
        super().__init__()
        self.playback = Playback(None, self)


class Stage:
    def __init__(self):
        ref = Backend.start()
        config = {"core": {"max_tracklist_length": LONGEST}}
        self.core = Core.start(
            config=config, mixer=None, backends=[ref.proxy()], audio=None
        ).proxy()
        self.tracklist = Tracklist(self.core, LONGEST)
        self.known = {}
        self.meddle = None  # called once, whenever we ask what is held

    def add(self, *tracks):
        added = self.core.tracklist.add(tracks=list(tracks)).get()
        return [tl_track.tlid for tl_track in added]

    def play(self, tlid):
        self.core.playback.play(tlid=tlid).get()
        self.core.stream_changed("http://127.0.0.1/").get()

    @property
    def current(self):
        return self.core.playback.get_current_tlid().get()

    def correct(self, *infohashes):
        self.tracklist.correct(infohashes, self.look_up, self.held)
        return self.names()

    def names(self):
        tracks = self.core.tracklist.get_tracks().get()
        return [t.name if t.uri != MAGNET else "M" for t in tracks]

    def look_up(self, uri):
        return self.known.get(uri)

    def held(self, tl_tracks):
        meddle, self.meddle = self.meddle, None
        if meddle:
            meddle()
        return {self.current} - {None}


@pytest.fixture
def stage():
    yield Stage()
    pykka.ActorRegistry.stop_all(timeout=10)


def test_a_stand_in_gives_way_at_its_place(stage):
    stage.add(A, STAND_IN, B)
    assert stage.correct() == ["a", "M", "b"]
    stage.known[MAGNET] = ALBUM
    assert stage.correct() == ["a", "Track 0", "Track 1", "Track 2", "b"]


def test_what_plays_goes_on_and_is_continued_once(stage):
    (_, tlid, _) = stage.add(A, STAND_IN, B)
    stage.play(tlid)
    stage.known[MAGNET] = ALBUM
    assert stage.correct() == ["a", "M", "Track 1", "Track 2", "b"]
    assert stage.correct() == ["a", "M", "Track 1", "Track 2", "b"]
    assert stage.current == tlid
    assert stage.core.playback.get_state().get() == "playing"
    following = stage.core.tracklist.get_next_tlid().get()
    stage.play(following)
    assert stage.correct() == ["a", "Track 0", "Track 1", "Track 2", "b"]
    assert stage.current == following


def test_what_plays_before_and_after_is_left_alone(stage):
    (tlid, _) = stage.add(A, STAND_IN)
    stage.play(tlid)
    stage.known[MAGNET] = ALBUM
    assert stage.correct() == ["a", "Track 0", "Track 1", "Track 2"]
    assert stage.current == tlid


def test_a_file_that_plays_is_not_followed_by_its_own_parts(stage):
    (tlid,) = stage.add(STAND_IN)
    stage.play(tlid)
    parts = [track(0, part=1), track(0, part=2)]
    stage.known[MAGNET] = [*parts, track(1)]
    assert stage.correct() == ["M", "Track 1"]


def test_lengths_are_corrected_once_they_are_known(stage):
    guesses = [track(n, length=1) for n in range(3)]
    tlids = stage.add(A, *guesses, B)
    stage.play(tlids[2])
    stage.known = {t.uri: [t] for t in ALBUM}
    before = stage.core.tracklist.get_version().get()
    stage.correct("cd" * 20)
    assert stage.core.tracklist.get_version().get() == before  # not that torrent
    stage.correct(INFOHASH)
    lengths = [t.length for t in stage.core.tracklist.get_tracks().get()]
    assert lengths == [None, 1000, 1, 1000, None]
    assert stage.current == tlids[2]
    changed = stage.core.tracklist.get_version().get()
    stage.correct(INFOHASH)
    assert stage.core.tracklist.get_version().get() == changed
    stage.play(tlids[0])
    stage.correct()
    lengths = [t.length for t in stage.core.tracklist.get_tracks().get()]
    assert lengths == [None, 1000, 1000, 1000, None]


def test_an_album_is_corrected_in_two_changes(stage):
    stage.add(*(track(n, length=1) for n in range(3)))
    stage.known = {t.uri: [t] for t in ALBUM}
    before = stage.core.tracklist.get_version().get()
    stage.correct(INFOHASH)
    assert stage.core.tracklist.get_version().get() == before + 2


def test_a_torrent_without_audio_leaves_the_tracklist(stage):
    stage.add(A, STAND_IN, B)
    stage.known[MAGNET] = []
    assert stage.correct() == ["a", "b"]


@pytest.mark.parametrize("before", range(LONGEST))
def test_a_full_tracklist_takes_what_fits(stage, before, caplog):
    stage.add(*[A] * before, STAND_IN, *[B] * (LONGEST - before - 1))
    stage.known[MAGNET] = ALBUM
    names = stage.correct()
    assert names == ["a"] * before + ["Track 0"] + ["b"] * (LONGEST - before - 1)
    assert caplog.text.count("The tracklist is full") == 1


def test_a_full_tracklist_loses_no_track(stage):
    stage.add(*(track(n, length=1) for n in range(LONGEST)))
    stage.known = {f"vozduxan:track:{INFOHASH}:{n}": [track(n)] for n in range(LONGEST)}
    assert stage.correct(INFOHASH) == [f"Track {n}" for n in range(LONGEST)]


class Crowded:
    """Core's tracklist, of which others leave one place whenever we add to it."""

    def __init__(self, tracklist, times):
        self._tracklist, self._times = tracklist, times

    def __getattr__(self, name):
        return getattr(self._tracklist, name)

    def add(self, tracks, at_position):
        if self._times:
            self._times -= 1
            free = LONGEST - self._tracklist.get_length().get()
            self._tracklist.add(tracks=[B] * (free - 1)).get()
        return self._tracklist.add(tracks=tracks, at_position=at_position)


@pytest.mark.parametrize(("times", "fit"), [(1, 2), (2, 1), (9, 1)])
def test_a_tracklist_that_others_fill_in_between_takes_what_fits(
    stage, times, fit, caplog
):
    stage.add(A, STAND_IN)
    stage.known[MAGNET] = ALBUM
    stage.tracklist._tracklist = Crowded(stage.core.tracklist, times)
    names = ["a", "Track 0", "Track 1"][: 1 + fit]
    assert stage.correct() == names + ["b"] * (LONGEST - len(names))
    assert caplog.text.count("The tracklist is full") == 1


def test_what_came_in_between_does_not_spoil_the_place(stage):
    stage.add(A, STAND_IN, B)
    stage.known[MAGNET] = ALBUM

    def insert():
        stage.core.tracklist.add(tracks=[B], at_position=2).get()

    add = stage.tracklist._add

    def add_late(tracks, position):
        stage.tracklist._add = add
        insert()
        return add(tracks, position + 2)  # as if two had gone before it

    stage.tracklist._add = add_late
    assert stage.correct() == ["a", "Track 0", "Track 1", "Track 2", "b", "b"]


def test_what_is_started_in_between_stays(stage):
    (_, tlid, _) = stage.add(A, STAND_IN, B)
    stage.known[MAGNET] = ALBUM
    add = stage.tracklist._add

    def add_and_play(tracks, position):
        stage.tracklist._add = add
        added = add(tracks, position)
        stage.play(tlid)
        return added

    stage.tracklist._add = add_and_play
    assert stage.correct() == ["a", "M", "Track 1", "Track 2", "b"]
    assert stage.current == tlid


def test_what_is_started_in_between_is_not_followed_by_itself(stage):
    """A short file is over at once for the player, which then asks for the next."""
    (_, tlid, following) = stage.add(A, track(0, length=1), B)
    stage.known[track(0).uri] = [track(0)]
    add = stage.tracklist._add
    followed_by = []

    def add_and_play(tracks, position):
        stage.tracklist._add = add
        added = add(tracks, position)
        stage.play(tlid)
        followed_by.append(stage.core.tracklist.get_eot_tlid().get())
        return added

    stage.tracklist._add = add_and_play
    stage.correct(INFOHASH)
    assert followed_by == [following]


def test_what_was_removed_in_between_does_not_come_back(stage):
    (_, tlid, _) = stage.add(A, STAND_IN, B)
    stage.known[MAGNET] = ALBUM
    add = stage.tracklist._add

    def add_and_remove(tracks, position):
        stage.tracklist._add = add
        added = add(tracks, position)
        stage.core.tracklist.remove({"tlid": [tlid]}).get()
        return added

    stage.tracklist._add = add_and_remove
    assert stage.correct() == ["a", "b"]


def test_with_consume_what_has_played_is_gone_and_what_follows_stays(stage):
    stage.core.tracklist.set_consume(True).get()
    (tlid, _) = stage.add(STAND_IN, B)
    stage.play(tlid)
    stage.known[MAGNET] = ALBUM
    stage.correct()
    stage.play(stage.core.tracklist.get_eot_tlid().get())
    assert stage.correct() == ["Track 1", "Track 2", "b"]


def test_with_random_all_tracks_are_there_and_what_plays_goes_on(stage):
    stage.core.tracklist.set_random(True).get()
    (_, tlid, _) = stage.add(A, STAND_IN, B)
    stage.play(tlid)
    stage.known[MAGNET] = ALBUM
    assert stage.correct() == ["a", "M", "Track 1", "Track 2", "b"]
    assert stage.current == tlid


@pytest.mark.parametrize("seed", range(5))
def test_whatever_others_do_meanwhile_it_ends_right(stage, seed):
    """A client plays, adds, moves and removes at random while entries change."""
    chance = random.Random(seed)
    stage.known = {MAGNET: ALBUM} | {t.uri: [t] for t in ALBUM}
    guesses = [track(n, length=1) for n in range(3)]

    def meddle():
        tracklist = stage.core.tracklist
        for _ in range(60):
            tlids = [t.tlid for t in tracklist.get_tl_tracks().get()]
            match chance.randrange(4):
                case 0 if len(tlids) < LONGEST - 2:
                    one = chance.choice([A, STAND_IN, *guesses])
                    place = chance.randrange(len(tlids) + 1)
                    with contextlib.suppress(TracklistFull):
                        tracklist.add(tracks=[one], at_position=place).get()
                case 1 if tlids:
                    tracklist.remove({"tlid": [chance.choice(tlids)]}).get()
                case 2 if len(tlids) > 2:
                    with contextlib.suppress(AssertionError):
                        start = chance.randrange(len(tlids) - 1)
                        tracklist.move(start, start + 1, 0).get()
                case 3 if tlids:
                    with contextlib.suppress(AssertionError):
                        stage.play(chance.choice(tlids))

    with ThreadPoolExecutor(1) as others:
        other = others.submit(meddle)
        while not other.done():
            stage.correct(INFOHASH)
        other.result()
    stage.core.playback.stop().get()
    stage.correct(INFOHASH)
    for entry in stage.core.tracklist.get_tl_tracks().get():
        if entry.tlid != stage.current:
            assert entry.track.uri != MAGNET
            assert entry.track.length in (None, 1000)


def test_what_nothing_can_be_known_of_is_left_alone(stage):
    def refuse(uri):
        raise BadInput(uri)

    stage.look_up = refuse
    stage.add(A, STAND_IN)
    assert stage.correct("cd" * 20) == ["a", "M"]


def test_it_tells_what_stands_in_and_which_torrents_are_there(stage):
    song = Track(uri="file:///x.mp3")
    stage.add(A, STAND_IN, Track(uri=ADD), *ALBUM, song, STAND_IN)
    assert stage.tracklist.stand_ins() == [MAGNET, ADD]
    assert stage.tracklist.torrents() == {INFOHASH, "cd" * 20}


@pytest.mark.parametrize(
    ("uri", "does"),
    [
        (MAGNET, True),
        (MAGNET.replace("magnet", "MAGNET"), True),
        (ADD, True),
        ("vozduxan:add:nonsense", False),
        (ALBUM[0].uri, False),
        ("magnet:nonsense", False),
        ("file:///magnet:?x", False),
    ],
)
def test_what_stands_in(uri, does):
    assert stands_in(uri) is does


def test_what_is_known_is_asked_torrent_by_torrent():
    entries = [(track(n), other("abc"[n])) for n in range(3)]
    uris = [one.uri for pair in entries for one in pair]
    tl_tracks = [TlTrack(tlid=n, track=Track(uri=uri)) for n, uri in enumerate(uris, 1)]
    core = SimpleNamespace(
        tracklist=SimpleNamespace(
            get_tl_tracks=lambda: SimpleNamespace(get=lambda: tl_tracks)
        )
    )
    asked = []
    Tracklist(core, LONGEST).correct(
        [INFOHASH, "cd" * 20], lambda uri: asked.append(uri), lambda _: set()
    )
    torrents = [uri.split(":")[2] for uri in asked]
    assert torrents == [INFOHASH] * 3 + ["cd" * 20] * 3
