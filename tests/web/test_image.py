"""Pictures over HTTP: only pictures, only from the catalog, and never forever."""

from __future__ import annotations

import asyncio
import json
import queue
from collections.abc import Iterator

import pytest

from mopidy_vozduxan import running
from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.covers.kept_pictures import PictureName
from mopidy_vozduxan.covers.picture import Picture
from mopidy_vozduxan.exceptions import NoSuchPicture, Stalled, VozduxanError
from tests.parts import running_with
from tests.web.fakes import WAIT, FakeStreams

INFOHASH = "a" * 40
URL = f"/vozduxan/image/{INFOHASH}/3"
JPG = Picture(b"\xff\xd8 the bytes", "jpg")


class FakePictures:
    """Implements what the handler needs of a PictureFetcher."""

    def __init__(self) -> None:
        self.pictures: dict[PictureName, Picture | Exception] = {}
        self.others: dict[PictureName, Picture] = {}
        self.asked: queue.Queue[PictureName] = queue.Queue()
        self.given_up: queue.Queue[PictureName] = queue.Queue()

    async def get(self, name: PictureName) -> Picture:
        self.asked.put(name)
        if name.index == 99:
            try:
                await asyncio.Event().wait()
            finally:
                self.given_up.put(name)
        found = self.pictures.get(name, NoSuchPicture("There is no such picture."))
        if isinstance(found, Exception):
            raise found
        return found

    async def stand_in(self, name: PictureName) -> Picture | None:
        return self.others.get(name)


@pytest.fixture
def pictures(bridge: Bridge) -> Iterator[FakePictures]:
    fake = FakePictures()
    streams = FakeStreams(bridge)
    running.announce(running_with(bridge=bridge, serving=streams, pictures=fake))
    yield fake
    running.withdraw()


@pytest.mark.parametrize(
    ("path", "name", "content_type"),
    [
        (URL, PictureName(INFOHASH, 3), "image/jpeg"),
        (f"{URL}/embedded", PictureName(INFOHASH, 3, True), "image/png"),
        (f"/vozduxan/image/{'b' * 64}/0", PictureName("b" * 64, 0), "image/webp"),
    ],
)
def test_a_picture_is_sent(mopidy_door, pictures, path, name, content_type):
    kind = {"image/jpeg": "jpg"}.get(content_type, content_type.split("/")[1])
    pictures.pictures[name] = Picture(b"the bytes", kind)
    reply = mopidy_door.get(path)
    assert (reply.status, reply.body) == (200, b"the bytes")
    assert reply.headers["content-type"] == content_type
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert "max-age" in reply.headers["cache-control"]


def test_its_head_is_the_same_without_a_body(mopidy_door, pictures):
    pictures.pictures[PictureName(INFOHASH, 3)] = JPG
    get, head = mopidy_door.get(URL), mopidy_door.get(URL, "HEAD")
    assert head.status == 200
    for header in ("content-length", "content-type", "etag"):
        assert head.headers[header] == get.headers[header]


def test_a_browser_that_has_it_gets_no_second_one(mopidy_door, pictures):
    pictures.pictures[PictureName(INFOHASH, 3)] = JPG
    etag = mopidy_door.get(URL).headers["etag"]
    reply = mopidy_door.get(URL, If_None_Match=etag)
    assert (reply.status, reply.body) == (304, b"")
    assert mopidy_door.get(URL, If_None_Match='"another"').status == 200


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NoSuchPicture("None."), 404, "NO_SUCH_PICTURE"),
        (Stalled("Nobody sends."), 504, "STALLED"),
        (VozduxanError("It broke."), 500, "INTERNAL"),
    ],
)
def test_what_goes_wrong_is_json(mopidy_door, pictures, error, status, code):
    pictures.pictures[PictureName(INFOHASH, 3)] = error
    reply = mopidy_door.get(URL)
    assert reply.status == status
    assert json.loads(reply.body) == {"error": {"code": code, "message": str(error)}}
    assert reply.headers["cache-control"] == "no-store"


def test_a_dead_swarm_is_no_error_in_the_log(mopidy_door, pictures, caplog):
    pictures.pictures[PictureName(INFOHASH, 3)] = Stalled("Nobody sends.")
    assert mopidy_door.get(URL).status == 504
    assert not caplog.records


def test_our_own_mistake_is_not_shown(mopidy_door, pictures, caplog):
    pictures.pictures[PictureName(INFOHASH, 3)] = ValueError("secret")
    reply = mopidy_door.get(URL)
    assert reply.status == 500
    assert b"secret" not in reply.body
    assert "secret" in caplog.text


def test_what_stands_in_is_not_remembered_by_browsers(mopidy_door, pictures):
    pictures.others[PictureName(INFOHASH, 3)] = JPG
    reply = mopidy_door.get(URL)
    assert (reply.status, reply.body) == (200, JPG.data)
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/vozduxan/image/",
        "/vozduxan/image/../../etc/passwd",
        f"/vozduxan/image/{INFOHASH}",
        f"/vozduxan/image/{INFOHASH}/-1",
        f"/vozduxan/image/{INFOHASH}/1.jpg",
        f"/vozduxan/image/{INFOHASH}/{'9' * 12}",
        f"/vozduxan/image/{'A' * 40}/1",
        f"/vozduxan/image/{'a' * 41}/1",
        f"/vozduxan/image/{INFOHASH}/1/embedded/x",
    ],
)
def test_other_paths_are_a_404(mopidy_door, pictures, path):
    assert mopidy_door.get(path).status == 404
    assert pictures.asked.empty()


def test_other_methods_are_a_405(mopidy_door, pictures):
    reply = mopidy_door.get(URL, "POST", Content_Length="0")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


def test_a_client_that_goes_ends_its_wait(mopidy_door, pictures):
    client = mopidy_door.client()
    client.send(f"/vozduxan/image/{INFOHASH}/99")
    assert pictures.asked.get(timeout=WAIT)
    client.close()
    assert pictures.given_up.get(timeout=WAIT).index == 99


def test_others_are_served_while_one_waits(mopidy_door, pictures):
    pictures.pictures[PictureName(INFOHASH, 3)] = JPG
    with mopidy_door.client() as waiting:
        waiting.send(f"/vozduxan/image/{INFOHASH}/99")
        assert pictures.asked.get(timeout=WAIT)
        assert mopidy_door.get(URL).body == JPG.data


def test_without_a_backend_pictures_are_a_503(mopidy_door):
    assert mopidy_door.get(URL).status == 503
