"""The commands over HTTP: real sockets, Tornado and manager; a fake engine."""

from __future__ import annotations

import base64
import http.client
import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application

from mopidy_vozduxan import running
from mopidy_vozduxan.bridge import Bridge
from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.commands.arguments import MAX_BODY_BYTES
from mopidy_vozduxan.commands.keeping_commands import PRIVATE_COMMANDS
from mopidy_vozduxan.commands.library_commands import LIBRARY_COMMANDS, LibraryCommands
from mopidy_vozduxan.commands.network_state import NetworkState
from mopidy_vozduxan.commands.removal import Removal
from mopidy_vozduxan.commands.streaming_commands import COMMANDS, Commands
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.engine.parsing import read_with_magnet
from mopidy_vozduxan.keeping.keeping import Keeping
from mopidy_vozduxan.network.binding import Binding
from mopidy_vozduxan.network.network_limits import NetworkLimits
from mopidy_vozduxan.planning.eviction import CacheWishes
from mopidy_vozduxan.sources.adding import Adder
from mopidy_vozduxan.streaming.limits import Limits
from mopidy_vozduxan.streaming.manager import Manager
from mopidy_vozduxan.web.app import mopidy_app
from mopidy_vozduxan.web.progress_events import MAX_FOLLOWERS
from tests.fake_engine import INFOHASH, FakeEngine, album, payload, source_of
from tests.parts import running_with
from tests.web.fakes import WAIT

ALBUM = album()
MAGNET = f"magnet:?xt=urn:btih:{INFOHASH}"
#: Known to nobody: its prepare waits for metadata.
DEAD = f"magnet:?xt=urn:btih:{'de' * 20}"
JSON = "application/json"


class Engine(FakeEngine):
    """Tells the test's thread when it is asked for something."""

    def __init__(self, *metainfos):
        super().__init__(*metainfos)
        self.asked = threading.Condition()

    def add(self, source, plan):
        with self.asked:
            super().add(source, plan)
            self.asked.notify_all()

    def apply(self, infohash, changes):
        with self.asked:
            super().apply(infohash, changes)
            self.asked.notify_all()

    def wait_for(self, true):
        with self.asked:
            assert self.asked.wait_for(true, WAIT)


class Server:
    """Mopidy's server with our routes on it, the backend's parts behind it."""

    def __init__(self, folder: Path, config=None, **limits):
        self.bridge, self.mopidy = Bridge(), Bridge("Mopidy's HttpServer")
        self.bridge.start()
        self.mopidy.start()
        self.catalog = Catalog(folder / "catalog.db")
        self.catalog.collection.add(source_of(ALBUM), ALBUM)
        self.engine = Engine(ALBUM)
        self.lost: list[str] = []
        self.manager = Manager(
            self.engine,
            Limits(**limits),
            self.bridge.loop.time,
            lambda *_: None,
            lambda _: None,
        )
        disk = DiskStore(folder / "data", folder / "resume")
        self.engine.start(self.bridge.loop, self.manager.on_event)
        running.announce(
            running_with(
                bridge=self.bridge,
                serving=self.manager.serving,
                streaming_commands=partial(
                    Commands,
                    self.manager,
                    self.catalog,
                    read_with_magnet,
                    self.lost.append,
                ),
                library_commands=LibraryCommands(
                    self.manager,
                    self.catalog,
                    disk,
                    Adder(
                        self.catalog,
                        read_with_magnet,
                        self.bridge.ask,
                        self.manager.metadata.fetch,
                        lambda _: None,
                    ),
                    Removal(),
                    NetworkState(Binding(""), NetworkLimits(), self.engine.limit),
                    read_with_magnet,
                    Keeping(self.manager, self.catalog, disk),
                    CacheWishes(),
                ),
                progress=self.manager.preparing.progress,
            )
        )
        (sock,) = bind_sockets(0, "127.0.0.1")
        self.port = sock.getsockname()[1]
        routes = mopidy_app(config or {}, None)
        app = Application([(f"/vozduxan{path}", *rest) for path, *rest in routes])
        self._server = self.mopidy.ask(self._serve(app, sock)).result(WAIT)

    async def _serve(self, app, sock):
        server = HTTPServer(app)
        server.add_sockets([sock])
        return server

    def close(self):
        running.withdraw()
        self.bridge.stop(WAIT, self.manager.close)
        self.mopidy.stop(WAIT, self._close)
        self.catalog.close()

    async def _close(self):
        self._server.stop()
        await self._server.close_all_connections()

    def on_loop(self, call, *args):
        async def run():
            return call(*args)

        return self.bridge.ask(run()).result(WAIT)

    # --- requests

    def request(self, method, path, body=None, headers=None):
        """Status, headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def post(self, command, body=b"{}", **headers):
        headers = {"Content-Type": JSON} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        status, _, answer = self.request(
            "POST", f"/vozduxan/api/{command}", body, headers
        )
        return status, json.loads(answer)

    def run(self, command, **given):
        return self.post(command, json.dumps(given))

    def refused(self, command, body, **headers):
        status, answer = self.post(command, body, **headers)
        assert set(answer) == {"error"}
        assert "Traceback" not in answer["error"]["message"]
        return status, answer["error"]["code"]

    def prepare(self, index=0):
        with self.asking(
            "torrent_prepare_stream", magnet=MAGNET, fileIdx=index
        ) as answer:
            piece = ALBUM.files[index].offset // 100
            self.engine.wait_for(lambda: piece in self.engine.wants.get(INFOHASH, {}))
            self.on_loop(self.engine.give, piece)
        return answer.result()

    @contextmanager
    def asking(self, command, **given):
        """A request in another thread; its answer is there when the block ends."""
        asking = Asking(lambda: self.run(command, **given))
        asking.start()
        yield asking
        asking.join(WAIT)
        assert not asking.is_alive()


class Asking(threading.Thread):
    def __init__(self, ask):
        super().__init__(daemon=True)
        self._ask = ask
        self.answer = None

    def run(self):
        self.answer = self._ask()

    def result(self):
        status, answer = self.answer
        assert status == 200, answer
        return answer


@pytest.fixture
def start(tmp_path) -> Iterator:
    """Start a server of a Mopidy's configuration, and its limits."""
    servers = []

    def begin(config=None, **limits):
        servers.append(Server(tmp_path, config, **limits))
        return servers[-1]

    yield begin
    for server in servers:
        server.close()


