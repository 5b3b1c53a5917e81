"""Playback works whatever the rest of Mopidy is configured to do, or cannot."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.stage import (
    FRAME,
    Album,
    Listener,
    album,
    as_floats,
    seeded,
    until,
)
from tests.rig.album import Track, make_pcm
from tests.rig.capture import offset_in
from tests.rig.mopidy import keep_port

SECONDS = 6
PCM = as_floats(make_pcm(SECONDS, seed=1001))


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Album]:
    folder = tmp_path_factory.mktemp("album") / "Album"
    with (
        album(folder, [Track("One", "flac", SECONDS)]) as made,
        seeded(made, seconds=1.5),
    ):
        yield made


def assert_plays_by_mpd(listener: Listener, record: Album) -> None:
    client = listener.mopidy.mpd()
    client.add(record.uri)
    client.play(0)
    until(lambda: listener.sound == PCM)
    client.disconnect()
    listener.assert_calm()


def test_without_http(record: Album, tmp_path: Path) -> None:
    with Listener(tmp_path, [record], sync=False, http=False) as listener:
        assert_plays_by_mpd(listener, record)


def test_with_a_busy_http_port(record: Album, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        http = {"enabled": "true", "hostname": "127.0.0.1", "port": port}
        config = {"http": http}
        with Listener(tmp_path, [record], config, sync=False, http=False) as listener:
            listener.expected_errors = ("HTTP server startup failed",)
            assert_plays_by_mpd(listener, record)


NOBODY = keep_port()  # refuses every connection
DEAD_PROXY_URL = f"http://127.0.0.1:{NOBODY.getsockname()[1]}"
DEAD_PROXY = {
    "scheme": "http",
    "hostname": "127.0.0.1",
    "port": NOBODY.getsockname()[1],
}


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"config": {"proxy": DEAD_PROXY}}, id="configured"),
        pytest.param({"env": {"http_proxy": DEAD_PROXY_URL}}, id="environment"),
    ],
)
def test_with_a_proxy_that_does_not_answer(
    options: dict[str, Any], record: Album, tmp_path: Path
) -> None:
    with Listener(tmp_path, [record], sync=False, **options) as listener:
        assert_plays_by_mpd(listener, record)


def test_mopidy_resumes_what_it_played_when_it_stopped(
    record: Album, tmp_path: Path
) -> None:
    config = {"core": {"restore_state": "true"}}
    with Listener(tmp_path, [record], config) as listener:
        (uri,) = listener.tracks(record)
        listener.play(uri)
        listener.wait_for_sound(44_100)
        assert listener.mopidy.stop() == 0
        listener.assert_calm()
    with Listener(tmp_path, [], config) as listener:
        until(lambda: listener.state == "playing")
        until(lambda: listener.sound and PCM.endswith(listener.sound))
        assert offset_in(PCM, listener.sound, frame=FRAME) > 0
        listener.assert_calm()
