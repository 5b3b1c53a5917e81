"""ncmpcpp in a terminal, used by its keys."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e import shown
from tests.e2e.screens import keep_screen
from tests.e2e.shown import ARTIST, NAME, OTHER_TITLES, SECONDS, TITLES
from tests.e2e.stage import SEARCH_OF_STREAM, Album, Listener, until
from tests.rig.terminal import Terminal
from tests.rig.torrents import magnet_of

# The screens' numbers on the keyboard.
QUEUE, BROWSER, SEARCH, LIBRARY = "1", "2", "3", "4"

CONFIG = """\
mpd_host = 127.0.0.1
mpd_port = {port}
mpd_connection_timeout = 30
ncmpcpp_directory = {folder}
lyrics_directory = {folder}
startup_screen = browser
colors_enabled = no
"""


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Album]:
    with shown.records(tmp_path_factory.mktemp("album")) as made:
        yield made


@pytest.fixture(scope="module")
def listener(
    records: Album, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listener]:
    with Listener(tmp_path_factory.mktemp("mopidy"), [records]) as listener:
        listener.expected_errors = (SEARCH_OF_STREAM,)
        yield listener


@pytest.fixture
def ncmpcpp(listener: Listener, tmp_path: Path) -> Iterator[Terminal]:
    """In the browser, at the top; nothing is in the queue."""
    listener.rpc("core.playback.stop")
    listener.rpc("core.tracklist.clear")
    config = tmp_path / "config"
    config.write_text(CONFIG.format(port=listener.mopidy.mpd_port, folder=tmp_path))
    command = ("ncmpcpp", "--quiet", "--config", str(config), "--bindings", "/dev/null")
    with Terminal(tmp_path, *command) as terminal:
        terminal.wait_for("[Torrents]")
        yield terminal
    listener.assert_calm()


@pytest.fixture
def keep(screenshots: Path | None, ncmpcpp: Terminal) -> Callable[[str], None]:
    """Puts the screen into the documentation, when that was asked for."""

    def keep(name: str) -> None:
        if screenshots is not None:
            keep_screen(name, ncmpcpp.screen)

    return keep


def open_torrents(ncmpcpp: Terminal, records: Album) -> None:
    """On the album, which comes last: after ``..`` and the views."""
    ncmpcpp.press("Enter")
    ncmpcpp.wait_for("[Albums]", "[Artists]", f"[{records.folder.name}]")
    ncmpcpp.press("End")


def play_album(ncmpcpp: Terminal, records: Album) -> None:
    open_torrents(ncmpcpp, records)
    ncmpcpp.press("Space")
    ncmpcpp.wait_for("added")
    ncmpcpp.press(QUEUE)
    ncmpcpp.wait_for("Playlist (4 items", *TITLES)
    ncmpcpp.press("Enter")
    ncmpcpp.wait_for(f'{ARTIST} "{NAME}"', f"- {TITLES[0]} ")


def clock_s(ncmpcpp: Terminal) -> int:
    """The position at the bottom, as in ``[0:07/0:40]``; -1 while there is none."""
    found = re.search(r"\[(\d+):(\d\d)/", ncmpcpp.screen)
    return int(found[1]) * 60 + int(found[2]) if found else -1


def test_an_album_shows_its_tracks_with_their_lengths(
    ncmpcpp: Terminal, records: Album, keep: Callable[[str], None]
) -> None:
    open_torrents(ncmpcpp, records)
    keep("torrents")
    ncmpcpp.press("Enter")
    ncmpcpp.wait_for("0:40")
    for title in TITLES:
        assert re.search(rf"(?m)^{ARTIST} - {title} +0:40$", ncmpcpp.screen)
    keep("album")


def test_an_album_is_queued_whole_and_plays_with_its_clock(
    ncmpcpp: Terminal,
    records: Album,
    listener: Listener,
    keep: Callable[[str], None],
) -> None:
    play_album(ncmpcpp, records)
    assert "length: 2 minutes, 40 seconds" in ncmpcpp.screen
    for number, title in enumerate(TITLES, 1):
        row = rf"(?m)^{ARTIST} +{number}/4 +{title} +{NAME} +0:40$"
        assert re.search(row, ncmpcpp.screen), ncmpcpp.screen
    until(lambda: clock_s(ncmpcpp) >= 3)
    keep("queue")
    assert listener.state == "playing"


def test_a_jump_within_the_song_and_the_next_one(
    ncmpcpp: Terminal, records: Album, listener: Listener
) -> None:
    play_album(ncmpcpp, records)
    until(lambda: clock_s(ncmpcpp) >= 1)
    ncmpcpp.press("g")
    ncmpcpp.wait_for("Position to go")
    ncmpcpp.type("50%")
    ncmpcpp.press("Enter")
    until(lambda: clock_s(ncmpcpp) >= SECONDS / 2)
    here = clock_s(ncmpcpp)
    assert here < SECONDS / 2 + 8
    until(lambda: clock_s(ncmpcpp) > here)
    ncmpcpp.press(">")
    ncmpcpp.wait_for(f"- {TITLES[1]} ")
    until(lambda: 0 < clock_s(ncmpcpp) < SECONDS / 2)
    assert listener.state == "playing"


def test_search_finds_a_track_by_a_word_of_its_title(
    ncmpcpp: Terminal, keep: Callable[[str], None]
) -> None:
    ncmpcpp.press(SEARCH)
    ncmpcpp.wait_for("Any          : <empty>")
    ncmpcpp.press("Enter")
    ncmpcpp.type("unchoke")
    ncmpcpp.press("Enter")
    ncmpcpp.wait_for("Any          : unchoke")
    ncmpcpp.press("y")
    ncmpcpp.wait_for("Found 1 song", f"{ARTIST} - {TITLES[2]}")
    keep("search")


def test_the_media_library_goes_from_artist_to_album_to_songs(
    ncmpcpp: Terminal, keep: Callable[[str], None]
) -> None:
    ncmpcpp.press(LIBRARY)
    ncmpcpp.wait_for("Artists", ARTIST, NAME, *TITLES)
    keep("library")
    ncmpcpp.press("Space", QUEUE)
    ncmpcpp.wait_for("Playlist (4 items", *TITLES)


def test_a_magnet_link_is_added(
    ncmpcpp: Terminal, listener: Listener, tmp_path: Path
) -> None:
    with shown.unknown(tmp_path) as (unknown, _):
        ncmpcpp.press("A")
        ncmpcpp.wait_for("Add:")
        ncmpcpp.type(magnet_of(unknown.torrent, [unknown.tracker.url]))
        ncmpcpp.press("Enter", QUEUE)
        ncmpcpp.wait_for("Playlist (3 items", *OTHER_TITLES)
        ncmpcpp.press("Enter")
        until(lambda: clock_s(ncmpcpp) > 0)
        assert listener.state == "playing"
