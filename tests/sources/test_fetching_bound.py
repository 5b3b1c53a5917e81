"""Torrent files are fetched over the device we are bound to, and by no other way."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from mopidy_vozduxan.exceptions import FetchFailed
from mopidy_vozduxan.network.binding import Binding
from mopidy_vozduxan.sources.fetching import Fetcher
from tests.rig.networks import ETH, FAR, Capture, TwoWays
from tests.rig.webserver import WebServer, redirect

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces need root")


@dataclass
class Home:
    """Where we fetch from, what is fetched, and what goes the wrong way."""

    ways: TwoWays
    web: WebServer
    wrong: Capture


@contextmanager
def a_home() -> Iterator[Home]:
    with TwoWays() as ways, ExitStack() as stack:
        with ways.far.entered():
            web = stack.enter_context(WebServer({"/x": b"d4:"}, host=FAR))
        web.routes["/a"] = redirect("/x")
        wrong = stack.enter_context(Capture(ways, ETH))
        with ways.home.entered():
            yield Home(ways, web, wrong)


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with a_home() as home:
        yield home


def fetch(url: str, bound_to: str, **proxy: object) -> bytes | str:
    fetcher = Fetcher(proxy, "Mopidy-Vozduxan/0.1", Binding(bound_to), 20)
    return asyncio.run(fetcher.fetch(url))


@pytest.mark.parametrize("bound_to", ["vpn0:0", "10.8.0.2:0", "tun9:0,vpn0:0"])
def test_the_device_is_the_only_way(home: Home, bound_to: str) -> None:
    assert fetch(home.web.url("/a"), bound_to) == b"d4:"
    assert home.wrong.packets == []


@pytest.mark.parametrize(
    ("bound_to", "sentence"),
    [
        ("vpn0:0", f"{FAR} cannot be reached: the device vpn0 is down."),
        ("tun9:0", f"{FAR} cannot be reached: there is no device tun9."),
        ("10.8.0.2:0", "the device of 10.8.0.2, vpn0, is down."),
        ("10.9.9.9:0", "no device has the address 10.9.9.9."),
    ],
)
def test_without_it_nothing_leaves(home: Home, bound_to: str, sentence: str) -> None:
    home.ways.vpn_down()
    with pytest.raises(FetchFailed) as failure:
        fetch(home.web.url("/x"), bound_to)
    home.ways.vpn_up()
    assert str(failure.value).endswith(sentence)
    assert home.wrong.packets == []


def test_who_may_not_bind_to_a_device_binds_to_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On Linux before 5.7, that is. The routes then say which way it goes."""
    from mopidy_vozduxan.network import http

    def refuse(*_: object) -> None:
        raise PermissionError

    class Unprivileged(http.socket.socket):
        setsockopt = refuse

    with a_home() as home:
        monkeypatch.setattr(http.socket, "socket", Unprivileged)
        assert fetch(home.web.url("/x"), "vpn0:0") == b"d4:"
        (packet, *_) = home.wrong.packets
        assert "10.8.0.2 >" in packet
        monkeypatch.undo()


def test_a_proxy_on_this_machine_is_asked_all_the_same(home: Home) -> None:
    with WebServer({home.web.url("/x"): b"by proxy"}) as proxy:
        where = {"hostname": "127.0.0.1", "port": proxy.port}
        assert fetch(home.web.url("/x"), "vpn0:0", **where) == b"by proxy"


def test_a_proxy_elsewhere_is_asked_over_the_device(home: Home) -> None:
    home.web.routes["http://somewhere.invalid/x"] = b"by proxy"
    where = {"hostname": FAR, "port": home.web.port}
    assert fetch("http://somewhere.invalid/x", "vpn0:0", **where) == b"by proxy"
    assert home.wrong.packets == []
