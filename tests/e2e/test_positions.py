"""What sounds reaches the window in bytes, whatever the format."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.e2e.recording import command
from tests.e2e.stage import Album, Listener, album, seeded, until
from tests.rig.album import FORMATS, Track

SECONDS = 40
#: The window hears of a position once a second, and no file has one rate throughout.
NEAR_MS = 2500


@pytest.fixture(scope="module")
def albums(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Album]]:
    with ExitStack() as stack:
        made = {}
        for seed, kind in enumerate(FORMATS, 1):
            folder = tmp_path_factory.mktemp("album") / f"Album {kind}"
            tracks = [Track(kind, kind, SECONDS)]
            made[kind] = stack.enter_context(album(folder, tracks, seed=seed))
            stack.enter_context(seeded(made[kind], seeders=1, seconds=1))
        yield made


@pytest.fixture(scope="module")
def listener(
    albums: dict[str, Album], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listener]:
    with Listener(tmp_path_factory.mktemp("mopidy"), [*albums.values()]) as listener:
        yield listener


@pytest.mark.parametrize("format", FORMATS)
def test_the_window_is_where_the_sound_is(
    format: str, albums: dict[str, Album], listener: Listener
) -> None:
    (uri,) = listener.tracks(albums[format])
    until(lambda: abs(_length_ms(listener, uri) - SECONDS * 1000) < 200)
    listener.play(uri)
    listener.wait_for_started(uri)
    until(lambda: _is_near(listener, from_ms=NEAR_MS + 500))
    goal_ms = SECONDS * 600
    listener.seek(goal_ms)
    until(lambda: _is_near(listener, from_ms=goal_ms // 2))
    listener.assert_calm()


def _length_ms(listener: Listener, uri: str) -> int:
    (track,) = listener.rpc("core.library.lookup", uris=[uri])[uri]
    return int(track["length"])


def _is_near(listener: Listener, from_ms: int) -> bool:
    """Whether the window is where the sound is, once that has come so far."""
    streams = command(listener, "torrent_status")["streams"]
    (current,) = (row for row in streams if row["bucket"] == "current")
    if current["heldBytes"] < current["size"]:
        return False  # what is here ends before the file does
    position_ms = int(listener.rpc("core.playback.get_time_position"))
    return position_ms >= from_ms and abs(_window_ms(current) - position_ms) < NEAR_MS


def _window_ms(row: dict[str, Any]) -> int:
    share = 1 - row["bufferedBytes"] / row["size"]
    return int(share * SECONDS * 1000)
