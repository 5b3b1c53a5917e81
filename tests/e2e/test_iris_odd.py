"""Iris 3.70 with music that says little of itself, and with names nobody should choose.

Where Iris misses what it takes for granted, its whole page goes black.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.stage import Listener, until
from tests.rig.album import encode, make_pcm
from tests.rig.seeder import Swarm
from tests.rig.torrents import infohashes, make_torrent
from tests.rig.tracker import Tracker
from tests.torrent_files import multi_file

if int(importlib.metadata.version("mopidy").split(".")[0]) >= 4:
    pytest.skip("Iris 3.70 uses what Mopidy 4 has no more", allow_module_level=True)

from tests.e2e.iris import CONFIG, Iris
from tests.rig.browser import browser

SECONDS = 12
SLOW = 60_000  # bytes/s: the slowest swarm that a listener may have
UNKNOWN = "Unknown Artist"

#: What each torrent is called, its files, and whom Iris should say it is by.
ALBUMS = {
    "Nobody": (["1.mp3", "2.mp3"], UNKNOWN),
    "Two": (["01 - Kino - Opener.mp3", "02 - Aria - Closer.mp3"], "Kino"),
    "VA - Hits": (["01 - Nautilus - Opener.mp3", "02 - DDT - Closer.mp3"], "Nautilus"),
    "50% & %E0%A4%A": (["%.mp3", "100% %zz.mp3"], UNKNOWN),
}
#: Torrents of several folders, each of which is an album.
FOLDERS = {"100% Hits": ["A", "%zz"], "a?b#c&d=e;f": ["?", "..a"]}


def torrents() -> Iterator[bytes]:
    for name, (files, _) in ALBUMS.items():
        yield multi_file(name, dict.fromkeys(files, b"x" * 40_000))
    for number, (name, folders) in enumerate(FOLDERS.items()):
        files = {f"{folder}/{number}.mp3": b"y" * 40_000 for folder in folders}
        yield multi_file(name, files)


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listener]:
    folder = tmp_path_factory.mktemp("mopidy")
    (folder / "torrents").mkdir()
    for torrent in torrents():
        add(folder, torrent)
    with Listener(folder, [], CONFIG, offline=True) as listener:
        listener.expected_errors = ("pypi.python.org is not on this machine",)
        listener.mopidy.wait_for_log(r"Added \d+ new")
        yield listener


@pytest.fixture(scope="module")
def window(
    listener: Listener, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Iris]:
    with browser(tmp_path_factory.mktemp("profile")) as running:
        iris = Iris(running, listener.mopidy.url, None)
        iris.set_up()
        yield iris


@pytest.fixture
def iris(listener: Listener, window: Iris) -> Iterator[Iris]:
    listener.rpc("core.playback.stop")
    listener.rpc("core.tracklist.clear")
    yield window
    assert window.errors == []
    listener.assert_calm()


def add(folder: Path, torrent: bytes) -> None:
    (folder / "torrents" / f"{infohashes(torrent)[0]}.torrent").write_bytes(torrent)


def add_now(listener: Listener, torrent: bytes) -> None:
    """Add a torrent while Mopidy runs, and return when it is in the library."""
    add(listener.mopidy.folder, torrent)
    uri = f"vozduxan:album:{infohashes(torrent)[0]}"
    until(lambda: listener.rpc("core.library.browse", uri=uri))


@contextmanager
def untagged(folder: Path, *, but_last: str | None = None) -> Iterator[bytes]:
    """Two files without a tag, and a playlist of both; seeded slowly.

    The last may tell an artist.
    """
    folder.mkdir()
    for number in (1, 2):
        tags = {"artist": but_last} if but_last and number == 2 else {}
        path = folder / f"{number}.mp3"
        encode(make_pcm(SECONDS, seed=number), path, "mp3", dict(tags))
    (folder / f"{folder.name} list.m3u").write_text("1.mp3\n2.mp3\n")
    with Tracker() as tracker:
        torrent = make_torrent(folder, piece_length=1 << 16, trackers=[tracker.url])
        with Swarm(torrent, folder.parent, rate=SLOW, delay_ms=20) as swarm:
            tracker.peers = swarm.peers
            yield torrent


def playlists(listener: Listener) -> list[str]:
    return [ref["name"] for ref in listener.rpc("core.playlists.as_list")]


def assert_shows(iris: Iris, album: str, by: str, tracks: int) -> None:
    until(lambda: iris.texts(".album-view h1") == [album])
    until(lambda: len(iris.rows) == tracks)
    until(lambda: by in iris.texts(".album-view .details .links-sentence"))
    assert iris.errors == []


@pytest.mark.parametrize("name", ALBUMS)
def test_an_album_says_whom_it_is_by_at_once_and_after_a_reload(
    iris: Iris, name: str
) -> None:
    files, by = ALBUMS[name]
    album = name.removeprefix("VA - ")
    iris.open("Browse", "Torrents", name)
    assert_shows(iris, album, by, len(files))
    iris.reload()
    assert_shows(iris, album, by, len(files))


@pytest.mark.parametrize("name", FOLDERS)
def test_folders_of_odd_names_are_opened(iris: Iris, name: str) -> None:
    shown = name.replace("%", "\N{FULLWIDTH PERCENT SIGN}")
    folders = FOLDERS[name]
    for folder in folders:
        iris.open("Browse", "Torrents", shown)
        until(lambda: set(iris.texts(".grid__item__name")) == set(folders))
        iris.click_text(".grid__item", folder)
        until(lambda folder=folder: iris.texts(".album-view h1") == [folder])
        until(lambda: len(iris.rows) == 1)


def test_an_album_of_which_only_one_track_says_whom_it_is_by(
    iris: Iris, listener: Listener, tmp_path: Path
) -> None:
    def albums() -> list[str]:
        refs = listener.rpc("core.library.browse", uri="vozduxan:artist:Kino")
        return sorted(ref["name"] for ref in refs)

    with untagged(tmp_path / "Half", but_last="Kino") as torrent:
        add_now(listener, torrent)
        iris.open("Browse", "Torrents", "Half")
        assert_shows(iris, "Half", UNKNOWN, 2)
        until(lambda: albums() == ["Half", "Two"])
        iris.open("Browse", "Torrents", "Artists")
        artists = ["Aria", "Kino", "Various Artists"]
        until(lambda: sorted(iris.texts(".grid__item__name")) == artists)
        iris.click_text(".grid__item", "Kino")
        until(lambda: iris.texts(".artist-view h1") == ["Kino"])
        until(lambda: sorted(iris.texts(".albums .grid__item__name")) == albums())
        iris.open("Browse", "Torrents", "Artists", "Various Artists")
        several = ["Hits", "Two"]
        until(lambda: sorted(iris.texts(".albums .grid__item__name")) == several)


def test_an_untagged_album_is_opened_and_played_as_soon_as_it_is_added(
    iris: Iris, listener: Listener, tmp_path: Path
) -> None:
    with untagged(tmp_path / "Fresh") as torrent:
        iris.open("Browse", "Torrents")
        add_now(listener, torrent)
        iris.open("Browse", "Torrents", "Fresh")
        assert_shows(iris, "Fresh", UNKNOWN, 2)
        iris.reload()
        assert_shows(iris, "Fresh", UNKNOWN, 2)
        iris.click(".album-view .actions .button--primary")
        listener.wait_for("track_playback_started")
        until(lambda: iris.title == "1")
        iris.open("Now playing")
        until(lambda: len(iris.rows) == 2)
        until(lambda: iris.texts(".current-track__artists") == [UNKNOWN])
        iris.click(".current-track__title a")
        until(lambda: iris.texts(".track-view h1") == ["1"])
        assert iris.texts(".track-view h2 .links-sentence") == [UNKNOWN]
        until(lambda: "Fresh list" in playlists(listener))
        iris.open("Search")
        iris.type(".search-form input", "Fresh", enter=True)
        iris.click_text(".grid__item", "Fresh list")
        until(lambda: iris.texts(".playlist-view h1") == ["Fresh list"])
        until(lambda: [row.name for row in iris.rows] == ["1", "2"])
