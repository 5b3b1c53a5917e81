"""What is mounted on Mopidy's own server, and how it refuses."""

from __future__ import annotations

import json
import logging

import pytest

from mopidy_vozduxan import running
from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.exceptions import (
    MetadataTimeout,
    Stalled,
    StorageFailed,
    SwarmFailed,
)
from tests.parts import running_with
from tests.web.fakes import PIECE, WAIT, FakeStreams

PATH = "/vozduxan/stream/tok"


@pytest.mark.parametrize("path", ["/vozduxan", "/vozduxan/"])
def test_the_root_is_a_page_that_says_what_this_is(mopidy_door, path):
    reply = mopidy_door.get(path)
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/html")
    assert b"Mopidy-Vozduxan" in reply.body
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert mopidy_door.get(path, "HEAD").status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_without_a_backend_streams_are_a_503(mopidy_door, method):
    reply = mopidy_door.get(PATH, method)
    assert (reply.status, reply.headers["retry-after"]) == (503, "2")
    if method == "GET":
        assert "not running" in json.loads(reply.body)["error"]["message"]


def test_with_a_stopped_bridge_streams_are_a_503(mopidy_door):
    stopped = Bridge()
    stopped.start()
    stopped.stop(WAIT)
    running.announce(running_with(bridge=stopped, serving=FakeStreams(stopped)))
    try:
        assert mopidy_door.get(PATH).status == 503
        assert mopidy_door.get(PATH, "HEAD").status == 503
    finally:
        running.withdraw()


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (Stalled("Nobody sends."), 504, "STALLED"),
        (StorageFailed("The disk is full."), 507, "STORAGE"),
        (SwarmFailed("It broke."), 500, "INTERNAL"),
    ],
)
def test_a_failure_before_the_first_byte_is_its_status(
    public_door, streams, failure, status, code
):
    stream = streams.add("tok", PIECE, held=False)
    streams.change("tok", failure=failure)
    with public_door.client() as client:
        reply = client.get(PATH, Range="bytes=0-")
        assert reply.status == status
        error = {"code": code, "message": str(failure)}
        assert json.loads(reply.body) == {"error": error}
        assert "content-range" not in reply.headers
        assert "etag" not in reply.headers
        assert stream.opened.get(timeout=WAIT).closed.wait(WAIT)
        streams.change("tok", held=True)
        assert client.get(PATH).complete  # on the same connection


def test_missing_metadata_is_a_504(public_door, streams):
    streams.add("tok", PIECE)
    streams.change("tok", metadata=False, failure=MetadataTimeout("Nobody knows it."))
    reply = public_door.get(PATH)
    assert (reply.status, json.loads(reply.body)["error"]["code"]) == (
        504,
        "METADATA_TIMEOUT",
    )


def test_our_own_mistake_is_logged_and_not_shown(public_door, streams, caplog):
    caplog.set_level(logging.ERROR)
    streams.add("tok", PIECE, held=False)
    streams.change("tok", failure=ValueError("secret detail"))
    reply = public_door.get(PATH)
    assert reply.status == 500
    assert b"secret" not in reply.body
    assert b"Traceback" not in reply.body
    assert "secret detail" in caplog.text


def test_a_release_while_waiting_for_the_first_byte_is_a_404(public_door, streams):
    stream = streams.add("tok", PIECE, held=False)
    with public_door.client() as client:
        client.send(PATH)
        reader = stream.opened.get(timeout=WAIT)
        streams.release("tok")
        assert client.head()[0] == 404
    assert reader.closed.wait(WAIT)


def test_nothing_of_ours_blocks_mopidys_loop(public_door, streams):
    streams.add("tok", PIECE, held=False)
    waiting = [public_door.client() for _ in range(20)]
    for client in waiting:
        client.send(PATH)
    assert public_door.get("/vozduxan/").status == 200
    streams.change("tok", held=True)
    for client in waiting:
        assert client.head()[0] == 200
        client.close()
