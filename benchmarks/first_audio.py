"""From ``core.playback.play`` to the first sound, in a real Mopidy process.

Mopidy's ``track_playback_started`` comes with GStreamer's stream start, before its
buffers are full: with a slow swarm, 0.7 s before anything sounds. So we also wait until
the position moves.

A file of the same album on disk, played through Mopidy-File, shows how much of the time
is Mopidy's and GStreamer's.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.networks import MIB, Network, seeded
from tests.rig.album import Track, make_album
from tests.rig.mopidy import MopidyProcess
from tests.rig.torrents import infohashes

PIECE_LENGTH = MIB // 4
TRACKS = [Track("Loud", seconds=20), Track("Quiet", seconds=20)]
SILENT = "fakesink sync=true"
POLL_S = 0.005


@contextmanager
def album(network: Network, folder: Path) -> Iterator[tuple[bytes, Path]]:
    """Seed two FLACs of 20 s; yield the torrent's bytes and the second file."""
    paths = make_album(folder / "Music", TRACKS, cover=False)
    with seeded(network, folder / "Music", PIECE_LENGTH) as torrent:
        yield torrent, paths[1]


def first_audio(torrent: bytes, file: Path, patience: float) -> dict[str, float | None]:
    """Return the seconds to the event and to sound, in a fresh Mopidy."""
    infohash = infohashes(torrent)[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "torrents").mkdir()
        (folder / "torrents" / "album.torrent").write_bytes(torrent)
        config = {
            "vozduxan": {
                "torrent_dirs": str(folder / "torrents"),
                "scan_tags": "never",  # it would fetch the beginning before us
            },
            "file": {"enabled": "true", "media_dirs": str(file.parent)},
        }
        with MopidyProcess(
            folder / "mopidy", config, audio_output=SILENT, mpd=False
        ) as mopidy:
            _wait_until_known(mopidy, f"vozduxan:track:{infohash}:0", patience)
            # The disk first, so that GStreamer has loaded what it needs.
            disk = _played(mopidy, file.as_uri(), patience)
            mopidy.rpc("core.playback.stop")
            swarm = _played(mopidy, f"vozduxan:track:{infohash}:0", patience)
            return {
                "event, from disk": disk[0],
                "event, from the swarm": swarm[0],
                "sound, from disk": disk[1],
                "sound, from the swarm": swarm[1],
            }


def _wait_until_known(mopidy: MopidyProcess, uri: str, patience: float) -> None:
    give_up = time.monotonic() + patience
    # A track of an unknown torrent has no album.
    while "album" not in mopidy.rpc("core.library.lookup", uris=[uri])[uri][0]:
        if time.monotonic() > give_up:
            raise TimeoutError(f"Mopidy does not know {uri}:\n{mopidy.log}")


def _played(
    mopidy: MopidyProcess, uri: str, patience: float
) -> tuple[float | None, float | None]:
    mopidy.rpc("core.tracklist.clear")
    [entry] = mopidy.rpc("core.tracklist.add", uris=[uri])
    events = mopidy.events
    events.skip()
    begin = time.monotonic()
    mopidy.rpc("core.playback.play", tlid=entry["tlid"])
    try:
        events.wait_for_event("track_playback_started", patience)
    except TimeoutError:
        return None, None
    event = time.monotonic() - begin
    while time.monotonic() - begin < patience:
        if mopidy.rpc("core.playback.get_time_position") > 0:
            return event, time.monotonic() - begin
        time.sleep(POLL_S)
    return event, None
