"""The player's door: it never says no to a player that came early."""

from __future__ import annotations

import http.client
import json
import logging
import socket
import struct
from urllib.parse import urlsplit

import pytest

from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.exceptions import (
    MetadataTimeout,
    ShuttingDown,
    Stalled,
    StorageFailed,
    VozduxanError,
)
from mopidy_vozduxan.running import StreamsHere
from mopidy_vozduxan.web import stream_handler as stream
from mopidy_vozduxan.web.door import PlayerDoor
from tests.web.fakes import PIECE, WAIT, Client, FakeStreams, PlainFiles, content

PATH = "/vozduxan/stream/tok"
SIZE = 3 * PIECE


def test_the_headers_come_before_any_piece(player_door, streams):
    stream = streams.add("tok", SIZE, held=False)
    with player_door.client() as client:
        client.send(PATH, Range="bytes=10-")
        status, headers = client.head()
        assert (status, headers["content-length"]) == (206, str(SIZE - 10))
        assert stream.opened.get(timeout=WAIT).player
        streams.change("tok", held=True)
        assert client.file.read(SIZE - 10) == content(SIZE)[10:]


@pytest.mark.parametrize("failure", [Stalled("s"), StorageFailed("s"), ValueError("s")])
@pytest.mark.parametrize("pieces", [set(), {0}])
def test_a_failing_swarm_is_held_until_the_release(
    player_door, streams, bridge, failure, pieces
):
    stream = streams.add("tok", SIZE, held=False)
    streams.change("tok", pieces=pieces)
    with player_door.client() as client:
        client.send(PATH)
        assert client.head()[0] == 200
        streams.change("tok", failure=failure)
        reader = stream.opened.get(timeout=WAIT)
        assert reader.closed.wait(WAIT)  # the failure has reached the handler
        client.file.read(PIECE * len(pieces))
        _assert_open(client, player_door)
        streams.release("tok")
        assert client.ended_silently()


@pytest.fixture
def waiting(player_door, streams):
    """The player, which waits for metadata that nobody has."""
    streams.add("tok", SIZE)
    streams.change("tok", metadata=False, failure=MetadataTimeout("nobody"))
    with player_door.client() as client:
        client.send(PATH)
        _assert_open(client, player_door)
        yield client


def test_missing_metadata_is_held_until_the_release(waiting, streams):
    streams.release("tok")
    assert waiting.head()[0] == 404


def test_a_player_may_leave_before_a_release_is_an_error_to_it(
    waiting, player_door, streams, monkeypatch
):
    monkeypatch.setattr(stream, "LEAVE_S", 60)
    streams.release("tok")
    _assert_open(waiting, player_door)


def test_a_player_that_leaves_a_held_response_leaves_nothing(
    player_door, streams, caplog
):
    caplog.set_level(logging.DEBUG)
    streams.add("tok", SIZE, held=False)
    streams.change("tok", failure=Stalled("s"))
    with player_door.client() as client:
        client.send(PATH)
        client.head()
        _assert_open(client, player_door)
    assert player_door.get("/vozduxan/stream/other").status == 404
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


def _assert_open(client: Client, door) -> None:
    """Nothing more came, and the connection stands, after a full round trip."""
    assert door.get("/vozduxan/stream/other").status == 404
    client.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        client.socket.recv(1)
    client.socket.settimeout(WAIT)


def test_it_listens_on_loopback_only_with_a_small_send_buffer(bridge, streams):
    door = PlayerDoor(StreamsHere(bridge, streams), PlainFiles())
    door.start()
    streams.add("tok", SIZE)
    (listener,) = door._sockets
    assert listener.getsockname()[0] == "127.0.0.1"
    # Linux doubles what is asked for
    asked = listener.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
    assert asked <= 2 * 64 * 1024
    host, port = listener.getsockname()
    assert door.url_for("tok") == f"http://{host}:{port}/vozduxan/stream/tok"
    bridge.ask(door.stop()).result(WAIT)
    with pytest.raises(ShuttingDown):
        door.url_for("tok")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), WAIT)


def test_it_serves_streams_only(player_door, streams):
    assert player_door.get("/vozduxan/").status == 404
    assert player_door.get("/").status == 404


def test_forwarding_headers_change_nothing(player_door, streams):
    streams.add("tok", 10)
    reply = player_door.get(PATH, X_Forwarded_For="1.2.3.4", X_Scheme="https")
    assert (reply.status, reply.body) == (200, content(10))


