"""A magnet link beside a ``.torrent`` file's bytes: what of it counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from mopidy_vozduxan.engine.parsing import read_with_magnet
from mopidy_vozduxan.engine.resume import params_of
from mopidy_vozduxan.exceptions import BadInput
from tests.rig.torrents import Version, magnet_of, make_torrent

OWN, SHARED, NEW = (f"http://127.0.0.1:{port}/announce" for port in (1, 2, 3))
PEER = ("127.0.0.9", 6881)


def torrent(folder: Path, *, private: bool = False, version: Version = "v1") -> bytes:
    (folder / "a.flac").write_bytes(bytes(40_000))
    trackers = [OWN, SHARED]
    return make_torrent(folder, private=private, version=version, trackers=trackers)


def test_its_trackers_and_peers_are_asked_as_well(tmp_path: Path) -> None:
    data = torrent(tmp_path)
    magnet = magnet_of(data, trackers=[SHARED, NEW], peers=[PEER])
    source, _ = read_with_magnet(data, magnet)
    params = params_of(source)
    assert list(params.trackers) == [OWN, SHARED, NEW]
    assert list(params.tracker_tiers) == [0, 1, 2]
    assert [tuple(peer) for peer in params.peers] == [PEER]
    assert params.ti is not None


def test_a_private_torrent_asks_its_own_trackers_only(tmp_path: Path) -> None:
    data = torrent(tmp_path, private=True)
    source, _ = read_with_magnet(data, magnet_of(data, trackers=[NEW], peers=[PEER]))
    params = params_of(source)
    assert list(params.trackers) == [OWN, SHARED]
    assert list(params.peers) == []


@pytest.mark.parametrize("half", ["v1", "v2"])
def test_a_hybrid_torrent_agrees_with_either_of_its_names(
    tmp_path: Path, half: str
) -> None:
    data = torrent(tmp_path, version="hybrid")
    v1, v2, *_ = magnet_of(data).removeprefix("magnet:?").split("&")
    magnet = "magnet:?" + (v1 if half == "v1" else v2)
    assert read_with_magnet(data, magnet)[0].magnet == magnet


def test_a_magnet_of_another_torrent_is_refused(tmp_path: Path) -> None:
    data = torrent(tmp_path)
    with pytest.raises(BadInput, match="another"):
        read_with_magnet(data, f"magnet:?xt=urn:btih:{'ab' * 20}")
