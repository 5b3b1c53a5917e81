"""Iris 3.70, the web client, in a browser. It needs Mopidy 3."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import shown
from tests.e2e.stage import Album, Listener, until
from tests.e2e.test_ways_in import LateTracker
from tests.rig.torrents import magnet_of

if int(importlib.metadata.version("mopidy").split(".")[0]) >= 4:
    pytest.skip("Iris 3.70 uses what Mopidy 4 has no more", allow_module_level=True)

from tests.e2e.iris import CONFIG, Iris
from tests.e2e.shown import NAME, OTHER_TITLES, SECONDS, TITLES
from tests.rig.browser import browser

#: The class of what has a picture as its background; half of them glow around it.
IMAGE = "thumbnail__image:not(.thumbnail__image--glow)"
COVER_PX = 300


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Album]:
    with shown.records(tmp_path_factory.mktemp("album")) as made:
        yield made


@pytest.fixture(scope="module")
def listener(
    records: Album, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listener]:
    folder = tmp_path_factory.mktemp("mopidy")
    with Listener(folder, [records], CONFIG, offline=True) as listener:
        listener.expected_errors = ("pypi.python.org is not on this machine",)
        yield listener


@pytest.fixture(scope="module")
def window(
    listener: Listener, tmp_path_factory: pytest.TempPathFactory, screenshots: Path
) -> Iterator[Iris]:
    with browser(tmp_path_factory.mktemp("profile")) as running:
        iris = Iris(running, listener.mopidy.url, screenshots)
        iris.set_up()
        yield iris


@pytest.fixture
def iris(listener: Listener, window: Iris) -> Iterator[Iris]:
    """Iris, with nothing in the queue."""
    listener.rpc("core.playback.stop")
    listener.rpc("core.tracklist.clear")
    yield window
    listener.assert_calm()
    assert window.errors == []


def open_album(iris: Iris, records: Album) -> None:
    iris.open("Browse", "Torrents", records.folder.name)
    until(lambda: len(iris.rows) == len(TITLES))


def play_album(iris: Iris, listener: Listener, records: Album) -> None:
    open_album(iris, records)
    listener.mopidy.events.skip()
    iris.click(".album-view .actions .button--primary")
    listener.wait_for("track_playback_started")
    until(lambda: iris.title == TITLES[0])


def position_ms(listener: Listener) -> int:
    return int(listener.rpc("core.playback.get_time_position"))


def test_an_album_shows_its_tracks_with_their_lengths(
    iris: Iris, records: Album
) -> None:
    open_album(iris, records)
    assert iris.texts(".album-view h1") == [NAME]
    assert [row.name for row in iris.rows] == TITLES
    assert {row.length for row in iris.rows} == {"0:40"}


def test_covers_are_shown_beside_an_album_and_on_its_tile(
    iris: Iris, records: Album
) -> None:
    iris.open("Browse", "Torrents")
    until(lambda: records.folder.name in iris.texts(".grid__item__name"))
    until(lambda: iris.widths(f".grid__item--album .{IMAGE}") == [COVER_PX])
    iris.picture("iris-browse")
    open_album(iris, records)
    until(lambda: iris.widths(f".album-view .thumbnail--large .{IMAGE}") == [COVER_PX])
    iris.picture("iris-album")


def test_play_starts_the_album_and_the_progress_moves(
    iris: Iris, listener: Listener, records: Album
) -> None:
    play_album(iris, listener, records)
    first, length = iris.times_s
    assert length >= SECONDS - 1
    until(lambda: iris.times_s[0] > first + 1)
    assert listener.state == "playing"
    assert position_ms(listener) > 0
    assert len(listener.rpc("core.tracklist.get_tl_tracks")) == len(TITLES)


def test_a_click_on_the_progress_bar_seeks(
    iris: Iris, listener: Listener, records: Album
) -> None:
    play_album(iris, listener, records)
    until(lambda: iris.times_s[1])
    length = iris.times_s[1]
    iris.seek(0.5)
    until(lambda: position_ms(listener) > (length / 2 - 2) * 1000)
    assert position_ms(listener) < (length / 2 + 8) * 1000
    until(lambda: iris.times_s[0] >= length / 2 - 2)
    here = position_ms(listener)
    until(lambda: position_ms(listener) > here + 500)  # and it goes on from there
    assert listener.state == "playing"


def test_next_plays_the_next_track(
    iris: Iris, listener: Listener, records: Album
) -> None:
    play_album(iris, listener, records)
    iris.click(".playback-controls .next")
    until(lambda: iris.title == TITLES[1])
    until(lambda: position_ms(listener) > 500)
    iris.open("Now playing")
    until(lambda: [row.name for row in iris.rows if row.plays] == [TITLES[1]])
    assert [row.name for row in iris.rows] == TITLES
    until(lambda: set(iris.widths(f".current-track .{IMAGE}")) == {COVER_PX})
    iris.picture("iris-queue")


def test_a_magnet_link_is_added_through_the_dialog(
    iris: Iris, listener: Listener, tmp_path: Path
) -> None:
    with shown.unknown(tmp_path) as (unknown, _):
        iris.open("Now playing")
        add(iris, magnet_of(unknown.torrent, [unknown.tracker.url]))
        until(lambda: [row.name for row in iris.rows] == OTHER_TITLES)
        # A sample less than 20 s are 19.
        until(lambda: {row.length for row in iris.rows} <= {"0:19", "0:20"})
        iris.click(".playback-controls .play")
        until(lambda: iris.title == OTHER_TITLES[0])
        until(lambda: position_ms(listener) > 500)


def test_a_magnet_link_that_is_late_shows_its_name_until_its_tracks_come(
    iris: Iris, tmp_path: Path
) -> None:
    with shown.unknown(tmp_path, seed=3) as (unknown, swarm), LateTracker(swarm) as one:
        iris.open("Now playing")
        add(iris, one.magnet(unknown.torrent))
        until(lambda: [row.name for row in iris.rows] == [unknown.folder.name])
        one.speak()
        until(lambda: [row.name for row in iris.rows] == OTHER_TITLES)


def add(iris: Iris, magnet: str) -> None:
    item = ".modal--add-to-queue .list__item"
    iris.click_text("header a", "Add")
    iris.type(".modal--add-to-queue input[type=text]", magnet)
    while iris.texts(item):  # Iris keeps in its dialog what it has added before
        iris.click(f"{item} button")
    iris.click(".modal--add-to-queue .add-uri")
    until(lambda: len(iris.texts(item)) == 1)
    iris.picture("iris-add")
    iris.click(".modal--add-to-queue .button--primary")


def test_search_finds_a_track_by_a_word_of_its_title(iris: Iris) -> None:
    iris.open("Search")
    iris.type(".search-form input", "optimistic", enter=True)
    until(lambda: [row.name for row in iris.rows] == [TITLES[2]])


def test_search_finds_an_album_and_its_tracks(iris: Iris) -> None:
    iris.open("Search")
    iris.type(".search-form input", NAME.upper(), enter=True)
    until(lambda: iris.texts(".grid__item__name") == [NAME])
    assert sorted(row.name for row in iris.rows) == sorted(TITLES)
    iris.picture("iris-search")
