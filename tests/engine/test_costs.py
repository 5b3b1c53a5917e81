"""Torrents made to keep us busy: refused before they do, and cheaply."""

from __future__ import annotations

import asyncio
import time

import libtorrent as lt
import pytest

from mopidy_vozduxan.engine import costs
from mopidy_vozduxan.engine.parsing import (
    MOST_NODES,
    MOST_PEERS,
    MOST_TRACKERS,
    MOST_WEB_SEEDS,
    params_of_magnet,
    params_of_torrent,
    read_torrent,
)
from mopidy_vozduxan.engine.protocol import SwarmBroke
from mopidy_vozduxan.engine.resume import ResumeFiles
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from mopidy_vozduxan.torrent.uris import magnet_of
from tests.engine.colliding import colliding_names
from tests.engine.conftest import OFFLINE, TIMEOUT_S, Rig, on_loop
from tests.torrent_files import bencode, infohash_of

FILES = 20_000


@pytest.fixture(autouse=True)
def any_machine(monkeypatch):
    """On a fast machine nothing here takes long: what grows too fast is what counts."""
    monkeypatch.setattr(costs, "LIMIT_S", 0.02)


def v1(*paths, **top):
    """A v1 torrent of files of one byte."""
    pieces = bytes(20)
    files = [{"length": 1, "path": list(path)} for path in paths]
    info = {"name": "a", "piece length": 1 << 20, "pieces": pieces, "files": files}
    return bencode({"info": info, **top})


def v2(*paths):
    """A v2 torrent of files of one byte."""
    tree: dict = {}
    for *folders, name in paths:
        node = tree
        for folder in folders:
            node = node.setdefault(folder, {})
        node[name] = {"": {"length": 1, "pieces root": b"\1" * 32}}
    info = {"name": "a", "piece length": 1 << 20, "meta version": 2, "file tree": tree}
    return bencode({"info": info})


def in_folders(files, folders):
    return [(f"Album {n % folders:05}", f"{n:05} - Song.flac") for n in range(files)]


@pytest.mark.parametrize("make", [v1, v2])
def test_a_folder_for_every_file_is_refused(make):
    with pytest.raises(BadInput, match="20000 files would take too long"):
        read_torrent(make(*in_folders(FILES, FILES)))


@pytest.mark.parametrize("make", [v1, v2])
def test_names_that_share_a_checksum_are_refused(make):
    """Half a megabyte takes libtorrent 10 s, five a quarter of an hour."""
    paths = [(name,) for name in colliding_names(8000, "a")]
    with pytest.raises(BadInput, match="8000 files would take too long"):
        read_torrent(make(*paths))


def test_files_of_one_name_are_refused():
    """libtorrent 2.1 does so by itself; 2.0.8 gives each a name of its own."""
    with pytest.raises(BadInput):
        read_torrent(v1(*[("Song.flac",)] * 15_000))


def test_a_second_list_of_files_is_seen():
    """We read the last of two equal keys, libtorrent the first."""
    bomb = bencode([{"length": 1, "path": [str(n), "x"]} for n in range(1000)])
    harmless = v1(("Song.flac",))
    twice = harmless.replace(b"d5:files", b"d5:files" + bomb + b"5:files", 1)
    assert lt.load_torrent_buffer(twice).ti.num_files() == 1000
    with pytest.raises(BadInput, match="twice"):
        read_torrent(twice)


def test_what_is_nested_too_deeply_is_refused():
    with pytest.raises(BadInput, match=r"nested|depth"):
        read_torrent(v1([*["x"] * 200, "Song.flac"]))


def test_more_files_than_anybody_has_are_refused():
    with pytest.raises(BadInput, match="more files"):
        read_torrent(v1(*[("x", str(n)) for n in range(costs.MAX_FILES + 1)]))


@pytest.mark.parametrize("make", [v1, v2])
def test_a_large_honest_torrent_is_read(make):
    torrent = make(*in_folders(50_000, 2_000))
    assert sum(not f.padding for f in read_torrent(torrent).files) == 50_000