@pytest.fixture
def server(start):
    return start()


# --- the eight


def test_the_url_is_at_the_door_the_client_came_through(server):
    answer = server.prepare(1)
    url = f"http://127.0.0.1:{server.port}/vozduxan/stream/{answer['token']}"
    assert answer == {"url": url, "token": answer["token"]}
    path = url.partition(str(server.port))[2]
    server.on_loop(server.engine.give, *range(9, 19))
    status, headers, body = server.request("GET", path, None, {"Range": "bytes=7-29"})
    assert (status, body) == (206, payload(ALBUM)[957:980])
    assert headers["Content-Range"] == "bytes 7-29/950"


def test_a_name_and_port_of_the_clients_own_are_kept(start):
    allowed = frozenset({"music.example"})
    server = start({"http": {"csrf_protection": True, "allowed_origins": allowed}})
    server.prepare()
    status, answer = server.post(
        "torrent_prefetch_next_track",
        json.dumps({"nextMagnet": MAGNET, "nextFileIdx": 1}),
        Host="music.example:8080",
    )
    assert status == 200
    assert answer["url"].startswith("http://music.example:8080/vozduxan/stream/")


def test_all_eight_answer(server):
    token = server.prepare()["token"]
    status, ahead = server.run(
        "torrent_prefetch_next_track",
        currentMagnet=MAGNET,
        currentFileIdx=0,
        nextMagnet=MAGNET,
        nextFileIdx=1,
        nextTorrentFileB64=None,
        warmOnly=True,
    )
    assert (status, set(ahead)) == (200, {"url", "token"})
    moved = server.run("vozduxan_notify_position", token=token, byteOffset=300)
    assert moved == (200, {})
    status, numbers = server.run("vozduxan_stream_stats", token=token)
    assert status == 200
    assert {"downloadRate", "numPeers"} < set(numbers)
    status, files = server.run("torrent_magnet_list_files", magnet=MAGNET)
    assert (status, [file["index"] for file in files]) == (200, [0, 1, 2])
    for command in (
        "torrent_prepare_cancel",
        "torrent_release_stream",
        "torrent_dispose_preview",
    ):
        given = {"token": token} if "release" in command else {}
        assert server.run(command, **given) == (200, {})
    assert server.engine.removed == [INFOHASH]


def test_no_body_is_no_argument(server):
    assert server.post("torrent_dispose_preview", b"") == (200, {})


