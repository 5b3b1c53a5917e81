"""Fetching a torrent file from a real web server, well-behaved and otherwise."""

from __future__ import annotations

import asyncio
import gzip
import socket
import socketserver
import sys
import threading
import zlib

import pytest

from mopidy_vozduxan.exceptions import BadInput, FetchFailed
from mopidy_vozduxan.network.binding import Binding
from mopidy_vozduxan.sources.fetching import Fetcher
from tests.rig.webserver import WebServer, answer, redirect, unused_port
from tests.torrent_files import single_file

TORRENT = single_file("Song.mp3")
MAGNET = "magnet:?xt=urn:btih:" + "ab" * 20 + "&tr=http%3A%2F%2Fa%2Fannounce"
MIB = 1024 * 1024


@pytest.fixture
def web():
    with WebServer({"/x.torrent": TORRENT}) as server:
        yield server


@pytest.fixture(params=["0.0.0.0:0", "lo:0"], ids=["unbound", "bound"], autouse=True)
def bound_to(request, monkeypatch):
    """Both ways to make connections behave alike."""
    monkeypatch.setattr(sys.modules[__name__], "BINDING", Binding(request.param))


BINDING = None


def fetch(url, proxy=None, total_s=20.0):
    fetcher = Fetcher(proxy or {}, "Mopidy-Vozduxan/0.1", BINDING, total_s)
    return asyncio.run(fetcher.fetch(url))


def packed(body, encoding):
    return lambda handler: answer(handler, 200, body, Content_Encoding=encoding)


def test_a_torrent_file_is_fetched(web):
    assert fetch(web.url("/x.torrent")) == TORRENT
    agent = web.requests[0][1]["User-Agent"]
    assert agent.startswith("Mopidy-Vozduxan/0.1 Mopidy/")


def test_redirects_are_followed(web):
    web.routes["/a"] = redirect("/b")
    web.routes["/b"] = redirect(web.url("/x.torrent"))
    assert fetch(web.url("/a")) == TORRENT


@pytest.mark.parametrize("scheme", ["magnet:", "MAGNET:"])
def test_a_redirect_to_a_magnet_link_gives_the_link(web, scheme):
    web.routes["/a"] = redirect(scheme + MAGNET[len("magnet:") :])
    assert fetch(web.url("/a")) == MAGNET


def test_redirects_in_a_circle_end(web):
    web.routes["/a"] = redirect("/a")
    with pytest.raises(FetchFailed, match="in a circle"):
        fetch(web.url("/a"))
    assert len(web.requests) == 6


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_a_redirect_to_anything_else_is_refused(web, target):
    web.routes["/a"] = redirect(target)
    with pytest.raises(FetchFailed, match="redirects to"):
        fetch(web.url("/a"))


def test_a_missing_file_is_said_by_its_status(web):
    with pytest.raises(FetchFailed, match=r"127\.0\.0\.1 answers 404 Not Found"):
        fetch(web.url("/nothing.torrent"))


def test_messages_do_not_tell_the_passkey(web):
    with pytest.raises(FetchFailed) as failure:
        fetch(web.url("/nothing.torrent?passkey=secret"))
    assert "secret" not in str(failure.value)


def test_a_large_file_is_refused_before_it_is_here(web):
    sent = []

    def endless(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(1 << 40))
        handler.end_headers()
        while not web.closing.is_set():
            handler.wfile.write(bytes(MIB))
            sent.append(1)

    web.routes["/big"] = endless
    with pytest.raises(FetchFailed, match="larger than 10 MiB"):
        fetch(web.url("/big"))
    assert len(sent) < 100


@pytest.mark.parametrize(
    ("pack", "encoding"),
    [(gzip.compress, "gzip"), (gzip.compress, "x-gzip"), (zlib.compress, "deflate")],
)
def test_packed_bodies_are_unpacked(web, pack, encoding):
    web.routes["/x"] = packed(pack(TORRENT), encoding)
    assert fetch(web.url("/x")) == TORRENT


def test_a_bomb_does_not_go_off(web):
    web.routes["/x"] = packed(gzip.compress(bytes(200 * MIB)), "gzip")
    with pytest.raises(FetchFailed, match="larger than 10 MiB"):
        fetch(web.url("/x"))


@pytest.mark.parametrize(
    "body", [b"no gzip", gzip.compress(TORRENT)[:-20]], ids=["nothing of it", "cut"]
)
def test_what_cannot_be_unpacked_is_an_error(web, body):
    web.routes["/x"] = packed(body, "gzip")
    with pytest.raises(FetchFailed, match=r"unpacked|cut short"):
        fetch(web.url("/x"))


