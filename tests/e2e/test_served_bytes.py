"""Every byte that is served is the source's, while the swarm is still at it."""

from __future__ import annotations

import hashlib
import random
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.served import DIRECT, public_url
from tests.e2e.stage import PATIENCE_S, Album, Listener, album, seeded
from tests.rig.album import Track
from tests.rig.seeder import Swarm
from tests.rig.torrents import Version

VERSIONS: list[Version] = ["v1", "hybrid", "v2"]
CLIENTS = 6
RANGES = 24

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
    config = {"vozduxan": {"scan_tags": "never"}}
    with Listener(tmp_path_factory.mktemp("mopidy"), albums, config) as listener:
        yield listener


@pytest.mark.parametrize("version", VERSIONS)
def test_random_ranges_by_parallel_clients_are_the_source(
    version: Version, torrents: Seeded, listener: Listener
) -> None:
    one, swarm = torrents[version]
    rng = random.Random(5)
    assert sum(swarm.uploaded()) == 0
    for path, uri in zip(one.paths, listener.tracks(one), strict=True):
        source = path.read_bytes()
        url = public_url(listener, one, uri)
        spans = [_span(rng, len(source)) for _ in range(RANGES)]
        with ThreadPoolExecutor(CLIENTS) as clients:
            hashes = list(clients.map(partial(_hash, url), spans))
        wanted = [hashlib.sha256(source[a:b]).hexdigest() for a, b in spans]
        assert hashes == wanted, f"{path.name}: {spans}"
    listener.assert_calm()


def test_a_file_that_was_spoiled_between_two_runs_is_fetched_again(
    tmp_path: Path,
) -> None:
    config = {"vozduxan": {"scan_tags": "never"}}
    tracks = [Track("One", "wav", 2)]
    with album(tmp_path / "Album", tracks, seed=9) as one, seeded(one, seconds=1):
        source = one.paths[0].read_bytes()
        with Listener(tmp_path / "mopidy", [one], config) as listener:
            (uri,) = listener.tracks(one)
            assert _body(public_url(listener, one, uri)) == source
        (stored,) = (tmp_path / "mopidy").rglob("*.wav")
        stored.write_bytes(b"\xff" * len(source))
        with Listener(tmp_path / "mopidy", (), config) as listener:
            assert _body(public_url(listener, one, uri)) == source
            listener.mopidy.wait_for_log("have changed on disk", PATIENCE_S)
        assert stored.read_bytes() == source


def _body(url: str) -> bytes:
    with DIRECT.open(url, timeout=PATIENCE_S) as response:
        return bytes(response.read())


def _span(rng: random.Random, size: int) -> tuple[int, int]:
    start = rng.randrange(size)
    return start, min(size, start + rng.choice([1, 5_000, 70_000, size]))


def _hash(url: str, span: tuple[int, int]) -> str:
    start, stop = span
    request = urllib.request.Request(
        url, headers={"Range": f"bytes={start}-{stop - 1}"}
    )
    with DIRECT.open(request, timeout=PATIENCE_S) as response:
        assert response.status == 206
        return hashlib.sha256(response.read()).hexdigest()
