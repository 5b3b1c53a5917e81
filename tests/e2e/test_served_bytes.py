"""Every byte that is served is the source's, while the swarm is still at it."""

from __future__ import annotations

import hashlib
import random
import re
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.stage import PATIENCE_S, Album, Listener, album, seeded
from tests.rig.album import Track
from tests.rig.seeder import Swarm
from tests.rig.torrents import Version

VERSIONS: list[Version] = ["v1", "hybrid", "v2"]
CLIENTS = 6
RANGES = 24
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

Seeded = dict[Version, tuple[Album, Swarm]]


@pytest.fixture(scope="module")
def torrents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """Files far from piece boundaries: in v1 neighbours share their pieces."""
    tracks = [Track("One", "flac", 3), Track("Two", "wav", 2), Track("Three", "mp3", 4)]
    with ExitStack() as stack:
        made: Seeded = {}
        for seed, version in enumerate(VERSIONS, 1):
            folder = tmp_path_factory.mktemp("album") / f"Album {version}"
            one = stack.enter_context(album(folder, tracks, version=version, seed=seed))
            made[version] = one, stack.enter_context(seeded(one, seconds=5))
        yield made


@pytest.fixture(scope="module")
def listener(
    torrents: Seeded, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listener]:
    albums = [one for one, _ in torrents.values()]
    levels = {"loglevels": {"mopidy.backend": "debug"}}
    with Listener(tmp_path_factory.mktemp("mopidy"), albums, levels) as listener:
        yield listener


@pytest.mark.parametrize("version", VERSIONS)
def test_random_ranges_by_parallel_clients_are_the_source(
    version: Version, torrents: Seeded, listener: Listener
) -> None:
    one, swarm = torrents[version]
    rng = random.Random(5)
    for path, uri in zip(one.paths, listener.tracks(one), strict=True):
        source = path.read_bytes()
        url = _public_url(listener, uri)
        assert sum(swarm.uploaded()) < one.size, "nothing left to wait for"
        spans = [_span(rng, len(source)) for _ in range(RANGES)]
        with ThreadPoolExecutor(CLIENTS) as clients:
            hashes = list(clients.map(lambda span: _hash(url, *span), spans))
        wanted = [hashlib.sha256(source[a:b]).hexdigest() for a, b in spans]
        assert hashes == wanted, f"{path.name}: {spans}"
    listener.assert_calm()


def _public_url(listener: Listener, uri: str) -> str:
    """Play a track, and find the token its stream was given."""
    since = listener.mopidy.log_length
    listener.play(uri)
    listener.rpc("core.playback.pause")
    pattern = rf"translated URI from {re.escape(uri)} to \S*(/vozduxan/stream/[\w-]+)"
    found = listener.mopidy.wait_for_log(pattern, PATIENCE_S, since=since)
    return listener.mopidy.url + found[1]


def _span(rng: random.Random, size: int) -> tuple[int, int]:
    start = rng.randrange(size)
    return start, min(size, start + rng.choice([1, 5_000, 70_000, size]))


def _hash(url: str, start: int, stop: int) -> str:
    request = urllib.request.Request(
        url, headers={"Range": f"bytes={start}-{stop - 1}"}
    )
    with _direct.open(request, timeout=PATIENCE_S) as response:
        assert response.status == 206
        return hashlib.sha256(response.read()).hexdigest()
