"""What a page of another site can do here, in a real browser and without one.

Before these rules, any site gave commands from a sandboxed frame, whose origin is
"null", or under a name of its own that it pointed at this machine.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.e2e.stage import PATIENCE_S, Album, Listener, album, seeded
from tests.rig.album import Track
from tests.rig.torrents import magnet_of
from tests.rig.webserver import WebServer

BROWSER = int(importlib.metadata.version("mopidy").split(".")[0]) < 4
EVIL, FRIEND = "evil.example", "friend.example"
API = "/vozduxan/api"
DEAD = f"magnet:?xt=urn:btih:{'de' * 20}"
COVER_PX = 300

#: What a page tries; each answer says how far it came.
_TRY = """
const [mopidy, cover, dead] = %s;
const json = {"Content-Type": "application/json"};
const post = (command, body, headers = json) =>
    fetch(`${mopidy}/vozduxan/api/${command}`,
          {method: "POST", headers, body: JSON.stringify(body)})
    .then(answer => answer.status, () => "blocked");
const picture = url => new Promise(done => {
    const image = new Image();
    image.onload = () => done(image.naturalWidth);
    image.onerror = () => done("blocked");
    image.src = url;
});
const opaque = url => fetch(url, {mode: "no-cors"}).then(() => "came", () => "blocked");
const progress = () => new Promise(done => {
    const events = new EventSource(`${mopidy}/vozduxan/api/progress`);
    events.onmessage = () => { events.close(); done("told"); };
    events.onerror = () => { events.close(); done("blocked"); };
});
const all = async () => ({
    list: await post("torrent_list", {}),
    add: await post("torrent_add", {source: dead}),
    simple: await post("torrent_add", {source: dead}, {}),
    remove: await post("torrent_remove", {infohash: "00"}),
    picture: await picture(`${mopidy}${cover}`),
    missing: await opaque(`${mopidy}${cover.replace(/[0-9a-f]{40}/, "0".repeat(40))}`),
    progress: await progress(),
});
"""
_TELL = "all().then(answer => top.postMessage(answer, '*'));"
_HEAR = """
<script>addEventListener("message", event => { window.heard ??= event.data; });</script>
"""
_PLAY = """
const [answer] = arguments;
(async () => {
    const given = {magnet: %s, fileIdx: %d};
    const asked = await fetch(`${mopidy}/vozduxan/api/torrent_prepare_stream`,
        {method: "POST", headers: json, body: JSON.stringify(given)});
    const audio = new Audio((await asked.json()).url);
    audio.addEventListener("error", () => answer("error"));
    audio.addEventListener("canplay", () => answer(audio.duration));
})();
"""


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Album]:
    folder = tmp_path_factory.mktemp("album") / "Album"
    with album(folder, [Track("One", "mp3", 4)]) as made, seeded(made, seconds=1):
        yield made


@pytest.fixture(scope="module")
def site() -> Iterator[WebServer]:
    with WebServer() as web:
        yield web


@pytest.fixture(scope="module")
def listener(
    record: Album, site: WebServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listener]:
    config = {"http": {"allowed_origins": f"{FRIEND}:{site.port}"}}
    folder = tmp_path_factory.mktemp("mopidy")
    with Listener(folder, [record], config) as listener:
        yield listener
        listener.assert_calm()


@pytest.fixture(scope="module")
def cover(listener: Listener, record: Album) -> str:
    """The path of the album's cover, which is here by now."""
    found = listener.rpc("core.library.get_images", uris=[record.uri])
    path = str(found[record.uri][0]["uri"])
    assert ask(listener, "GET", path, {})[0] == 200
    return path


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if not BROWSER:
        pytest.skip("the browser is installed where Mopidy 3 is")
    assert shutil.which("chromedriver")
    from tests.rig.browser import browser

    names = (EVIL, FRIEND)
    with browser(tmp_path_factory.mktemp("profile"), names=names) as running:
        running.set_script_timeout(PATIENCE_S)
        yield running


def ask(
    listener: Listener, method: str, path: str, headers: dict[str, str]
) -> tuple[int, bytes]:
    port = listener.mopidy.http_port
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        body = b"{}" if method == "POST" else None
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, b"" if answer.status == 200 else answer.read()
    finally:
        connection.close()


