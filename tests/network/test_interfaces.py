"""What a list of interfaces binds to, and how that stands."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from mopidy_vozduxan.network import devices
from mopidy_vozduxan.network.devices import Device
from mopidy_vozduxan.network.interfaces import interfaces_of, listening_of, named_in
from mopidy_vozduxan.network.ways import Standing, standing_of


def device(name: str, *addresses: str, index: int = 2, up: bool = True) -> Device:
    return Device(name, index, up, tuple(map(ip_address, addresses)))


LAN = device("eth0", "192.168.1.5", "fe80::1")
VPN = device("vpn0", "10.8.0.2", "fd00::2", index=3)
OTHER = device("vpn1", "10.9.0.2", "fe80::1", index=4)


def standing(text: str, *there: Device) -> Standing:
    found = {one.name: one for one in there}
    return standing_of(named_in(interfaces_of(text)), found)


@pytest.mark.parametrize(
    "text", ["", "0.0.0.0:6881,[::]:6881", "[0::0]:1", "0.0.0.0:0"]
)
def test_who_names_all_is_not_bound(text: str) -> None:
    assert standing(text, LAN, VPN) == Standing(False, (), ())
    assert standing(text, LAN, VPN).sentence is None


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("vpn0:6881", ("vpn0",)),
        ("10.8.0.2:6881", ("vpn0",)),
        ("10.8.0.2:6881, [fd00:0:0::2]:6881", ("vpn0",)),
        ("vpn0:6881,eth0:0", ("vpn0", "eth0")),
        ("192.168.1.5:6881s,vpn0:6882l", ("eth0", "vpn0")),
        ("[fe80::1%vpn1]:6881", ("vpn1",)),
    ],
)
def test_a_device_or_an_address_means_that_device(
    text: str, used: tuple[str, ...]
) -> None:
    now = standing(text, LAN, VPN, OTHER)
    assert (now.devices, now.sentence, now.lost) == (used, None, False)


@pytest.mark.parametrize(
    ("text", "there", "sentence"),
    [
        ("tun9:1", [LAN], "There is no device tun9"),
        (
            "vpn0:1",
            [LAN, device("vpn0", "10.8.0.2", up=False)],
            "The device vpn0 is down",
        ),
        ("vpn0:1", [device("vpn0")], "The device vpn0 has no address"),
        ("vpn0:1", [device("vpn0", "fe80::7")], "The device vpn0 has no address"),
        ("10.8.0.2:1", [LAN], "No device has the address 10.8.0.2"),
        (
            "10.8.0.2:1",
            [device("vpn0", "10.8.0.2", up=False)],
            "The device of 10.8.0.2, vpn0, is down",
        ),
        ("[fe80::1%vpn1]:1", [LAN], "No device has the address fe80::1%vpn1"),
        ("a:1,b:1", [LAN], "There is no device a; there is no device b"),
    ],
)
def test_what_is_missing_is_said(text: str, there: list[Device], sentence: str) -> None:
    now = standing(text, *there)
    assert now.sentence == f"{sentence}: torrents wait, and use no other way."
    assert now.lost
    assert now.devices == ()


def test_what_is_there_is_used_without_what_is_missing() -> None:
    now = standing("tun9:1,vpn0:1", LAN, VPN)
    assert now.sentence == "There is no device tun9: torrents use only vpn0."
    assert (now.lost, now.devices) == (False, ("vpn0",))


def test_this_machines_loopback_is_seen() -> None:
    lo = devices.look()["lo"]
    assert lo.up
    assert ip_address("127.0.0.1") in lo.addresses


def test_who_may_not_look_sees_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(devices.socket, "socket", refuse)
    assert devices.look() == {}


@pytest.mark.parametrize(
    ("interface", "given", "listening"),
    [
        (None, "0.0.0.0:6881,[::]:6881", "0.0.0.0:6881,[::]:6881"),
        ("vpn0", "0.0.0.0:6881,[::]:6881", "vpn0:6881"),
        ("vpn0", "0.0.0.0:6881, [::]:7000s", "vpn0:6881,vpn0:7000s"),
        ("10.8.0.2", "vpn1:6881", "10.8.0.2:6881"),
        ("fd00::2", "0.0.0.0:0", "[fd00::2]:0"),
    ],
)
def test_one_interface_takes_the_place_of_all_hosts(
    interface: str | None, given: str, listening: str
) -> None:
    config = {"interface": interface, "listen_interfaces": given}
    assert listening_of(config) == listening
    interfaces_of(listening)