def test_torrent_bytes_up_to_the_limit_get_through(server):
    most = base64.b64encode(bytes(10 * 2**20)).decode()
    status, answer = server.run(
        "torrent_prepare_stream", magnet=None, fileIdx=0, torrentFileB64=most
    )
    assert (status, answer["error"]["code"]) == (400, "BAD_INPUT")
    assert "not a torrent" in answer["error"]["message"]


# --- waits and their ends


def test_cancelling_ends_a_waiting_prepare(server):
    given = {"magnet": DEAD, "fileIdx": 0}
    with server.asking("torrent_prepare_stream", **given) as asking:
        server.engine.wait_for(lambda: server.engine.added)
        assert server.run("torrent_prepare_cancel") == (200, {})
    status, answer = asking.answer
    assert (status, answer["error"]["code"]) == (409, "CANCELLED")


def test_a_newer_prepare_ends_the_older_one(server):
    given = {"magnet": DEAD, "fileIdx": 0}
    with server.asking("torrent_prepare_stream", **given) as asking:
        server.engine.wait_for(lambda: server.engine.added)
        token = server.prepare()["token"]
    assert asking.answer[0] == 409
    assert server.on_loop(lambda: list(server.manager.streams)) == [token]


def test_a_client_that_goes_ends_its_prepare(server):
    events = Events(server)
    assert events.next()["state"] == "idle"
    body = json.dumps({"magnet": DEAD, "fileIdx": 0}).encode()
    with socket.create_connection(("127.0.0.1", server.port), WAIT) as client:
        client.sendall(
            b"POST /vozduxan/api/torrent_prepare_stream HTTP/1.1\r\nHost: x\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (len(body), body)
        )
        assert events.next()["state"] == "metadata"
    assert events.next()["state"] == "cancelled"
    assert server.on_loop(lambda: len(server.manager.preparing._newest)) == 0


def test_nothing_waits_behind_a_dead_prepare(server):
    token = server.prepare()["token"]
    with server.asking("torrent_prepare_stream", magnet=DEAD, fileIdx=0) as asking:
        server.engine.wait_for(lambda: len(server.engine.added) == 2)
        for _ in range(50):
            assert server.run("vozduxan_stream_stats", token=token)[0] == 200
            moved = server.run("vozduxan_notify_position", token=token, byteOffset=1)
            assert moved == (200, {})
        assert asking.is_alive()
        assert server.run("torrent_dispose_preview") == (200, {})
        server.run("torrent_prepare_cancel")
    assert asking.answer[0] == 409


@pytest.mark.parametrize(
    ("given", "limits", "status", "code"),
    [
        ({"magnet": DEAD, "fileIdx": 0}, {}, 504, "METADATA_TIMEOUT"),
        ({"magnet": MAGNET, "fileIdx": 3}, {}, 404, "NO_SUCH_FILE"),
        ({"magnet": MAGNET, "fileIdx": 0}, {"closing": True}, 503, "INTERNAL"),
    ],
)
def test_a_prepare_that_fails_says_why(start, given, limits, status, code):
    server = start(metadata_timeout=0.05)
    if limits:
        server.bridge.stop(WAIT)
    answered, answer = server.run("torrent_prepare_stream", **given)
    assert (answered, answer["error"]["code"]) == (status, code)


def test_without_a_backend_commands_are_a_503(server):
    running.withdraw()
    assert server.run("torrent_prepare_cancel")[0] == 503


# --- hostile requests


