"""The swarms for the measurements: how far away, how fast, and what they hold.

A scene is one network with one torrent: seeders in their own process, and a tracker
that is as far away as they are. Loopback only.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.rig.relay import start_relay
from tests.rig.seeder import Swarm
from tests.rig.torrents import make_torrent
from tests.rig.tracker import Tracker

KIB, MIB = 1024, 1024 * 1024
TRACKER_RELAY = "127.0.2.2"

#: The usual rate of FLAC, which determines the size of our window.
BYTES_PER_S = 110_000


@dataclass(frozen=True, slots=True)
class Network:
    """``rate`` in bytes/s of each seeder (0: no limit), ``round_trip`` in seconds."""

    name: str
    seeders: int
    rate: int
    round_trip: float
    #: How many seconds a reader reads before the next seek. Without a rate limit the
    #: whole file would be there by then, so there it seeks at once.
    lingers: float

    def bound(self, step: str, piece_length: int) -> float | None:
        """Return the physical lower bound in seconds.

        Cold: 2 round trips for the tracker, 1 to connect, 1 for the handshake, 1 for
        interest and unchoke, 1 for a request, then a piece. Everything else: a request,
        then a piece.
        """
        if not self.rate:
            return None
        trips = 6 if step == "cold" else 1
        return trips * self.round_trip + piece_length / (self.seeders * self.rate)


LAN = Network("LAN", seeders=3, rate=0, round_trip=0, lingers=0)
WAN = Network("WAN", seeders=4, rate=500_000, round_trip=0.1, lingers=1.5)


@dataclass(frozen=True, slots=True)
class Scene:
    """A running swarm, its torrent, and the bytes of its files in order."""

    network: Network
    piece_length: int
    torrent: bytes
    files: tuple[bytes, ...]

    @property
    def name(self) -> str:
        size = self.piece_length
        pieces = f"{size // MIB} MiB" if size >= MIB else f"{size // KIB} KiB"
        return f"{self.network.name}, {pieces}"


#: We determine a file's type before the player gets it. That takes the first 16 KiB of
#: music, and 128 KiB of anything else.
_SIGN = b"fLaC"


def _album(folder: Path, piece_length: int) -> tuple[bytes, ...]:
    """Write noise: a short track, seven others, and a long one to seek in."""
    long = max(24 * MIB, 6 * piece_length)
    between = piece_length + 12_345  # no piece belongs to two tracks that we play
    sizes = [max(3 * MIB, piece_length) + 54_321, *[between] * 7, long + 777]
    noise = random.Random(piece_length)
    files = tuple(_SIGN + noise.randbytes(size - len(_SIGN)) for size in sizes)
    folder.mkdir(parents=True)
    for number, data in enumerate(files, 1):
        (folder / f"{number:02} - Noise.mp3").write_bytes(data)
    return files


@contextmanager
def scene(network: Network, piece_length: int, folder: Path) -> Iterator[Scene]:
    """Make an album in ``folder`` and seed it while the context lasts."""
    album = folder / "Album"
    files = _album(album, piece_length)
    with seeded(network, album, piece_length) as torrent:
        yield Scene(network, piece_length, torrent, files)


@contextmanager
def seeded(network: Network, album: Path, piece_length: int) -> Iterator[bytes]:
    """Seed the files in ``album``; yield the bytes of its ``.torrent`` file."""
    with Tracker() as tracker, _far(tracker.url, network.round_trip) as url:
        torrent = make_torrent(album, piece_length=piece_length, trackers=[url])
        with Swarm(
            torrent,
            album.parent,
            seeders=network.seeders,
            rate=network.rate,
            delay_ms=network.round_trip * 500,
        ) as swarm:
            tracker.peers = swarm.peers
            yield torrent


@contextmanager
def _far(url: str, round_trip: float) -> Iterator[str]:
    """Yield the tracker's address at the far end of a line with that round trip."""
    if not round_trip:
        yield url
        return
    parts = urlsplit(url)
    assert parts.hostname and parts.port
    target = parts.hostname, parts.port
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    relay = start_relay(TRACKER_RELAY, target, round_trip / 2)
    _, port = asyncio.run_coroutine_threadsafe(relay, loop).result(10)
    try:
        yield f"http://{TRACKER_RELAY}:{port}{parts.path}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