def attempts(listener: Listener, cover: str) -> str:
    """The script for a page that is not Mopidy's."""
    return _TRY % json.dumps([listener.mopidy.url, cover, DEAD])


def untouched(listener: Listener, record: Album) -> bool:
    headers = {"Content-Type": "application/json"}
    port = listener.mopidy.http_port
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("POST", f"{API}/torrent_list", b"{}", headers)
    known = json.load(connection.getresponse())
    connection.close()
    return [torrent["infohash"] for torrent in known] == [record.infohash]


BLOCKED = dict.fromkeys(
    ("list", "add", "simple", "remove", "picture", "missing", "progress"), "blocked"
)


@pytest.mark.parametrize("frame", ["sandboxed", "plain"])
def test_a_page_of_another_site_learns_and_changes_nothing(
    window: Any,
    listener: Listener,
    record: Album,
    site: WebServer,
    cover: str,
    frame: str,
) -> None:
    sandbox = 'sandbox="allow-scripts"' if frame == "sandboxed" else ""
    inner = f"<script>{attempts(listener, cover)}{_TELL}</script>"
    outer = f'{_HEAR}<iframe {sandbox} src="/frame"></iframe>'
    site.routes = {"/": outer.encode(), "/frame": inner.encode()}
    window.get(f"http://{EVIL}:{site.port}/")
    heard = window.execute_async_script(
        "const [answer] = arguments;"
        "const look = () => window.heard ? answer(window.heard) : setTimeout(look, 20);"
        "look();"
    )
    assert heard == BLOCKED
    assert untouched(listener, record)


def test_a_page_under_a_rebound_name_learns_and_changes_nothing(
    window: Any, listener: Listener, record: Album, cover: str
) -> None:
    # To the browser we are its own origin: it may read all that is answered.
    window.get(f"http://{EVIL}:{listener.mopidy.http_port}/mopidy/")
    script = _TRY % json.dumps(["", cover, DEAD])
    heard = window.execute_async_script(
        f"{script}const [answer] = arguments; all().then(answer);"
    )
    refused = dict.fromkeys(("list", "add", "simple", "remove"), 403)
    assert heard == BLOCKED | refused | {"missing": "came"}
    assert untouched(listener, record)
    assert f"host name {EVIL}" in listener.mopidy.log


def test_a_front_end_of_an_allowed_origin_shows_plays_and_commands(
    window: Any, listener: Listener, record: Album, site: WebServer, cover: str
) -> None:
    site.routes = {"/": b"<!DOCTYPE html>"}
    window.get(f"http://{FRIEND}:{site.port}/")
    script = attempts(listener, cover).replace("torrent_add", "torrent_status")
    heard = window.execute_async_script(
        f"{script}const [answer] = arguments; all().then(answer);"
    )
    assert heard["list"] == 200
    assert heard["simple"] == 415  # it must be JSON all the same
    assert heard["picture"] == COVER_PX
    assert heard["progress"] == "told"
    magnet = magnet_of(record.torrent, [record.tracker.url])
    (index,) = [
        n
        for n, path in enumerate(sorted(record.folder.iterdir()))
        if path.suffix == ".mp3"
    ]
    play = _PLAY % (json.dumps(magnet), index)
    seconds = window.execute_async_script(f"{attempts(listener, cover)}{play}")
    assert seconds == pytest.approx(4, abs=0.5)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:6680"}, 200),
        ({"Host": "raspberrypi:6680"}, 200),
        ({"Host": "music.lan"}, 200),
        ({"Host": FRIEND}, 200),
        ({"Host": EVIL}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": f"http://{EVIL}"}, 403),
    ],
)
def test_commands_pictures_and_progress_are_for_known_names_and_pages(
    listener: Listener, cover: str, headers: dict[str, str], status: int
) -> None:
    typed = {"Content-Type": "application/json", **headers}
    assert ask(listener, "POST", f"{API}/torrent_status", typed)[0] == status
    assert ask(listener, "GET", cover, headers)[0] == status
    assert ask(listener, "GET", f"{API}/progress", headers)[0] == status
    page = 403 if "Host" in headers and status == 403 else 200
    assert ask(listener, "GET", "/vozduxan/", headers)[0] == page
