"""Which host names and which pages all that we serve is for."""

from __future__ import annotations

import json
import logging
import socket

import pytest

from mopidy_vozduxan.covers.kept_pictures import PictureName
from mopidy_vozduxan.covers.picture import Picture
from mopidy_vozduxan.web import handler, hosts
from mopidy_vozduxan.web.csrf import CrossSiteRules
from mopidy_vozduxan.web.hosts import name_in
from tests.web.fakes import content
from tests.web.test_image import INFOHASH, URL, pictures

__all__ = ["pictures"]  # a fixture

SIZE = 5


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost:6680", "127.0.0.1:6680", "192.168.1.5", "[::1]:6680"),
        *("raspberrypi:6680", "raspberrypi.local", "music.lan:6680", "MUSIC.LAN."),
        *("pi.home.arpa", "pi.internal", "app.localhost", "", "[fe80::1]"),
    ],
)
def test_names_of_the_local_network_are_known(host):
    assert CrossSiteRules().knows(name_in(host))


@pytest.mark.parametrize(
    "host",
    [
        *(
            "evil.example",
            "evil.example:6680",
            "127.0.0.1.evil.example",
            "local.evil.com",
        ),
        *("evillocal.com", "192.168.1.5.nip.io", "[::1", "raspberrypi.evil.example"),
    ],
)
def test_names_that_a_site_may_have_are_not(host):
    assert not CrossSiteRules().knows(name_in(host))


def test_what_the_configuration_names_is_known():
    rules = CrossSiteRules.of(
        {
            "http": {
                "hostname": "Music.Example.org",
                "csrf_protection": True,
                "allowed_origins": frozenset({"app.example.org:8080"}),
            }
        }
    )
    assert rules.knows(name_in("music.example.org:6680"))
    assert rules.knows(name_in("app.example.org"))
    assert not rules.knows(name_in("example.org"))


def test_without_protection_every_name_is_known():
    assert CrossSiteRules(protection=False).knows("evil.example")


@pytest.fixture
def fritz(monkeypatch, tmp_path):
    """A machine that two name servers give names of the internet."""
    monkeypatch.setattr(socket, "gethostname", lambda: "Pi")
    monkeypatch.setattr(socket, "getfqdn", lambda: "Pi.example.org")
    resolv_conf = tmp_path / "resolv.conf"
    resolv_conf.write_text("# made by\nnameserver ::1\nsearch fritz.box example.net\n")
    monkeypatch.setattr(hosts, "RESOLV_CONF", resolv_conf)
    hosts.own_names.cache_clear()
    yield
    hosts.own_names.cache_clear()


@pytest.mark.usefixtures("fritz")
def test_the_machines_own_name_is_known(mopidy_door):
    for name in ("pi.fritz.box", "pi.example.net", "pi.example.org"):
        assert mopidy_door.get("/vozduxan/", Host=f"{name}:6680").status == 200
    for name in ("other.fritz.box", "pi.evil.example", "fritz.box"):
        assert mopidy_door.get("/vozduxan/", Host=name).status == 403


PATHS = ["/vozduxan/", "/vozduxan/stream/tok", URL, "/vozduxan/api/progress"]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_is_told_to_a_page_under_a_rebound_name(public_door, streams, path):
    streams.add("tok", SIZE)
    reply = public_door.get(path, Host="evil.example:6680")
    assert reply.status == 403
    error = json.loads(reply.body)["error"]
    assert error["code"] == "FORBIDDEN"
    assert "evil.example" in error["message"]
    assert "http/allowed_origins" in error["message"]


def test_a_listener_is_told_once_in_the_log(mopidy_door, caplog, monkeypatch):
    monkeypatch.setattr(handler, "_told", set())
    caplog.set_level(logging.WARNING, "mopidy_vozduxan")
    for _ in range(3):
        mopidy_door.get("/vozduxan/", Host="music.example.org")
    (record,) = [r for r in caplog.records if r.name.startswith("mopidy_vozduxan")]
    assert "music.example.org" in record.getMessage()
    assert "http/allowed_origins" in record.getMessage()


@pytest.mark.parametrize(
    ("headers", "status", "policy"),
    [
        ({}, 200, "same-origin"),
        ({"Referer": "http://localhost/iris/"}, 200, "same-origin"),
        ({"Referer": "http://evil.example/"}, 403, "same-origin"),
        ({"Origin": "null"}, 403, "same-origin"),
    ],
)
def test_a_picture_is_for_our_own_pages(mopidy_door, pictures, headers, status, policy):
    pictures.pictures[PictureName(INFOHASH, 3)] = Picture(b"the bytes", "png")
    reply = mopidy_door.get(URL, **headers)
    assert reply.status == status
    assert reply.headers["cross-origin-resource-policy"] == policy


def test_a_picture_that_is_missing_looks_the_same_to_other_pages(mopidy_door, pictures):
    reply = mopidy_door.get(URL)
    assert reply.status == 404
    assert reply.headers["cross-origin-resource-policy"] == "same-origin"


def test_a_picture_is_for_pages_of_allowed_origins_too():
    rules = CrossSiteRules(allowed_origins=frozenset({"friend.example"}))
    asked = {"Host": "localhost", "Referer": "http://friend.example/albums"}
    rules.check("GET", asked)
    assert rules.headers("GET", asked) == {
        "Cross-Origin-Resource-Policy": "cross-origin"
    }


def test_a_stream_is_given_to_whatever_page_knows_its_token(public_door, streams):
    streams.add("tok", SIZE)
    reply = public_door.get("/vozduxan/stream/tok", Referer="http://friend.example/")
    assert (reply.status, reply.body) == (200, content(SIZE))
    assert "cross-origin-resource-policy" not in reply.headers
