"""One recording cut into the tracks of an album, and a swarm that is barely enough.

The cuts fall on arbitrary samples, so a gap, a click or a lost sample between two
tracks cannot pass. A swarm's pace is told as a multiple of what the music takes.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.stage import PATIENCE_S, Album, Listener, as_floats
from tests.rig.album import RATE, cut_album
from tests.rig.seeder import Swarm
from tests.rig.torrents import make_torrent
from tests.rig.tracker import Tracker

SEEDERS = 3
DELAY_MS = 50  # one way
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Recording:
    """An album, its sound as F32LE, and how many frames each track has."""

    album: Album
    sound: bytes
    lengths: Sequence[int]

    @property
    def byte_rate(self) -> float:
        """Bytes of the files that one second of music takes."""
        files = sum(path.stat().st_size for path in self.album.paths)
        return files * RATE / sum(self.lengths)

    def pace(self, factor: float) -> int:
        """Bytes/s of each seeder, for a swarm of `factor` times the bitrate."""
        return int(self.byte_rate * factor / SEEDERS)


@contextmanager
def recording(
    folder: Path, lengths: Sequence[int], *, seed: int = 1
) -> Iterator[Recording]:
    """Cut FLAC files of `lengths` frames; nobody seeds them yet."""
    cut = cut_album(folder, lengths, seed=seed)
    with Tracker() as tracker:
        torrent = make_torrent(folder, piece_length=64 * 1024, trackers=[tracker.url])
        yield Recording(Album(cut.paths, torrent, tracker), as_floats(cut.pcm), lengths)


@contextmanager
def paced(one: Recording, factor: float) -> Iterator[Swarm]:
    """Seed it at `factor` times the bitrate."""
    root = one.album.folder.parent
    rate = one.pace(factor)
    with Swarm(
        one.album.torrent, root, seeders=SEEDERS, rate=rate, delay_ms=DELAY_MS
    ) as swarm:
        one.album.tracker.peers = swarm.peers
        yield swarm
        one.album.tracker.peers = []


def command(listener: Listener, name: str, **given: object) -> Any:
    """The result of one of the eight commands, or its error."""
    request = urllib.request.Request(
        f"{listener.mopidy.url}/vozduxan/api/{name}",
        json.dumps(given).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with _direct.open(request, timeout=PATIENCE_S) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        return json.load(error)


def token_ahead(listener: Listener, uri: str) -> str:
    """The token of what comes next. To ask for it again changes nothing."""
    _, _, infohash, index = uri.split(":")
    magnet = f"magnet:?xt=urn:btih:{infohash}"
    given = {"nextMagnet": magnet, "nextFileIdx": int(index), "warmOnly": False}
    return str(command(listener, "torrent_prefetch_next_track", **given)["token"])


def held(listener: Listener, token: str) -> int:
    """How many bytes of a stream are here."""
    return int(command(listener, "vozduxan_stream_stats", token=token)["heldBytes"])


def tokens_played(listener: Listener) -> list[str]:
    """The tokens that core was given, in order; `mopidy.backend` logs at DEBUG."""
    lines = listener.mopidy.log.splitlines()
    return [
        line.rsplit("/", 1)[1] for line in lines if "translated URI from voz" in line
    ]


def count_stalls(listener: Listener, since: int) -> int:
    """How often a track stopped for its buffer to fill, from a line of the log on.

    What comes after it does not count. `mopidy.audio` logs it at DEBUG.
    """
    track, _, _ = "\n".join(listener.mopidy.log.splitlines()[since:]).partition(
        "Audio event: stream_changed"
    )
    return track.count("old_state=playing, new_state=paused, target_state=playing")