def test_a_body_that_ends_early_is_an_error(web):
    web.routes["/x"] = lambda handler: answer(
        handler, 200, b"d4:", Content_Length="100", Connection="close"
    )
    with pytest.raises(FetchFailed, match="cannot be reached"):
        fetch(web.url("/x"))


@pytest.mark.parametrize("where", ["headers", "body"])
def test_a_server_that_drips_does_not_hold_us_up(web, where):
    asked, hung_up = threading.Event(), threading.Event()

    def drip(handler):
        asked.set()
        try:
            if where == "body":
                handler.send_response(200)
                handler.send_header("Content-Length", "1000000")
                handler.end_headers()
            while not web.closing.wait(0.05):
                handler.wfile.write(b"x")
        except OSError:
            hung_up.set()

    web.routes["/x"] = drip
    for total_s in (0.5, 4, 32):  # on a busy machine it ends before it asks
        with pytest.raises(FetchFailed, match="did not send it in time"):
            fetch(web.url("/x"), total_s=total_s)
        if asked.is_set():
            break
    assert hung_up.wait(10)


def test_a_server_that_is_not_there_is_an_error():
    with pytest.raises(FetchFailed, match="cannot be reached"):
        fetch(f"http://127.0.0.1:{unused_port()}/x")


@pytest.mark.parametrize("url", ["http://[::1", "http://a b/", "http:///x"])
def test_a_malformed_url_is_bad_input(url):
    with pytest.raises((BadInput, FetchFailed)):
        fetch(url)


def test_mopidys_proxy_is_asked_and_told_who_we_are(web):
    """The proxy is a server that is asked for a whole URL."""
    with WebServer({"http://tracker.invalid/x.torrent": TORRENT}) as proxy:
        settings = {
            "scheme": "http",
            "hostname": "127.0.0.1",
            "port": proxy.port,
            "username": "me",
            "password": "secret",
        }
        assert fetch("http://tracker.invalid/x.torrent", settings) == TORRENT
    path, headers = proxy.requests[0]
    assert path == "http://tracker.invalid/x.torrent"
    assert headers["Proxy-Authorization"] == "Basic bWU6c2VjcmV0"


class Socks(socketserver.StreamRequestHandler):
    """The least of SOCKS5: whatever is asked for, ``server.target`` answers."""

    def handle(self):
        _, count = self.rfile.read(2)
        self.rfile.read(count)
        self.wfile.write(b"\5\2")  # with a password
        _, length = self.rfile.read(2)
        user = self.rfile.read(length)
        password = self.rfile.read(*self.rfile.read(1))
        self.wfile.write(b"\1\0")
        *_, kind, length = self.rfile.read(5)
        host = self.rfile.read(length)
        self.rfile.read(2)
        self.server.asked.append((user, password, kind, host))
        self.wfile.write(b"\5\0\0\1" + bytes(6))
        with socket.create_connection(self.server.target) as web:
            web.sendall(self.rfile.read1())
            while data := web.recv(65536):
                self.wfile.write(data)


def test_a_socks_proxy_is_asked_and_resolves_the_name(web):
    with socketserver.TCPServer(("127.0.0.1", 0), Socks) as proxy:
        proxy.target, proxy.asked = ("127.0.0.1", web.port), []
        threading.Thread(target=proxy.handle_request, daemon=True).start()
        settings = {
            "scheme": "socks5",
            "hostname": "127.0.0.1",
            "port": proxy.server_address[1],
            "username": "me",
            "password": "secret",
        }
        assert fetch("http://tracker.invalid/x.torrent", settings) == TORRENT
        assert proxy.asked == [(b"me", b"secret", 3, b"tracker.invalid")]


def test_a_proxy_of_an_unknown_kind_is_said(web):
    settings = {"scheme": "gopher", "hostname": "127.0.0.1", "port": 1}
    with pytest.raises(FetchFailed, match="proxy cannot be used"):
        fetch(web.url("/x.torrent"), settings)
    assert web.requests == []


def test_without_a_configured_proxy_the_environments_counts(web, monkeypatch):
    with WebServer({"http://tracker.invalid/x.torrent": TORRENT}) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url(""))
        assert fetch("http://tracker.invalid/x.torrent") == TORRENT


@pytest.mark.parametrize(
    "url", ["http://[x/", "http://127.0.0.1:99999/", "http://xn--/"]
)
def test_a_redirect_to_a_malformed_url_is_an_error(web, url):
    web.routes["/a"] = redirect(url)
    with pytest.raises(FetchFailed, match="malformed"):
        fetch(web.url("/a"))
    with pytest.raises((FetchFailed, BadInput), match="malformed"):
        fetch(url)