@pytest.mark.parametrize(
    ("command", "body", "status", "code"),
    [
        ("torrent_prepare_stream", b"not json", 400, "BAD_INPUT"),
        ("torrent_prepare_stream", b"[]", 400, "BAD_INPUT"),
        ("torrent_prepare_stream", b"null", 400, "BAD_INPUT"),
        ("torrent_prepare_stream", b"\xff\xfe\x00", 400, "BAD_INPUT"),
        ("torrent_prepare_stream", b"[" * 200_000, 400, "BAD_INPUT"),
        ("torrent_prepare_stream", b'{"fileIdx": NaN}', 400, "BAD_INPUT"),
        (
            "torrent_prepare_stream",
            b'{"fileIdx": ' + b"9" * 5000 + b"}",
            400,
            "BAD_INPUT",
        ),
        ("torrent_prepare_stream", b'{"fileIdx": 1e999}', 400, "BAD_INPUT"),
        ("torrent_prepare_stream", b'{"\\ud800": 1}', 400, "BAD_INPUT"),
        ("torrent_prepare_stream", b'{"magnet": "\\ud800"}', 400, "BAD_INPUT"),
        ("torrent_release_stream", b'{"token": {}}', 400, "BAD_INPUT"),
        ("vozduxan_stream_stats", b'{"token": "../../etc"}', 404, "NO_SUCH_STREAM"),
        ("vozduxan_stream_stats", b'{"token": "\\ud800"}', 404, "NO_SUCH_STREAM"),
        ("no_such_command", b"{}", 404, "NO_SUCH_COMMAND"),
        ("__init__", b"{}", 404, "NO_SUCH_COMMAND"),
        ("run", b"{}", 404, "NO_SUCH_COMMAND"),
        ("", b"{}", 404, "NO_SUCH_COMMAND"),
        ("torrent_prepare_stream/", b"{}", 404, "NO_SUCH_COMMAND"),
    ],
)
def test_hostile_requests_end_in_a_clear_error(server, command, body, status, code):
    assert server.refused(command, body) == (status, code)
    assert server.run("torrent_prepare_cancel") == (200, {})


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_a_post(server, method, command):
    status, headers, body = server.request(method, f"/vozduxan/api/{command}")
    assert (status, headers["Allow"]) == (405, "POST, OPTIONS")
    if method != "HEAD":
        assert json.loads(body)["error"]["code"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 3 * MAX_BODY_BYTES])
def test_a_body_that_is_too_large_is_refused(server, size):
    body = b'{"magnet": "' + b"x" * size + b'"}'
    assert server.refused("torrent_prepare_stream", body) == (413, "TOO_LARGE")


def test_a_chunked_body_is_counted_too(server):
    chunks = (b"x" * 2**20 for _ in range(16))
    assert server.refused("torrent_prepare_stream", chunks) == (413, "TOO_LARGE")


def test_a_body_that_is_announced_to_be_endless_is_not_read(server):
    with socket.create_connection(("127.0.0.1", server.port), WAIT) as client:
        client.sendall(
            b"POST /vozduxan/api/torrent_prepare_stream HTTP/1.1\r\nHost: x\r\n"
            b"Content-Type: application/json\r\nContent-Length: 5000000000\r\n\r\n"
        )
        assert client.makefile("rb").readline().split()[1] == b"413"


def test_our_own_mistake_is_logged_and_not_shown(server, caplog, monkeypatch):
    caplog.set_level(logging.ERROR)

    def fails(_token):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(server.manager.streams, "named", fails)
    status, answer = server.run("vozduxan_stream_stats", token="x")
    assert status == 500
    assert answer == {"error": {"code": "INTERNAL", "message": "The command failed."}}
    assert "secret detail" in caplog.text


# --- other sites

#: As Mopidy's schema makes them: Mopidy 3 and 4 alike give a frozenset.
PROTECTED = {"http": {"csrf_protection": True, "allowed_origins": frozenset()}}
FRIENDLY = {
    "http": {"csrf_protection": True, "allowed_origins": frozenset({"friend.example"})}
}
OPEN = {"http": {"csrf_protection": False, "allowed_origins": frozenset()}}
UNSET = {"http": {"csrf_protection": None, "allowed_origins": ()}}

COMMAND = "/vozduxan/api/torrent_prepare_cancel"


