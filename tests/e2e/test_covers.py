"""Covers out of a swarm, as a browser gets them from Mopidy's server."""

from __future__ import annotations

import io
import random
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from tests.covers.pictures import bomb, picture, with_picture
from tests.e2e.stage import Album, Listener, album, seeded, until
from tests.rig.album import Track, make_album
from tests.rig.seeder import Swarm
from tests.rig.torrents import make_torrent
from tests.rig.tracker import Tracker

TRACKS = [Track("One", "flac", 1), Track("Two", "flac", 1)]
UNREAD = {"vozduxan": {"scan_tags": "never"}}

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get(listener: Listener, path: str) -> tuple[int, str, bytes]:
    """Status, content type and body."""
    try:
        with _direct.open(listener.mopidy.url + path, timeout=60) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read()


def image_of(listener: Listener, uri: str) -> str | None:
    """The URL of the picture that a client would show for ``uri``."""
    images = listener.rpc("core.library.get_images", uris=[uri])[uri]
    assert len(images) <= 1
    return images[0]["uri"] if images else None


def noise(side: int) -> bytes:
    """A PNG of ``3 * side * side`` bytes."""
    out = io.BytesIO()
    pixels = random.Random(1).randbytes(3 * side * side)
    Image.frombytes("RGB", (side, side), pixels).save(out, "PNG")
    return out.getvalue()


@contextmanager
def seeded_folder(folder: Path) -> Iterator[Album]:
    """A torrent of a folder as it is, and somebody who seeds it."""
    with Tracker() as tracker:
        torrent = make_torrent(folder, trackers=[tracker.url])
        with Swarm(torrent, folder.parent) as swarm:
            tracker.peers = swarm.peers
            yield Album([], torrent, tracker)


def test_the_cover_in_a_torrent_is_shown_and_kept(tmp_path: Path) -> None:
    with album(tmp_path / "Album", TRACKS, piece_length=16384) as one:
        cover = (one.folder / "cover.jpg").read_bytes()
        with (
            seeded(one) as swarm,
            Listener(tmp_path / "mopidy", [one], UNREAD, mpd=False) as listener,
        ):
            url = image_of(listener, one.uri)
            assert url
            assert url.startswith("/vozduxan/image/")
            assert {image_of(listener, uri) for uri in listener.tracks(one)} == {url}
            assert sum(swarm.uploaded()) == 0  # saying where it is fetches nothing
            assert get(listener, url) == (200, "image/jpeg", cover)
            assert sum(swarm.uploaded()) < one.size
            listener.assert_calm()
        with Listener(tmp_path / "mopidy", mpd=False) as again:  # nobody seeds
            assert image_of(again, one.uri) == url
            assert get(again, url) == (200, "image/jpeg", cover)
            again.assert_calm()


def test_a_cover_comes_while_a_slow_swarm_plays(tmp_path: Path) -> None:
    tracks = [Track("One", "flac", 20), Track("Two", "flac", 20)]
    with (
        album(tmp_path / "Album", tracks) as one,
        seeded(one, seconds=30),
        Listener(tmp_path / "mopidy", [one], mpd=False) as listener,
    ):
        uris = listener.tracks(one)
        listener.play(*uris)
        listener.wait_for_started(uris[0])
        url = image_of(listener, one.uri)
        assert get(listener, str(url))[:2] == (200, "image/jpeg")
        assert listener.state == "playing"
        listener.assert_calm()


def test_a_picture_in_a_track_is_shown_where_there_is_no_file(tmp_path: Path) -> None:
    jpeg = picture(size=(300, 300))
    folder = tmp_path / "Album"
    paths = make_album(folder, TRACKS, cover=False)
    paths[0].write_bytes(with_picture(paths[0].read_bytes(), jpeg))
    with (
        seeded_folder(folder) as one,
        Listener(tmp_path / "mopidy", [one], mpd=False) as listener,
    ):
        listener.rpc("core.library.lookup", uris=[one.uri])
        url = until(lambda: image_of(listener, one.uri))
        assert url.endswith("/embedded")
        assert get(listener, url) == (200, "image/jpeg", jpeg)
        listener.assert_calm()


def test_only_pictures_come_out_of_a_swarm(tmp_path: Path) -> None:
    large = noise(1100)
    covers = {
        "1 - Page/cover.jpg": b"<!DOCTYPE html><script>alert(1)</script>" * 9,
        "2 - Drawing/cover.png": b"<svg xmlns='http://www.w3.org/2000/svg'/>" * 9,
        "3 - Bomb/cover.png": bomb(),
        "4 - Half/cover.png": large[: len(large) // 2],
        "5 - Large/cover.png": large,
    }
    folder = tmp_path / "Box"
    for path, data in covers.items():
        make_album((folder / path).parent, TRACKS[:1], cover=False)
        (folder / path).write_bytes(data)
    with (
        seeded_folder(folder) as one,
        Listener(tmp_path / "mopidy", [one], mpd=False) as listener,
    ):
        albums = [f"vozduxan:album:{one.infohash}:{n}" for n in range(len(covers))]
        urls = [image_of(listener, uri) for uri in albums]
        assert all(urls)
        for url in urls[:-1]:
            status, kind, body = get(listener, str(url))
            assert (status, kind) == (404, "application/json; charset=UTF-8")
            assert b"NO_SUCH_PICTURE" in body
        status, kind, body = get(listener, str(urls[-1]))
        assert (status, kind) == (200, "image/jpeg")
        assert len(body) < len(large) // 4
        assert Image.open(io.BytesIO(body)).size == (1000, 1000)
        assert [image_of(listener, uri) for uri in albums[:-1]] == [None] * 4
        listener.assert_calm()


def test_a_dead_swarm_shows_no_picture_and_holds_nothing_up(tmp_path: Path) -> None:
    with (
        album(tmp_path / "Album", TRACKS) as one,
        Listener(tmp_path / "mopidy", [one], mpd=False) as listener,
    ):
        url = image_of(listener, one.uri)
        assert url
        status, _, body = get(listener, url)
        assert (status, b"STALLED" in body) == (504, True)
        assert get(listener, url)[0] == 504  # at once: it is not asked again
        listener.assert_calm()
