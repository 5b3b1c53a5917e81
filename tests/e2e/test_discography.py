"""A discography plays through behind a limit of one album, and nobody hears why."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mopidy_vozduxan.engine.disk import DiskStore
from tests.e2e.stage import Listener
from tests.rig.album import Track, make_album
from tests.rig.seeder import Swarm
from tests.rig.torrents import infohashes, make_torrent
from tests.rig.tracker import Tracker

ALBUMS, SECONDS = 20, 12
PIECE = 64 * 1024
#: How much longer it may take than its music, for starting and a busy machine.
LATE_S = 8
LOG = {"loglevels": {"mopidy_vozduxan": "debug", "mopidy.audio": "debug"}}
STALL = "old_state=playing, new_state=paused, target_state=playing"


@contextmanager
def measuring(folder: Path) -> Iterator[list[int]]:
    """Say how much lies in the cache of a Mopidy, at most so far."""
    store = DiskStore(folder / "cache" / "vozduxan" / "torrents", folder / "none")
    most, ended = [0], threading.Event()

    def measure() -> None:
        while not ended.wait(0.02):
            most[0] = max(most[0], sum(store.sizes().values()))

    thread = threading.Thread(target=measure)
    thread.start()
    try:
        yield most
    finally:
        ended.set()
        thread.join()


@pytest.mark.alone
@pytest.mark.timeout(600)
def test_a_discography_plays_through_behind_a_limit_of_one_album(
    tmp_path: Path,
) -> None:
    root, paths = tmp_path / "seed" / "Everything", []
    for number in range(ALBUMS):
        folder = root / f"{1980 + number} - Album"
        track = Track("Song", "flac", SECONDS)
        paths += make_album(folder, [track], seed=number + 1, cover=False)
    sizes = [path.stat().st_size for path in paths]
    limit = max(sizes)
    config = LOG | {
        "vozduxan": {
            "cache_max_size": str(limit),
            "min_free_space": "0",
            "scan_tags": "never",
        }
    }
    with Tracker() as tracker:
        torrent = make_torrent(root, piece_length=PIECE, trackers=[tracker.url])
        infohash = infohashes(torrent)[0]
        mopidy = tmp_path / "mopidy"
        (mopidy / "torrents").mkdir(parents=True)
        (mopidy / "torrents" / "everything.torrent").write_bytes(torrent)
        with (
            Swarm(torrent, root.parent, seeders=2, rate=3 * limit // SECONDS) as swarm,
            Listener(mopidy, (), config) as listener,
            measuring(mopidy) as most,
        ):
            tracker.peers = swarm.peers
            listener.mopidy.wait_for_log(r"Added \d+ new", 40)
            found = listener.rpc(
                "core.library.browse", uri=f"vozduxan:directory:{infohash}"
            )
            refs = [
                listener.rpc("core.library.browse", uri=album["uri"])[0]["uri"]
                for album in found
            ]
            assert len(refs) == ALBUMS
            listener.play(*refs)
            began = time.monotonic()
            listener.wait_for_started(refs[0])
            listener.wait_for_ended(refs[-1], ALBUMS * SECONDS * 2)
            took = time.monotonic() - began
            log = listener.mopidy.log
            listener.assert_calm()
    left = re.findall(r"(\d+) file\(s\), \d+ MB, left the cache", log)
    assert sum(map(int, left)) >= ALBUMS - 4
    assert most[0] <= limit + sum(sorted(sizes)[-3:]) + 8 * PIECE
    assert log.count(STALL) == 0
    assert took <= ALBUMS * SECONDS + LATE_S