@pytest.mark.parametrize(
    ("config", "headers", "status"),
    [
        (PROTECTED, {"Content-Type": JSON}, 200),
        (PROTECTED, {"Content-Type": JSON + "; charset=utf-8"}, 200),
        (PROTECTED, {}, 415),
        (PROTECTED, {"Content-Type": "text/plain"}, 415),
        (PROTECTED, {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (PROTECTED, {"Content-Type": JSON, "Origin": "http://evil.example"}, 403),
        (PROTECTED, {"Content-Type": JSON, "Origin": "http://[::1"}, 403),
        (PROTECTED, {"Content-Type": JSON, "Origin": "http://HERE"}, 200),
        (PROTECTED, {"Content-Type": JSON, "Origin": "null"}, 403),
        (PROTECTED, {"Content-Type": JSON, "Origin": "file://"}, 403),
        (PROTECTED, {"Content-Type": JSON, "Referer": "http://here/iris/"}, 200),
        (PROTECTED, {"Content-Type": JSON, "Referer": "http://evil.example/"}, 403),
        (PROTECTED, {"Content-Type": JSON, "Host": "evil.example"}, 403),
        (FRIENDLY, {"Content-Type": JSON, "Host": "friend.example:6680"}, 200),
        (FRIENDLY, {"Content-Type": JSON, "Origin": "https://Friend.example"}, 200),
        (FRIENDLY, {"Content-Type": JSON, "Origin": "http://friend.example:81"}, 403),
        (OPEN, {"Origin": "http://evil.example"}, 200),
        (OPEN, {"Origin": "null"}, 200),
        (UNSET, {}, 200),
        ({}, {}, 415),
    ],
)
def test_commands_are_taken_from_mopidys_own_pages_and_allowed_ones(
    start, config, headers, status
):
    server = start(config)
    answered, received, body = server.request(
        "POST", COMMAND, b"{}", {"Host": "here", **headers}
    )
    assert answered == status
    error = json.loads(body).get("error", {}).get("code")
    assert error == {415: "UNSUPPORTED_MEDIA_TYPE", 403: "FORBIDDEN"}.get(status)
    readable = received["Access-Control-Allow-Origin"]
    tells = status == 200 and config is not OPEN
    assert readable == (headers.get("Origin") if tells else None)


@pytest.mark.parametrize(("config", "status"), [(PROTECTED, 403), (OPEN, 200)])
def test_a_page_under_a_rebound_name_gives_no_commands(start, config, status):
    headers = {
        "Content-Type": JSON,
        "Host": "evil.example:6680",
        "Origin": "http://evil.example:6680",
    }
    assert start(config).request("POST", COMMAND, b"{}", headers)[0] == status


@pytest.mark.parametrize(
    ("config", "origin", "status"),
    [
        (PROTECTED, None, 403),
        (PROTECTED, "http://evil.example", 403),
        (PROTECTED, "null", 403),
        (PROTECTED, "http://here", 204),
        (FRIENDLY, "http://friend.example", 204),
        (OPEN, None, 204),
        (OPEN, "http://evil.example", 204),
    ],
)
@pytest.mark.parametrize("path", [COMMAND, "/vozduxan/api/progress"])
def test_a_browser_that_asks_is_told_whether_a_page_may_come(
    start, config, origin, status, path
):
    headers = {"Host": "here"} | ({"Origin": origin} if origin else {})
    answered, received, _ = start(config).request("OPTIONS", path, None, headers)
    assert answered == status
    tells = status == 204 and config is not OPEN
    assert received["Access-Control-Allow-Origin"] == (origin if tells else None)
    allowed = received["Access-Control-Allow-Headers"]
    assert allowed == ("Content-Type" if tells else None)


def test_a_refused_command_is_not_run(server):
    token = server.prepare()["token"]
    body = json.dumps({"token": token})
    for headers in ({"Content_Type": "text/plain"}, {"Origin": "http://evil.example"}):
        assert server.post("torrent_release_stream", body, **headers)[0] in (403, 415)
    assert server.run("vozduxan_stream_stats", token=token)[0] == 200


def test_a_friend_may_read_errors_too(start):
    headers = {"Content-Type": JSON, "Origin": "http://friend.example"}
    path = "/vozduxan/api/vozduxan_stream_stats"
    status, received, _ = start(FRIENDLY).request("POST", path, b"{}", headers)
    assert status == 400
    assert received["Access-Control-Allow-Origin"] == "http://friend.example"


# --- progress


class Events:
    """Server-sent events, read one at a time."""

    def __init__(self, server, query="", **headers):
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", server.port, timeout=WAIT
        )
        path = f"/vozduxan/api/progress{query}"
        self._connection.request("GET", path, None, headers)
        self.response = self._connection.getresponse()

    def next(self):
        while True:
            line = self.response.readline()
            if not line or line.startswith(b"data: "):
                return json.loads(line[6:]) if line else None

    def close(self):
        self.response.close()
        self._connection.close()


def test_a_prepare_is_followed_live(server):
    events = Events(server)
    assert events.response.headers["Content-Type"] == "text/event-stream"
    assert events.next() == {
        "state": "idle",
        "percent": 0,
        "peers": 0,
        "rate": 0,
        "message": "",
        "token": None,
    }
    token = server.prepare()["token"]
    seen = []
    while not seen or seen[-1]["state"] != "ready":
        seen.append(events.next())
    assert seen[-1]["token"] == token
    assert seen[-1]["percent"] == 100
    late = Events(server)
    assert late.next() == seen[-1]


def test_followers_are_counted_and_those_who_go_make_room(server):
    followers = [Events(server) for _ in range(MAX_FOLLOWERS)]
    assert all(follower.next() for follower in followers)
    status, headers, body = server.request("GET", "/vozduxan/api/progress")
    assert (status, headers["Retry-After"]) == (503, "2")
    assert json.loads(body)["error"]["code"] == "TOO_MANY_FOLLOWERS"
    followers.pop().close()
    while (late := Events(server)).response.status == 503:
        pass
    assert late.next()["state"] == "idle"


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Host": "evil.example"}],
)
def test_other_sites_may_not_follow(server, headers):
    events = Events(server, **headers)
    assert events.response.status == 403