def test_a_refusal_costs_a_fraction_of_what_it_saves():
    """The yardstick is libtorrent itself, with half as many files."""
    paths = [(name,) for name in colliding_names(8000, "a")]
    whole, half = v1(*paths), v1(*paths[:4000])
    begin = time.thread_time()
    lt.load_torrent_buffer(half)
    half_s = time.thread_time() - begin
    begin = time.thread_time()
    with pytest.raises(BadInput):
        costs.check_costs(whole)
    assert time.thread_time() - begin < 2 * half_s  # the whole takes four times


def test_surplus_trackers_and_seeds_are_left_out():
    urls = [f"http://127.0.0.1:{n}/x" for n in range(1, 3000)]
    params = params_of_torrent(
        v1(
            ("Song.flac",),
            **{
                "announce-list": [[url] for url in urls],
                "url-list": urls,
                "nodes": [["127.0.0.1", n] for n in range(1, 3000)],
            },
        )
    )
    assert len(params.trackers) == len(params.tracker_tiers) == MOST_TRACKERS
    assert len(params.url_seeds) == MOST_WEB_SEEDS
    assert len(params.dht_nodes) == MOST_NODES
    if hasattr(params.ti, "nodes") and not hasattr(params.ti, "layout"):
        assert not params.ti.nodes()  # 2.0.8 asks these too


def test_surplus_of_a_magnet_link_is_left_out():
    peers = "".join(f"&x.pe=127.0.0.1:{n}" for n in range(1, 900))
    assert len(params_of_magnet(magnet_of("ab" * 20) + peers).peers) == MOST_PEERS
    trackers = "".join(f"&tr=http://127.0.0.1:{n}" for n in range(1, 900))
    params = params_of_magnet(magnet_of("ab" * 20) + trackers)
    assert len(params.trackers) == len(params.tracker_tiers) == MOST_TRACKERS
    seeds = "".join(f"&ws=http://127.0.0.1:{n}" for n in range(1, 900))
    assert len(params_of_magnet(magnet_of("ab" * 20) + seeds).url_seeds) == (
        MOST_WEB_SEEDS
    )


async def joined(rig, infohash):
    """Return libtorrent's handle, once it is there: no event of ours tells."""
    async with asyncio.timeout(TIMEOUT_S):
        while not (handle := rig.engine._members.swarms[infohash].handle):
            await asyncio.sleep(0.01)
    return handle


@on_loop
async def test_what_a_swarm_says_of_itself_is_refused_once_and_for_all(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(costs, "MAX_FILES", 3)
    torrent = v1(*[(f"{n}.flac",) for n in range(5)])
    infohash = infohash_of(torrent)
    source = TorrentSource(infohash, magnet=magnet_of(infohash))
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(source, None)
        handle = await joined(rig, infohash)
        handle.set_metadata(torrent[len("d4:info") : -1])
        assert "more files" in (await rig.next(SwarmBroke)).reason
    async with Rig(tmp_path, OFFLINE) as rig:
        with pytest.raises(BadInput, match="more files"):
            rig.engine.add(source, None)
        await rig.engine.remove(infohash, delete_data=True)
        rig.engine.add(source, None)


@pytest.mark.parametrize(
    "torrent",
    [
        v1(("Song.flac",)).replace(b"6:pieces", b"6:pieced"),
        v1(*[("x", str(n)) for n in range(70_000)]),  # more than our limit for swarms
    ],
)
@on_loop
async def test_metadata_that_libtorrent_refuses_is_given_up_with_a_reason(
    tmp_path, torrent
):
    infohash = infohash_of(torrent)
    source = TorrentSource(infohash, magnet=magnet_of(infohash))
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(source, None)
        handle = await joined(rig, infohash)
        handle.set_metadata(b"d6:lengthi1ee")  # a peer's lie
        handle.set_metadata(torrent[len("d4:info") : -1])
        broke = await rig.next(SwarmBroke)
        assert "metadata cannot be used" in broke.reason
        assert len(rig.all(SwarmBroke)) == 1


def test_resume_data_describes_no_files(tmp_path):
    """Nothing that plays comes from there, and reading it could take forever."""
    torrent = v1(("Song.flac",))
    params = params_of_torrent(torrent)
    data = bytes(lt.write_resume_data_buf(params))
    assert lt.read_resume_data(data).ti
    (tmp_path / f"{infohash_of(torrent)}.resume").write_bytes(data)
    assert ResumeFiles(tmp_path).load(infohash_of(torrent)).ti is None
