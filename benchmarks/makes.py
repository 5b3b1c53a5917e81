"""Measures what a listener gets from a lone seed of another make.

Run it with the interpreter of the project's environment::

    python benchmarks/makes.py [--rounds N] [--only MAKE ...]

80 MB in three files, 1 MiB pieces, unlimited loopback. Every byte is compared with the
source.

cold, whole   the first and the last byte of a file, when nothing of the torrent is here
jump          the first byte of another file after that
seeks         another process: to 50, 90 and 25 % of a file that has just begun
leap          the first byte of another file in the middle of that
rest          the whole album, read to its end
gap           the longest time in which nothing came
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import table
from benchmarks.client import Download
from benchmarks.contestants import OURS, Contestant, Running, running
from benchmarks.first_byte import _variant as variant
from benchmarks.networks import MIB
from tests.rig import othermakes
from tests.rig.seeder import Swarm
from tests.rig.torrents import make_torrent
from tests.rig.tracker import Tracker

PATIENCE_S = 45.0
Seed = Callable[[bytes, Path], AbstractContextManager[tuple[str, int]]]


@contextmanager
def libtorrent(torrent: bytes, data: Path) -> Iterator[tuple[str, int]]:
    """Seed with libtorrent, for comparison."""
    with Swarm(torrent, data, seeders=1) as swarm:
        yield swarm.peers[0]


MAKES: dict[str, Seed] = {
    "libtorrent": libtorrent,
    "aria2": othermakes.aria2,
    "rtorrent": othermakes.rtorrent,
    "transmission": othermakes.transmission,
    "webtorrent": othermakes.webtorrent,
}
Steps = Iterator[tuple[str, float | None]]


class _Listener:
    def __init__(self, player: Running, files: list[bytes]) -> None:
        self._player, self._files = player, files
        self._download: Download | None = None

    def plays(self, index: int) -> float | None:
        self._index = index
        begin = time.monotonic()
        self._url = self._player.play(index)
        return self._first_byte(0, begin)

    def seeks(self, percent: int) -> float | None:
        start = len(self._files[self._index]) * percent // 100
        return self._first_byte(start, time.monotonic())

    def _first_byte(self, start: int, begin: float) -> float | None:
        self.leaves()
        source = self._files[self._index]
        self._download = Download(self._url, source, start, PATIENCE_S)
        came = self._download.first_byte()
        return came - begin if came else None

    def finishes(self) -> float | None:
        begin = time.monotonic()
        done = self._download is not None and self._download.read_to_end()
        return time.monotonic() - begin if done else None

    def leaves(self) -> None:
        if self._download:
            self._download.__exit__(None, None, None)
        self._download = None


def one_round(contestant: Contestant, torrent: bytes, files: list[bytes]) -> Steps:
    """Yield the seconds of every step."""
    with running(contestant, torrent) as player:
        listener = _Listener(player, files)
        yield "cold", listener.plays(0)
        yield "whole", listener.finishes()
        yield "jump", listener.plays(2)
        listener.leaves()


def seeking_round(contestant: Contestant, torrent: bytes, files: list[bytes]) -> Steps:
    """Yield the seconds of every step of the other process."""
    with running(contestant, torrent) as player:
        listener = _Listener(player, files)
        yield "cold", listener.plays(1)
        for percent in (50, 90, 25):
            yield f"seek {percent}", listener.seeks(percent)
        yield "leap", listener.plays(0)
        begin = time.monotonic()
        for index in (0, 2, 1):
            if index:
                listener.plays(index)
            if listener.finishes() is None:
                yield "rest", None
                return
        yield "rest", time.monotonic() - begin
        listener.leaves()


def main() -> None:
    options = _options()
    contestants = [OURS, *options.also]
    files = [random.Random(n).randbytes(27 * MIB + 12_345) for n in range(3)]
    body = []
    for make in options.only or MAKES:
        figures: dict[str, dict[str, list[float | None]]] = {}
        with tempfile.TemporaryDirectory() as folder, Tracker() as tracker:
            album = Path(folder, "Album")
            album.mkdir()
            for number, data in enumerate(files, 1):
                (album / f"{number:02} - Noise.mp3").write_bytes(data)
            torrent = make_torrent(album, piece_length=MIB, trackers=[tracker.url])
            for contestant in contestants * options.rounds:
                row = figures.setdefault(contestant.name, {})
                # A new seed each time: while Transmission runs, it refuses the address
                # of a peer that had everything.
                for steps in (one_round, seeking_round):
                    with MAKES[make](torrent, Path(folder)) as peer:
                        tracker.peers = [peer]
                        for step, seconds in steps(contestant, torrent, files):
                            print(make, contestant.name, step, seconds, flush=True)
                            row.setdefault(step, []).append(seconds)
        for name, row in figures.items():
            body.append([make, name, *(table.cell(t) for t in row.values())])
        head = ["seed", "contestant", *row]
    print(table.rows(head, body))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=list(MAKES))
    parser.add_argument("--also", action="append", default=[], type=variant)
    return parser.parse_args()


if __name__ == "__main__":
    main()