def test_following_ends_with_the_backend(server, caplog):
    caplog.set_level(logging.WARNING)
    events = Events(server)
    events.next()
    server.bridge.stop(WAIT, server.manager.close)
    assert events.next() is None
    assert not caplog.records


# --- the library's commands come through the same door


def test_the_library_is_managed_over_http(server):
    status, added = server.run("torrent_add", source=DEAD)
    assert (status, added["known"]) == (200, False)
    status, rows = server.run("torrent_list")
    assert sorted(row["name"] for row in rows) == ["Album", "de" * 20]
    status, files = server.run("torrent_files", source=INFOHASH[:4])
    assert len(files) == 3
    status, removed = server.run("torrent_remove", infohash="de", deleteData=True)
    assert (status, removed) == (
        200,
        {"infohash": "de" * 20, "freedBytes": 0, "forgotten": False},
    )
    assert server.run("torrent_remove", infohash="de")[1]["forgotten"]
    status, error = server.run("torrent_remove", infohash="de")
    assert (status, error["error"]["code"]) == (404, "NO_SUCH_TORRENT")
    assert server.run("torrent_purge") == (200, {"torrents": 0, "freedBytes": 0})
    status, answer = server.run("torrent_status")
    assert answer["library"]["torrents"] == 1
    limits = answer["network"].pop("limits")
    assert answer["network"].pop("proxy") is None
    assert answer["network"] == {"boundTo": [], "devices": [], "trouble": None}
    assert limits == {
        "downloadLimit": 0,
        "uploadLimit": 0,
        "connectionsLimit": 200,
        "torrentConnectionsLimit": 100,
        "uploadSlots": 8,
    }


@pytest.mark.parametrize("command", LIBRARY_COMMANDS)
def test_pages_of_other_sites_do_not_manage_it(server, command):
    refusals = [
        server.refused(command, b"{}", Content_Type="text/plain"),
        server.refused(command, b"{}", Origin="http://evil.example"),
    ]
    assert [status for status, _ in refusals] == [415, 403]
    assert server.request("GET", f"/vozduxan/api/{command}")[0] == 405


def states(events):
    """The states that events tell, to the last one."""
    told = []
    while not told or told[-1] not in ("ready", "failed"):
        told.append(events.next()["state"])
    return told


def test_the_metadata_of_a_torrent_is_followed_live(server):
    late = album(infohash="ee" * 20)
    server.engine.metainfos[late.infohash] = late
    server.run("torrent_add", source=late.infohash)
    events = Events(server, f"?infohash={late.infohash}")
    assert events.next()["state"] == "metadata"
    server.engine.wait_for(lambda: late.infohash in server.engine.added)
    server.on_loop(server.engine.tell_metadata, late.infohash)
    assert states(events)[-1] == "ready"
    assert Events(server).next()["state"] == "idle"  # the prepares' own


def test_following_the_metadata_of_what_is_removed_ends(server):
    server.run("torrent_add", source=DEAD)
    events = Events(server, f"?infohash={'de' * 20}")
    assert events.next()["state"] == "metadata"
    server.run("torrent_remove", infohash="de")
    assert states(events)[-1] == "failed"


def test_metadata_that_is_here_need_not_be_waited_for(server):
    assert Events(server, f"?infohash={INFOHASH}").next()["state"] == "ready"
    assert Events(server, f"?infohash={'77' * 20}").next()["state"] == "idle"
    assert Events(server, "?infohash=77").response.status == 400


@pytest.mark.parametrize("command", sorted(PRIVATE_COMMANDS))
def test_no_client_in_the_network_writes_to_a_folder(server, tmp_path, command):
    given = {"source": "Album", "directory": str(tmp_path / "new"), "export": "x"}
    status, answer = server.run(command, **given)
    assert (status, answer["error"]["code"]) == (403, "FORBIDDEN")
    assert not (tmp_path / "new").exists()
