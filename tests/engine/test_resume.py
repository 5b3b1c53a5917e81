"""What a swarm is joined with, when there is something saved of it."""

from __future__ import annotations

import libtorrent as lt
import pytest

from mopidy_vozduxan.engine.resume import (
    MOST_PEERS,
    params_of,
    resumed_params,
    with_peers,
)
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from mopidy_vozduxan.torrent.uris import magnet_of
from tests.torrent_files import infohash_of, single_file

TORRENT = single_file("song.flac")
INFOHASH = infohash_of(TORRENT)
SAVED, FRESH = "http://127.0.0.1:1/saved", "http://127.0.0.1:2/fresh"
SEED = "http://127.0.0.1:3/seed"
PEER, OTHER = ("127.0.0.2", 6881), ("127.0.0.3", 6881)


def saved():
    params = lt.parse_magnet_uri(magnet_of(INFOHASH))
    params.trackers, params.tracker_tiers = [SAVED], [0]
    params.url_seeds, params.peers, params.name = [SEED], [PEER], "Saved"
    return lt.read_resume_data(lt.write_resume_data_buf(params))


def test_a_bare_infohash_has_all_that_was_saved():
    params = resumed_params(
        params_of(TorrentSource(INFOHASH, None, magnet_of(INFOHASH))), saved()
    )
    assert params.trackers == [SAVED]
    assert params.url_seeds == [SEED]
    assert params.peers == [PEER]


@pytest.mark.parametrize(
    "source",
    [
        TorrentSource(INFOHASH, None, f"{magnet_of(INFOHASH)}&tr={FRESH}"),
        TorrentSource(INFOHASH, TORRENT, f"{magnet_of(INFOHASH)}&tr={FRESH}"),
    ],
)
def test_a_sources_own_trackers_are_the_ones(source):
    params = resumed_params(params_of(source), saved())
    assert params.trackers == [FRESH]
    assert params.url_seeds == []
    assert params.peers == [PEER]


def test_a_torrent_without_trackers_has_none():
    params = resumed_params(params_of(TorrentSource(INFOHASH, TORRENT)), saved())
    assert params.trackers == []
    assert params.peers == [PEER]


def test_peers_that_hung_up_are_saved_all_the_same():
    params = saved()
    assert with_peers(params, [OTHER, PEER]) == [PEER, OTHER]
    again = lt.read_resume_data(lt.write_resume_data_buf(params))
    assert again.peers == [PEER, OTHER]


def test_no_more_peers_are_saved_than_are_of_use():
    many = [("127.0.0.9", port) for port in range(1, 300)]
    assert with_peers(saved(), many) == [PEER, *many[: MOST_PEERS - 1]]
