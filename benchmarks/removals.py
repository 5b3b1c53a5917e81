"""Joins, fetches and removes torrents at full speed: does the process survive?

Run it with the interpreter of the project's environment::

    python benchmarks/removals.py [--rounds 500] [--seed 1] [--by-hand]
    PYTHONPATH=FOLDER python benchmarks/removals.py   # another libtorrent, in FOLDER

Each round joins a v1, hybrid or v2 torrent, and waits for some of its pieces. Then, at
random, it leaves the swarm with or without its data, reconnects its peers just before
that, joins again while it leaves, or closes the whole session. Pieces come from seeds
on loopback. With --by-hand, large pieces are added as if a peer had sent them; they
are still being hashed when the torrent leaves.

Rounds run in several worker processes. A worker that dies is counted and replaced. The
exit status is 0 if none died and every removal ended.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import libtorrent as lt

from mopidy_vozduxan.engine.parsing import read_torrent
from mopidy_vozduxan.engine.protocol import Event, PieceFinished, PiecesHeld
from mopidy_vozduxan.engine.session import LibtorrentEngine
from mopidy_vozduxan.planning.plan import Plan, Urgency
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from tests.rig.seeder import Swarm
from tests.rig.torrents import Version, magnet_of, make_torrent

KIB = 1024
ALBUMS: tuple[tuple[Version, int], ...] = (
    ("v1", 16 * KIB),
    ("v1", 1024 * KIB),
    ("hybrid", 64 * KIB),
    ("v2", 16 * KIB),
    ("v2", 256 * KIB),
)
FILES, FILE_SIZE = 3, 2_000_000
BY_HAND: tuple[tuple[Version, int], ...] = (("v1", 16384 * KIB), ("v2", 4096 * KIB))
BY_HAND_FILES, BY_HAND_SIZE = 2, 17_000_000
#: A round takes a second, mostly until a seed that we left accepts requests again.
LANES_EACH = 3
ENDS = ("keep", "delete", "delete", "reconnect", "rejoin", "close")
LOOPBACK = {
    "listen_interfaces": "127.0.0.1:0",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
}
#: A removal that takes longer never ends; two busy cores need a second.
PATIENCE_S = 30.0


class Lane:
    """One torrent's rounds, on their own engine, replaced when a round closes it."""

    def __init__(self, path: Path, folder: Path, seed: str) -> None:
        torrent = path.read_bytes()
        metainfo = read_torrent(torrent)
        magnet = path.with_suffix(".magnet").read_text()
        self._source = TorrentSource(metainfo.infohash, torrent, magnet)
        self._piece_length = metainfo.piece_length
        self._plan = Plan(bytes([Urgency.SOON]) * metainfo.piece_count)
        self._first_file = path.with_suffix("") / metainfo.files[0].path
        self._folder = folder
        self._chance = random.Random(seed)
        self._engine: LibtorrentEngine | None = None
        self._finished = 0
        self._checked = False
        self._said = asyncio.Event()

    async def run(self, rounds: Iterator[int]) -> None:
        """Run rounds while there are any; print a line after each."""
        for _ in rounds:
            end = self._chance.choice(ENDS)
            await self._round(end)
            print(end, flush=True)
        await self._close()

    async def _round(self, end: str) -> None:
        engine, source = self._opened(), self._source
        self._finished, self._checked = 0, False
        engine.watch(frozenset([source.infohash]), waiting=True)
        engine.add(source, self._plan)
        await self._come()
        if end == "reconnect":
            engine._parts.peers._meet_anew(engine._members.swarms[source.infohash])
            await asyncio.sleep(self._chance.uniform(0, 0.05))
        elif end == "rejoin":
            engine.remove(source.infohash)
            engine.add(source, self._plan)
            await asyncio.sleep(self._chance.uniform(0, 0.05))
        elif end == "close":
            await self._close()
            engine = self._opened()
        removal = engine.remove(source.infohash, delete_data=end != "keep")
        await asyncio.wait_for(removal, PATIENCE_S)

    async def _come(self) -> None:
        """Wait for some pieces, or until no more come, because some were kept."""
        wanted = self._chance.randint(1, len(self._plan.urgencies) // 3 + 1)
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                await self._until(lambda: self._finished >= wanted)

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true():
            self._said.clear()
            await self._said.wait()

    def _take(self, event: Event) -> None:
        self._finished += isinstance(event, PieceFinished)
        self._checked |= isinstance(event, PiecesHeld)
        self._said.set()

    def _opened(self) -> LibtorrentEngine:
        if self._engine is None:
            data, resume = self._folder / "data", self._folder / "resume"
            self._engine = LibtorrentEngine(data, resume, LOOPBACK)
            self._engine.start(asyncio.get_running_loop(), self._take)
        return self._engine

    async def _close(self) -> None:
        engine, self._engine = self._engine, None
        if engine:
            await engine.close()


class ByHand(Lane):
    """The same without seeds: adds whole pieces of the first file, all at once."""

    @cached_property
    def _pieces(self) -> list[bytes]:
        body, length = self._first_file.read_bytes(), self._piece_length
        ends = range(length, len(body) + 1, length)
        return [body[end - length : end] for end in ends]

    async def _come(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self._until(lambda: self._checked)
        handle = self._engine._members.swarms[self._source.infohash].handle
        for piece in range(self._chance.randint(1, len(self._pieces))):
            handle.add_piece(piece, self._pieces[piece], 0)
        await asyncio.sleep(self._chance.choice([0, 0.001, 0.005]))


def made(folder: Path, by_hand: bool) -> list[Path]:
    """Make the albums, each in a folder beside its torrent; return the torrents."""
    albums, files, size = (
        (BY_HAND, BY_HAND_FILES, BY_HAND_SIZE)
        if by_hand
        else (ALBUMS, FILES, FILE_SIZE)
    )
    written = []
    for number, (version, piece_length) in enumerate(albums):
        album = folder / f"{number}" / "album"
        album.mkdir(parents=True)
        for track in range(files):
            noise = random.Random(f"{number} {track}").randbytes(size)
            (album / f"{track} track.bin").write_bytes(noise)
        path = folder / f"{number}.torrent"
        torrent = make_torrent(album, piece_length=piece_length, version=version)
        path.write_bytes(torrent)
        path.with_suffix(".magnet").write_text(magnet_of(torrent))
        written.append(path)
    return written


def seed(path: Path, running: ExitStack) -> None:
    """Seed an album; its magnet link names the seeds."""
    torrent = path.read_bytes()
    swarm = running.enter_context(Swarm(torrent, path.with_suffix(""), seeders=2))
    path.with_suffix(".magnet").write_text(magnet_of(torrent, peers=swarm.peers))


def worker(arguments: argparse.Namespace) -> None:
    """Run the rounds of the process that may die."""
    kind = ByHand if arguments.by_hand else Lane
    with tempfile.TemporaryDirectory() as folder:
        lanes = [
            kind(
                path,
                Path(folder, f"{path.stem} {n}"),
                f"{path.stem} {n} {arguments.seed}",
            )
            for path in arguments.worker
            for n in range(1 if arguments.by_hand else LANES_EACH)
        ]
        asyncio.run(side_by_side(lanes, iter(range(arguments.rounds))))


async def side_by_side(lanes: list[Lane], rounds: Iterator[int]) -> None:
    """Run the rounds, one in each lane at a time."""
    await asyncio.gather(*(lane.run(rounds) for lane in lanes))


def main(arguments: argparse.Namespace) -> int:
    """Run the rounds, in as many processes as it takes."""
    ends: Counter[str] = Counter()
    deaths: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        torrents = made(Path(folder), arguments.by_hand)
        for path in () if arguments.by_hand else torrents:
            seed(path, running)
        while (left := arguments.rounds - ends.total() - deaths.total()) > 0:
            chance = arguments.seed * 1000 + deaths.total()
            options = [f"--rounds={left}", f"--seed={chance}"]
            options += ["--by-hand"] * arguments.by_hand
            done, status = worked([*options, "--worker", *map(str, torrents)])
            ends.update(done)
            if status:
                deaths[signal.Signals(-status).name if status < 0 else "error"] += 1
    died = ", ".join(f"{n} {name}" for name, n in deaths.items()) or "0 deaths"
    print(f"libtorrent {lt.__version__}: {ends.total()} rounds, {died}; {dict(ends)}")
    return bool(deaths)


def worked(options: list[str]) -> tuple[list[str], int]:
    """Run a worker; return how its rounds ended, and its exit status."""
    command = [sys.executable, __file__, *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    return done.stdout.split("\n")[:-1], done.returncode


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--by-hand", action="store_true", help="no seeds, and faster")
    parser.add_argument("--worker", type=Path, nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    sys.exit(worker(arguments) if arguments.worker else main(arguments))
