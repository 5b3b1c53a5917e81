"""What the engine's tests stand on: torrents, a tracker, seeds, and the engine.

Everything is real and stays on 127.0.0.0/8.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import libtorrent as lt
import pytest

from mopidy_vozduxan.engine.check import parse_version
from mopidy_vozduxan.engine.parsing import read_torrent
from mopidy_vozduxan.engine.protocol import Event
from mopidy_vozduxan.engine.session import LibtorrentEngine
from mopidy_vozduxan.network.network_limits import NetworkLimits
from mopidy_vozduxan.planning.plan import Plan, Urgency
from mopidy_vozduxan.torrent.metainfo import TorrentSource

SEEDER = Path(__file__).with_name("seeder.py")
#: Generous: two busy cores must be enough.
TIMEOUT_S = 60.0

LOOPBACK = {
    "listen_interfaces": "127.0.0.1:0",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
}
OFFLINE = {**LOOPBACK, "listen_interfaces": ""}

#: Before, what pads a v2 file to whole pieces was part of its last one.
V2_PIECES_ARE_SHORT = parse_version(lt.__version__) >= (2, 0, 13)

E = TypeVar("E")


@dataclass(frozen=True)
class Album:
    """A torrent with its content on disk, in ``folder``."""

    torrent: bytes
    folder: Path
    piece_length: int
    content: bytes  # padding included, as the torrent counts

    @property
    def info(self) -> Any:
        return lt.load_torrent_buffer(self.torrent).ti

    @property
    def infohash(self) -> str:
        hashes = self.info.info_hashes()
        return str(hashes.v1 if hashes.has_v1() else hashes.v2)

    @property
    def source(self) -> TorrentSource:
        return TorrentSource(self.infohash, torrent=self.torrent)

    @property
    def piece_count(self) -> int:
        return -(-len(self.content) // self.piece_length)

    def piece(self, number: int) -> bytes:
        """Return what a read of that piece gives.

        A v2 piece ends with its file since libtorrent 2.0.13; before, padding follows.
        """
        start = number * self.piece_length
        stop = start + self.piece_length
        if V2_PIECES_ARE_SHORT and not self.info.info_hashes().has_v1():
            pads = [f.offset for f in read_torrent(self.torrent).files if f.padding]
            stop = min([stop, *(pad for pad in pads if start < pad)])
        return self.content[start:stop]

    def magnet(self, *peers: tuple[str, int]) -> TorrentSource:
        hashes = self.info.info_hashes()
        topics = []
        if hashes.has_v1():
            topics.append(f"xt=urn:btih:{hashes.v1}")
        if hashes.has_v2():
            topics.append(f"xt=urn:btmh:1220{hashes.v2}")
        met = [f"x.pe={host}:{port}" for host, port in peers]
        return TorrentSource(
            self.infohash, magnet="magnet:?" + "&".join([*topics, *met])
        )


def make_album(
    folder: Path,
    sizes: list[int],
    piece_length: int = 16384,
    version: str = "v1",
    tracker: str | None = None,
    web_seed: str | None = None,
    private: bool = False,
    tiers: Sequence[str] = (),
) -> Album:
    """Write random files of those sizes and make a torrent of them."""
    noise = random.Random(f"{sizes}{piece_length}{version}")
    paths = [f"album/{n:02} track.bin" for n in range(1, len(sizes) + 1)]
    bodies = {p: noise.randbytes(s) for p, s in zip(paths, sizes, strict=True)}
    for path, body in bodies.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(body)
    maker, _entries = _maker(bodies, piece_length, version)
    if tracker:
        maker.add_tracker(tracker, 0)
    for tier, url in enumerate(tiers):
        maker.add_tracker(url, tier)
    if private:
        maker.set_priv(True)
    if web_seed:
        maker.add_url_seed(web_seed)
    lt.set_piece_hashes(maker, str(folder))
    torrent = lt.bencode(maker.generate())
    return Album(torrent, folder, piece_length, _laid_out(torrent, bodies))


def _maker(bodies: dict[str, bytes], piece_length: int, version: str) -> Any:
    flags = {
        "v1": lt.create_torrent.v1_only,
        "v2": lt.create_torrent.v2_only,
        "hybrid": 0,
    }[version]
    if hasattr(lt, "create_file_entry"):
        entries = [lt.create_file_entry(p, len(b)) for p, b in bodies.items()]
        return lt.create_torrent(entries, piece_length, flags), entries
    storage = lt.file_storage()
    for path, body in bodies.items():
        storage.add_file(path, len(body))
    # libtorrent 2.0 keeps a bare reference: the storage has to outlive its maker.
    return lt.create_torrent(storage, piece_length, flags), storage


def _laid_out(torrent: bytes, bodies: dict[str, bytes]) -> bytes:
    info = lt.load_torrent_buffer(torrent).ti
    layout = info.layout() if hasattr(info, "layout") else info.files()
    parts = [
        bodies.get(layout.file_path(n), bytes(layout.file_size(n)))
        for n in range(layout.num_files())
    ]
    return b"".join(parts)


class Tracker:
    """An HTTP tracker that gives everybody the same peers."""

    def __init__(self) -> None:
        self.peers: list[tuple[str, int]] = []
        self.announced = threading.Event()
        self.silent = threading.Event()
        tracker = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                tracker.announced.set()
                if tracker.silent.is_set():
                    tracker.silent.wait()
                body = tracker.answer()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self._server.daemon_threads = True
        # A session that closes does not wait for the answer to its goodbye.
        self._server.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self._server.server_port}/announce"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self) -> bytes:
        packed = b"".join(
            bytes(int(n) for n in host.split(".")) + port.to_bytes(2, "big")
            for host, port in self.peers
        )
        return lt.bencode({b"interval": 1800, b"peers": packed})

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Seeds:
    """Seeds in processes of their own, on addresses of their own."""

    folder: Path
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, album: Album, count: int = 2, *settings: str) -> list[tuple]:
        path = self.folder / "seeded.torrent"
        path.write_bytes(album.torrent)
        hosts = [f"127.0.0.{n + 2}" for n in range(count)]
        started = [
            subprocess.Popen(
                [sys.executable, SEEDER, path, album.folder, host, *settings],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for host in hosts
        ]
        self.running += started
        return [
            (host, int(process.stdout.readline()))
            for host, process in zip(hosts, started, strict=True)
        ]

    def close(self) -> None:
        for process in self.running:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    tracker = Tracker()
    yield tracker
    tracker.close()


@pytest.fixture
def seeds(tmp_path: Path) -> Iterator[Seeds]:
    seeds = Seeds(tmp_path)
    yield seeds
    seeds.close()


class Rig:
    """An engine and everything it said, in order."""

    def __init__(
        self,
        folder: Path,
        overrides: dict[str, object],
        *data_dirs: Path,
        limits: NetworkLimits | None = None,
        trackers: Sequence[str] = (),
    ) -> None:
        where = folder / "data", folder / "resume"
        limits = limits or NetworkLimits()
        self.engine = LibtorrentEngine(*where, overrides, data_dirs, limits, trackers)
        self.events: list[tuple[float, Event]] = []
        self._said = asyncio.Event()
        self.on_event: Callable[[Event], None] | None = None

    async def __aenter__(self) -> Rig:
        self.loop = asyncio.get_running_loop()
        self.engine.start(self.loop, self._take)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.engine.close()

    def _take(self, event: Event) -> None:
        self.events.append((self.loop.time(), event))
        if self.on_event:
            self.on_event(event)
        self._said.set()

    def all(self, kind: type[E]) -> list[E]:
        return [event for _, event in self.events if isinstance(event, kind)]

    async def until(self, true: Callable[[], bool], timeout: float = TIMEOUT_S) -> None:
        async with asyncio.timeout(timeout):
            while not true():
                self._said.clear()
                await self._said.wait()

    async def next(self, kind: type[E], after: int = 0, **fields: object) -> E:
        """Return the first event of that kind and content, ``after`` skipped."""

        def found() -> list[E]:
            return [
                e
                for _, e in self.events[after:]
                if isinstance(e, kind)
                and all(getattr(e, k) == v for k, v in fields.items())
            ]

        await self.until(lambda: bool(found()))
        return found()[0]

    def put_piece(self, album: Album, number: int) -> None:
        """Give the engine a piece as a peer would."""
        handle = self.engine._members.swarms[album.infohash].handle
        handle.add_piece(number, album.piece(number), 0)


def on_loop(test: Callable[..., Any]) -> Callable[..., None]:
    """Run an ``async`` test on a loop of its own."""

    @functools.wraps(test)
    def run(*args: object, **kwargs: object) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


def plan_of(album: Album, wanted: dict[int, Urgency], **more: Any) -> Plan:
    """Return the plan that wants those pieces."""
    urgencies = bytearray(album.piece_count)
    for piece, urgency in wanted.items():
        urgencies[piece] = urgency
    return Plan(bytes(urgencies), **more)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
