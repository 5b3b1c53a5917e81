"""Both doors, on real sockets, in front of fake streams."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from mopidy_vozduxan import running
from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.running import StreamsHere
from mopidy_vozduxan.web.app import mopidy_app
from mopidy_vozduxan.web.door import PlayerDoor
from tests.parts import running_with
from tests.web.fakes import WAIT, Client, FakeStreams, PlainFiles


@dataclass
class Door:
    port: int
    player: bool

    def client(self, receive_buffer: int | None = None) -> Client:
        return Client(self.port, receive_buffer)

    def get(self, path: str, method: str = "GET", **headers: str):
        with self.client() as client:
            return client.get(path, method, **headers)


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    ours = Bridge()
    ours.start()
    yield ours
    ours.stop(WAIT)


@pytest.fixture
def streams(bridge: Bridge) -> FakeStreams:
    return FakeStreams(bridge)


@pytest.fixture
def player_door(bridge: Bridge, streams: FakeStreams) -> Iterator[Door]:
    door = PlayerDoor(StreamsHere(bridge, streams), PlainFiles())
    door.start()
    yield Door(int(door.url_for("x").split(":")[2].split("/")[0]), player=True)
    bridge.ask(door.stop()).result(WAIT)


@pytest.fixture
def reading_door(bridge: Bridge, streams: FakeStreams) -> Iterator[Door]:
    """A player's door that looks into the files, as it does for a player."""
    door = PlayerDoor(StreamsHere(bridge, streams))
    door.start()
    yield Door(int(door.url_for("x").split(":")[2].split("/")[0]), player=True)
    bridge.ask(door.stop()).result(WAIT)


@pytest.fixture
def mopidy_door() -> Iterator[Door]:
    """A server on another loop and thread, as Mopidy's is; no backend yet."""
    mopidy = Bridge("Mopidy's HttpServer")
    mopidy.start()
    (sock,) = bind_sockets(0, "127.0.0.1")
    routes = [(f"/vozduxan{path}", *rest) for path, *rest in mopidy_app({}, None)]

    async def serve() -> HTTPServer:
        server = HTTPServer(Application(routes))
        server.add_sockets([sock])
        return server

    server = mopidy.ask(serve()).result(WAIT)

    async def close() -> None:
        server.stop()
        await server.close_all_connections()

    yield Door(sock.getsockname()[1], player=False)
    mopidy.stop(WAIT, close)


@pytest.fixture
def public_door(
    mopidy_door: Door, bridge: Bridge, streams: FakeStreams
) -> Iterator[Door]:
    running.announce(running_with(bridge=bridge, serving=streams))
    yield mopidy_door
    running.withdraw()


@pytest.fixture(params=["player", "public"])
def door(request: pytest.FixtureRequest) -> Door:
    """Each door in turn."""
    return request.getfixturevalue(f"{request.param}_door")