def test_stopping_ends_what_is_held_and_says_nothing(caplog):
    caplog.set_level(logging.DEBUG)
    bridge = Bridge()
    bridge.start()
    streams = FakeStreams(bridge)
    door = PlayerDoor(StreamsHere(bridge, streams), PlainFiles())
    door.start()
    stream = streams.add("tok", SIZE, held=False)
    port = int(door.url_for("").split(":")[2].split("/")[0])
    with Client(port) as waiting, Client(port) as idle:
        waiting.send(PATH)
        waiting.head()
        assert idle.get("/vozduxan/stream/other").status == 404
        reader = stream.opened.get(timeout=WAIT)
        bridge.stop(WAIT, door.stop)
        assert waiting.ended_silently()
        assert idle.ended_silently()
    assert bridge.loop.is_closed()
    assert reader.stream is stream
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


def test_a_loop_that_stops_first_ends_what_is_held_and_says_nothing(caplog):
    caplog.set_level(logging.DEBUG)
    bridge = Bridge()
    bridge.start()
    streams = FakeStreams(bridge)
    door = PlayerDoor(StreamsHere(bridge, streams), PlainFiles())
    door.start()
    streams.add("tok", SIZE, held=False)
    with Client(int(door.url_for("").split(":")[2].split("/")[0])) as waiting:
        waiting.send(PATH)
        waiting.head()
        bridge.stop(WAIT)
        assert waiting.ended_silently()
    door._sockets[0].close()
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


def test_a_door_on_a_stopped_bridge_closes_its_port(bridge, streams):
    bridge.stop(WAIT)
    door = PlayerDoor(StreamsHere(bridge, streams), PlainFiles())
    door.start()
    other = Bridge()
    other.start()
    other.ask(door.stop()).result(WAIT)
    other.stop(WAIT)
    assert door._sockets[0].fileno() == -1


def test_an_unopened_door_has_no_url(bridge, streams):
    with pytest.raises(VozduxanError):
        PlayerDoor(StreamsHere(bridge, streams), PlainFiles()).url_for("tok")


def test_a_client_that_resets_at_once_does_no_harm(player_door, streams, caplog):
    streams.add("tok", SIZE)
    for _ in range(50):
        with player_door.client() as client:
            client.send(PATH)
            linger = struct.pack("ii", 1, 0)
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    assert player_door.get(PATH).complete
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


def test_the_door_is_a_proxy_for_its_own_urls(player_door, streams):
    streams.add("tok", SIZE)
    with player_door.client() as client:
        client.send(f"http://127.0.0.1:1{PATH}")
        assert client.head()[0] == 200
        assert client.file.read(SIZE) == content(SIZE)


# --- commands, for programs of the same user


def ask(door: PlayerDoor, command="nothing", key=None, **headers):
    """Status and answer of a command."""
    parts = urlsplit(door.address.url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=WAIT)
    headers = {"Content-Type": "application/json", **headers}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    try:
        connection.request("POST", parts.path + command, b"{}", headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


@pytest.fixture
def keyed_door(bridge, streams):
    door = PlayerDoor(StreamsHere(bridge, streams), PlainFiles())
    door.start()
    yield door
    bridge.ask(door.stop()).result(WAIT)


@pytest.mark.parametrize("key", [None, "", "wrong", "ключ".encode().decode("latin-1")])
def test_commands_need_the_key(keyed_door, key):
    status, answer = ask(keyed_door, "torrent_list", key)
    assert (status, answer["error"]["code"]) == (403, "FORBIDDEN")


def test_who_has_the_key_may_command(keyed_door):
    key = keyed_door.address.key
    assert len(key) >= 32
    status, answer = ask(keyed_door, key=key)
    assert (status, answer["error"]["code"]) == (404, "NO_SUCH_COMMAND")
    status, answer = ask(keyed_door, "torrent_list", key)  # nobody to do it
    assert (status, answer["error"]["code"]) == (503, "INTERNAL")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Origin": "http://evil.example"}, 403),
    ],
)
def test_the_key_does_not_lift_the_rules_for_pages(keyed_door, headers, status):
    answered, _ = ask(keyed_door, key=keyed_door.address.key, **headers)
    assert answered == status


def test_every_door_has_a_key_of_its_own(bridge, streams):
    doors = [PlayerDoor(StreamsHere(bridge, streams), PlainFiles()) for _ in range(2)]
    assert len({door.address.key for door in doors}) == 2
