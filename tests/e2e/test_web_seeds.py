"""Albums that live by a web server, as archive.org's do, some of whose files are not
what they were: the others play.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import PurePosixPath
from urllib.parse import unquote

import pytest

from tests.e2e.stage import FRAME, Album, Listener, album, as_floats, seeded
from tests.rig.album import Track, make_pcm
from tests.rig.webserver import Route, WebServer

SECONDS = 3
#: What the player takes before it sounds is 5 s.
LAST_SECONDS = 9
#: A file of 300 kB has five pieces; a few are asked for a few times.
MOST_REQUESTS = 20

PADDED, PACKED, MIXED = "Padded", "Packed", "Mixed"
VERSIONS = {PADDED: "hybrid", PACKED: "v1", MIXED: "v1"}
Albums = dict[str, Album]

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@pytest.fixture(scope="module")
def web() -> Iterator[WebServer]:
    with WebServer() as web:
        yield web


@pytest.fixture(scope="module")
def albums(
    web: WebServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Albums]:
    root = tmp_path_factory.mktemp("albums")
    with ExitStack() as stack:
        made: Albums = {}
        for seed, (name, version) in enumerate(VERSIONS.items(), 1):
            tracks = [Track(f"{name} {n}", "flac", SECONDS) for n in range(1, 4)]
            tracks.append(Track(f"{name} 4", "flac", LAST_SECONDS))
            made[name] = stack.enter_context(
                album(
                    root / name,
                    tracks,
                    version=version,
                    seed=seed,
                    web_seeds=[web.url("/")],
                )
            )
            for path in made[name].folder.iterdir():
                web.routes[f"/{name}/{path.name}"] = path.read_bytes()
        yield made


@pytest.fixture(scope="module")
def listener(
    albums: Albums, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listener]:
    folder = tmp_path_factory.mktemp("mopidy")
    with Listener(folder, list(albums.values())) as listener:
        yield listener


def change(web: WebServer, path: str, at: int | None = None) -> None:
    """Serve another file of the same size, or one with another byte."""
    body = bytearray(_bytes(web.routes[path]))
    for place in range(len(body)) if at is None else [at]:
        body[place] ^= 0xFF
    web.routes[path] = bytes(body)


def _bytes(route: Route) -> bytes:
    assert isinstance(route, bytes)
    return route


def requests(web: WebServer) -> Counter[str]:
    """How often each file was asked for."""
    return Counter(PurePosixPath(unquote(path)).name for path, _ in web.requests)


def image_status(listener: Listener, one: Album) -> int:
    (image,) = listener.rpc("core.library.get_images", uris=[one.uri])[one.uri]
    try:
        with _direct.open(listener.mopidy.url + image["uri"], timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def pcm(seed: int, number: int) -> bytes:
    seconds = LAST_SECONDS if number == 4 else SECONDS
    return as_floats(make_pcm(seconds, seed=seed * 1000 + number))


def test_what_changed_or_went_is_passed_over_and_the_rest_plays(
    web: WebServer, albums: Albums, listener: Listener
) -> None:
    """Each file has its own pieces; the cover is asked for meanwhile."""
    one, since = albums[PADDED], listener.mopidy.log_length
    changed, gone = "02 - Padded 2.flac", "03 - Padded 3.flac"
    there = dict(web.routes)
    change(web, f"/{PADDED}/cover.jpg")
    change(web, f"/{PADDED}/{changed}")
    del web.routes[f"/{PADDED}/{gone}"]
    tracks = listener.tracks(one)
    listener.play(*tracks)
    first = pcm(1, 1)
    assert listener.wait_for_sound(len(first) // FRAME) == first
    assert image_status(listener, one) >= 400
    listener.wait_for_started(tracks[3])
    listener.wait_for_ended(tracks[3])
    assert listener.sound == pcm(1, 4)
    log = "\n".join(listener.mopidy.log.splitlines()[since:])
    assert f"“{changed}” of “{PADDED}” does not match its torrent" in log
    assert f"“cover.jpg” of “{PADDED}” does not match its torrent" in log
    asked = requests(web)
    assert max(asked[changed], asked["cover.jpg"]) <= MOST_REQUESTS, asked
    assert sum(asked.values()) <= 4 * MOST_REQUESTS, asked

    web.routes.update(there)
    for uri, number in ((tracks[1], 2), (tracks[2], 3)):
        listener.play(uri)  # it is asked for again
        listener.wait_for_started(uri)
        listener.wait_for_ended(uri)
        assert listener.sound == pcm(1, number)


def test_a_changed_cover_costs_no_more_than_the_end_of_the_track_beside_it(
    web: WebServer, albums: Albums, listener: Listener
) -> None:
    """In a torrent whose files share pieces."""
    since = listener.mopidy.log_length
    change(web, f"/{PACKED}/cover.jpg")
    tracks = listener.tracks(albums[PACKED])
    listener.play(*tracks)
    for uri in tracks:
        listener.wait_for_started(uri)
    listener.mopidy.wait_for_log("“04 - Packed 4.flac”.*Moving on", since=since)
    whole = b"".join(pcm(2, number) for number in range(1, 5))
    assert len(pcm(2, 1)) * 3 < len(listener.sound) < len(whole)
    assert whole.startswith(listener.sound)


def test_a_peer_gives_what_the_server_has_changed(
    web: WebServer, albums: Albums, listener: Listener
) -> None:
    change(web, f"/{MIXED}/02 - Mixed 2.flac", at=150_000)
    with seeded(albums[MIXED], seeders=1):
        tracks = listener.tracks(albums[MIXED])
        listener.play(*tracks)
        listener.wait_for_ended(tracks[-1])
    assert listener.sound == b"".join(pcm(3, number) for number in range(1, 5))
