"""How much memory Mopidy needs with us, over what it needs alone.

Real Mopidy processes and real swarms on loopback. Memory is anonymous memory: what the
kernel cannot drop (``Pss_Anon`` in ``/proc/PID/smaps_rollup``), every 50 ms. Shown is
what comes on top of an idle Mopidy without us, in MB (10⁶ bytes), and what jobs take:
processes that read tags, and end after a minute without work. ::

    python benchmarks/memory.py                          # 7 minutes
    python benchmarks/memory.py --also before=../another-clone

idle          Mopidy is up and has added the torrent; the least of the last seconds
playing       FLACs in real time from the swarm, the most of 30 s; below it what Mopidy
              needs for the same files on disk, without us
bulk          a client reads 309 MB as fast as they come, at the player's door: the most
N readers     clients that read the first bytes at places of their own and then nothing,
              half of them at each door, on pieces of 16 MiB: the most
a minute on   60 s after they have left
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import table  # noqa: E402
from benchmarks.anonymous_memory import MB, Sampler, Seen  # noqa: E402
from benchmarks.memory_stage import Stage, album, mopidy_at, noise  # noqa: E402
from benchmarks.networks import LAN, MIB, seeded  # noqa: E402

BULK_BYTES = 309 * 10**6
CALM_S = 5.0
PLAYING_S = 30.0
PAUSED_S = 10.0
GIVEN_BACK_S = 60.0
READERS = (16, 200)


@dataclass(frozen=True, slots=True)
class Contestant:
    """``package`` is the clone to take our extension from."""

    name: str
    package: Path


class Figures:
    """The figures of one contestant in MB over Mopidy alone, and what goes with them"""

    def __init__(self, alone_mb: float) -> None:
        self.alone_mb = alone_mb
        self.shown: dict[str, str] = {}

    def add(self, scene: str, mb: float, seen: Seen, *remarks: str) -> None:
        """Note the memory of a scene."""
        jobs = [f"jobs {seen.others_most:.0f}"] if seen.others_most else []
        more = ", ".join([*remarks, *jobs])
        self.shown[scene] = f"{mb - self.alone_mb:.0f}{more and f' ({more})'}"
        print(f"  {scene}: {self.shown[scene]}", file=sys.stderr, flush=True)


def idle(sampler: Sampler) -> Seen:
    """Return what a process needs within the next seconds; the least counts."""
    with sampler.scene() as seen:
        time.sleep(CALM_S)
    return seen


def alone() -> tuple[float, float]:
    """Return what Mopidy needs without us in MB: idle, and playing files on disk."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = album(folder / "Album")
        with (
            mopidy_at(folder, ROOT, ours=False) as mopidy,
            Sampler(mopidy.pid) as sampler,
        ):
            silent = idle(sampler).least
            mopidy.play(*(path.as_uri() for path in paths))
            with sampler.scene() as seen:
                time.sleep(PLAYING_S)
            return silent, seen.most


def playing(figures: Figures, package: Path) -> None:
    """Measure an idle Mopidy with us, and one that plays."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        album(folder / "Album")
        with (
            seeded(LAN, folder / "Album", MIB) as torrent,
            Stage.of(folder, torrent, package) as stage,
        ):
            seen = idle(stage.sampler)
            figures.add("idle", seen.least, seen)
            stage.mopidy.play(*stage.tracks())
            with stage.sampler.scene() as seen:
                time.sleep(PLAYING_S)
            figures.add("playing", seen.most, seen)


def bulk(figures: Figures, package: Path, piece_length: int) -> None:
    """Measure a bulk read; with large pieces also many readers."""
    large = piece_length > MIB
    with _large_file(piece_length, package) as (stage, file):
        stream, size = stage.prepare(0), f"{piece_length // MIB} MiB"
        with stage.sampler.scene() as seen:
            rate = stream.read(file)
        figures.add(f"bulk, {size}", seen.most, seen, f"{rate / MB:.0f} MB/s")
        with stage.sampler.scene() as seen:
            rate = stream.read(file)
        figures.add(f"again, {size}", seen.most, seen, f"{rate / MB:.0f} MB/s")
        for count in READERS if large else ():
            with stage.sampler.scene() as seen, stream.paused(count, file) as readers:
                time.sleep(PAUSED_S)
                came = sum(reader.came() for reader in readers)
            figures.add(f"{count} readers", seen.most, seen, f"{came} have bytes")
        time.sleep(GIVEN_BACK_S)
        seen = idle(stage.sampler)
        figures.add(f"a minute on, {size}", seen.least, seen)


@contextmanager
def _large_file(piece_length: int, package: Path) -> Iterator[tuple[Stage, bytes]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = noise(folder / "Album" / "01 - Long.flac", BULK_BYTES)
        with (
            seeded(LAN, folder / "Album", piece_length) as torrent,
            Stage.of(folder, torrent, package) as stage,
        ):
            yield stage, file


def measure(contestant: Contestant, alone_mb: float, scenes: list[str]) -> Figures:
    """Return the figures of one contestant."""
    print(contestant.name, file=sys.stderr)
    figures = Figures(alone_mb)
    if "playing" in scenes:
        playing(figures, contestant.package)
    for size in (1, 16):
        if f"bulk-{size}" in scenes:
            bulk(figures, contestant.package, size * MIB)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--also", nargs="*", default=[], metavar="NAME=CLONE")
    scenes = ["playing", "bulk-1", "bulk-16"]
    parser.add_argument("--scenes", nargs="*", choices=scenes, default=scenes)
    given = parser.parse_args()
    also = [one.partition("=") for one in given.also]
    contestants = [
        Contestant("MB", ROOT),
        *(Contestant(name, Path(clone).resolve()) for name, _, clone in also),
    ]
    silent, from_disk = alone()
    figures = [measure(one, silent, given.scenes) for one in contestants]
    body = [
        [scene, *(each.shown.get(scene, "") for each in figures)]
        for scene in figures[0].shown
    ]
    print(f"Mopidy alone: {silent:.0f} MB, {from_disk - silent:.0f} more when it plays")
    print(table.rows(["scene", *(one.name for one in contestants)], body))


if __name__ == "__main__":
    main()
