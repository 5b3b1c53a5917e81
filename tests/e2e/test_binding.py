"""Music by the VPN alone: at a home whose default route is another, whatever happens.

In network namespaces, with ears on the other way.
"""

from __future__ import annotations

import json
import os
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest

from tests.e2e.stage import FRAME, Album, Listener, album, until
from tests.rig.album import Track
from tests.rig.dht import environment
from tests.rig.mopidy import VOZDUXAN
from tests.rig.networks import ETH, FAR, Capture, TwoWays
from tests.rig.seeder import Swarm
from tests.rig.torrents import magnet_of
from tests.rig.webserver import WebServer

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")

SECONDS = 200
#: All that talks to others is on, and none of it needs a name looked up.
TALKATIVE = environment({"dht_bootstrap_nodes": f"{FAR}:6881"})
BOUND = VOZDUXAN | {
    "interface": "vpn0",
    "listen_interfaces": "0.0.0.0:6881,[::]:6881",
    "dht": "true",
    "lsd": "true",
    "upnp": "true",
    "natpmp": "true",
    "stall_timeout": "60",
}


class Far:
    """A record, its tracker and its seed; more records on the web; and the ears."""

    def __init__(self, ways: TwoWays, folder: Path, stack: ExitStack) -> None:
        self.ways = ways
        with ways.far.entered():
            self.web = stack.enter_context(WebServer(host=FAR))
            self.record = self._album(folder, stack, SECONDS, 1)
            self.others = [self._album(folder, stack, 1, n) for n in (2, 3)]
        self.wrong = stack.enter_context(Capture(ways, ETH))

    def _album(self, folder: Path, stack: ExitStack, seconds: int, seed: int) -> Album:
        made = stack.enter_context(
            album(
                folder / f"Album {seed}",
                [Track("One", "flac", seconds)],
                host=FAR,
                seed=seed,
            )
        )
        # It takes 50 s to fetch all of the record.
        rate = made.size // seconds * 4
        swarm = Swarm(made.torrent, made.folder.parent, rate=rate, host=FAR)
        made.tracker.peers = stack.enter_context(swarm).peers
        self.web.routes[f"/{seed}.torrent"] = made.torrent
        return made


@pytest.fixture
def far(tmp_path: Path) -> Iterator[Far]:
    """The far end, while this thread is at home."""
    with TwoWays() as ways, ExitStack() as stack:
        far = Far(ways, tmp_path / "far", stack)
        with ways.home.entered():
            yield far


def command(listener: Listener, name: str, **given: object) -> Any:
    request = urllib.request.Request(
        f"{listener.mopidy.url}/vozduxan/api/{name}",
        json.dumps(given).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)
    except HTTPError as error:
        return json.load(error)


def trouble(listener: Listener) -> str | None:
    return command(listener, "torrent_status")["network"]["trouble"]


#: A track waits longer than that.
IMPATIENT, LONG_S = {"stall_timeout": "5"}, 8


def is_cut_off(
    listener: Listener, sentence: str, far: Far, other: Album, wait: int = 1
) -> None:
    """It is said, and what is asked for now goes no way at all."""
    listener.mopidy.wait_for_log(sentence)
    assert sentence in trouble(listener)
    url = far.web.url(f"/{2 + far.others.index(other)}.torrent")
    error = command(listener, "torrent_add", source=url, wait=20)["error"]
    assert error["code"] == "FETCH_FAILED"
    assert error["message"].lower().endswith(f"{sentence.lower()}.")
    asked = len(far.web.requests)
    magnet = magnet_of(other.torrent, peers=other.tracker.peers)
    assert not command(listener, "torrent_add", source=magnet, wait=wait)["known"]
    assert len(far.web.requests) == asked


def is_back(listener: Listener, other: Album) -> None:
    """What was asked for meanwhile comes, by peers that could not be reached."""
    until(lambda: trouble(listener) is None)
    until(
        lambda: {
            row["infohash"]: row["known"] for row in command(listener, "torrent_list")
        }[other.infohash]
    )


def sounds_at(listener: Listener, second: int) -> None:
    """What is far ahead of all that was fetched can be heard."""
    listener.seek(second * 1000)
    listener.wait_for_sound(FRAME * 10_000)


def test_the_vpn_goes_and_comes_while_music_plays(far: Far, tmp_path: Path) -> None:
    config = {"vozduxan": BOUND}
    folder = tmp_path / "mopidy"
    with Listener(folder, [far.record], config, env=TALKATIVE) as listener:
        listener.expected_errors = ("502 POST",)
        (uri,) = listener.tracks(far.record)
        listener.play(uri)
        listener.wait_for_sound(44_100)
        url = far.web.url("/1.torrent")
        assert command(listener, "torrent_add", source=url, wait=20)["known"]
        far.ways.vpn_down()
        is_cut_off(listener, "The device vpn0 is down", far, far.others[0])
        status = listener.mopidy.command("status").stdout.decode()
        assert "Network: The device vpn0 is down: torrents wait" in status
        far.ways.vpn_up()
        is_back(listener, far.others[0])
        sounds_at(listener, 110)
        far.ways.delete_vpn()
        is_cut_off(listener, "There is no device vpn0", far, far.others[1])
        far.ways.join_vpn("10.8.1")
        is_back(listener, far.others[1])
        sounds_at(listener, 190)
        listener.assert_calm()
    assert far.wrong.packets == []


def test_a_vpn_that_is_missing_at_the_start(far: Far, tmp_path: Path) -> None:
    """Peers are known from before, and the track waits as long as it takes."""
    config = {"vozduxan": BOUND}
    folder = tmp_path / "mopidy"
    with Listener(folder, [far.record], config, env=TALKATIVE) as listener:
        (uri,) = listener.tracks(far.record)
        listener.play(uri)
        listener.wait_for_sound(44_100)
    far.ways.delete_vpn()
    config = {"vozduxan": BOUND | IMPATIENT}
    with Listener(folder, (), config, env=TALKATIVE) as listener:
        listener.play(uri)
        before = listener.wait_for_sound(44_100)[:4096]  # of what was fetched
        listener.rpc("core.playback.seek", time_position=190_000)
        is_cut_off(listener, "There is no device vpn0", far, far.others[0], LONG_S)
        far.ways.join_vpn("10.8.1")
        is_back(listener, far.others[0])
        until(lambda: len(listener.sound) > 4096 and listener.sound[:4096] != before)
        assert listener.rpc("core.playback.get_current_track")["uri"] == uri
    assert far.wrong.packets == []
