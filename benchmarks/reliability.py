"""Does harm again and again, and reports what was lost, and when the music comes.

    python benchmarks/reliability.py                     # 30 kills, 5 cycles of others
    python benchmarks/reliability.py --cycles 2 --only overwritten locked
    python benchmarks/reliability.py --rst               # the table of the docs

The first rows are of a process with our engine and manager, which reads from a real
swarm like a player. It is killed at a random moment (``kill -9``), and then harm is
done to its files, or its disk forgets what it has not written (as root). Then it starts
again, at a random place. The last rows are of a real Mopidy that plays.

wrong         answers that were not the source's bytes, of all that were served
lost          of the library: torrents and hearings that are not there any more
again         of the verified bytes, those that were fetched once more; harm to the
              data takes some of them
music         seconds from the request to the first byte, or from pressing play to a
              position that moves: the median, and the worst
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import table
from benchmarks.growth import status_at
from tests.e2e.stage import Album, album, seeded, until
from tests.rig.album import Track
from tests.rig.disks import small_disk
from tests.rig.kills import Kills, kill
from tests.rig.mopidy import MopidyProcess
from tests.rig.power import PoweredDisk
from tests.torrent_files import multi_file

MB = 1e6
DICE = random.Random(1)
HEAD = ("fault", "cycles", "wrong", "lost", "again", "music")
OTHERS = 40  # torrents beside the one that plays


@dataclass(frozen=True, slots=True)
class Row:
    """What happened in all cycles of one fault."""

    fault: str
    cycles: int
    wrong: str
    lost: str
    again: str
    music: Sequence[float]

    def cells(self) -> list[str]:
        """Return it as cells of a table."""
        middle, worst = statistics.median(self.music), max(self.music)
        music = f"{middle:.2f} s ({worst:.2f})"
        return [self.fault, str(self.cycles), self.wrong, self.lost, self.again, music]


# --- harm between two lives, by the process's folder


def _data(home: Path) -> list[Path]:
    return sorted(path for path in (home / "data").rglob("*.bin") if path.is_file())


def _resume(home: Path) -> Path:
    (resume,) = (home / "resume").glob("*.resume")
    return resume


def flip(home: Path, _: int) -> None:
    """Flip a byte in every file."""
    for path in _data(home):
        with path.open("r+b") as file:
            file.seek(DICE.randrange(max(1, path.stat().st_size)))
            file.write(DICE.randbytes(1))


def overwrite(home: Path, _: int) -> None:
    """Overwrite a file."""
    path = DICE.choice(_data(home))
    path.write_bytes(b"\xff" * path.stat().st_size)


def cut(home: Path, _: int) -> None:
    """Cut a file short."""
    path = DICE.choice(_data(home))
    os.truncate(path, path.stat().st_size // 2)


def delete(home: Path, _: int) -> None:
    """Delete a file."""
    DICE.choice(_data(home)).unlink()


def take_folder(home: Path, _: int) -> None:
    """Delete all of the data."""
    shutil.rmtree(home / "data")


def spoil_resume(how: Callable[[bytes], bytes], home: Path, _: int) -> None:
    """Write something else into the resume file."""
    _resume(home).write_bytes(how(_resume(home).read_bytes()))


def delete_resume(home: Path, _: int) -> None:
    """Delete the resume file."""
    _resume(home).unlink()


def older_resume(home: Path, number: int) -> None:
    """Put the first life's resume file back each time."""
    kept = home.parent / "older.resume"
    if number == 0:
        shutil.copy(_resume(home), kept)
    shutil.copy(kept, _resume(home))


def older_data(home: Path, number: int) -> None:
    """Put the first life's data back each time: the resume file is newer."""
    kept = home.parent / "older"
    if number == 0:
        shutil.copytree(home / "data", kept)
    shutil.rmtree(home / "data")
    shutil.copytree(kept, home / "data")


HARM: dict[str, Callable[[Path, int], None]] = {
    "a byte of every file flipped": flip,
    "a file overwritten": overwrite,
    "a file cut short": cut,
    "a file deleted": delete,
    "all data deleted": take_folder,
    "resume file deleted": delete_resume,
    "resume file empty": partial(spoil_resume, lambda _: b""),
    "resume file cut short": partial(spoil_resume, lambda data: data[: len(data) // 2]),
    "resume file garbage": partial(spoil_resume, lambda data: os.urandom(len(data))),
    "resume file older than the data": older_resume,
    "resume file newer than the data": older_data,
}


def killed(
    folder: Path, fault: str, cycles: int, harm: Callable[[Path, int], None]
) -> Row:
    """Kill a process that plays, and do harm to its files."""
    # Long enough that much of what is there is read again.
    kills = Kills(folder, files=4, between=harm, life_s=(0.8, 2.0))
    return _row(fault, cycles, kills)


def unplugged(folder: Path, fault: str, cycles: int) -> Row:
    """Cut the power of a process that plays, and of its disk."""
    with PoweredDisk(folder / "home") as disk:

        def die(process: Any) -> None:
            disk.cut()
            kill(process)

        def between(*_: object) -> None:
            disk.restart()

        kills = Kills(folder, files=4, die=die, between=between, life_s=(1.0, 4.0))
        return _row(fault, cycles, kills)


def _row(fault: str, cycles: int, kills: Kills) -> Row:
    result = kills.run(cycles)
    wrong = f"{result.wrong} of {result.served / MB:.0f} MB"
    again = f"{result.again / MB:.1f} of {result.verified / MB:.0f} MB"
    return Row(fault, cycles, wrong, "–", again, result.sounds)


# --- harm to the catalog of a Mopidy that plays


def spoil_catalog(catalog: Path) -> None:
    """Overwrite all pages but the first."""
    with closing(sqlite3.connect(catalog)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = catalog.stat().st_size
    with catalog.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))


def delete_catalog(catalog: Path) -> None:
    """Delete it, with its WAL."""
    for ending in ("", "-wal", "-shm"):
        Path(f"{catalog}{ending}").unlink(missing_ok=True)


def lock_catalog(catalog: Path) -> Callable[[], None]:
    """Hold its write lock; return what ends that."""
    db = sqlite3.connect(catalog, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    return db.close


CATALOG: dict[str, Callable[[Path], Callable[[], None] | None]] = {
    "catalog overwritten": spoil_catalog,
    "catalog deleted": delete_catalog,
    "catalog locked by another process": lock_catalog,
}


def in_mopidy(
    folder: Path,
    fault: str,
    cycles: int,
    harm: Callable[[Path], Callable[[], None] | None],
) -> Row:
    """Do harm to the catalog of a Mopidy, and press play."""
    lost, music = 0, []
    with _mopidy(folder) as (mopidy, music_album):
        catalog = folder / "mopidy" / "data" / "vozduxan" / "catalog.db"
        track = f"vozduxan:track:{music_album.infohash}:1"
        for _ in range(cycles):
            end = harm(catalog)
            mopidy.rpc("core.library.search", query={"any": ["album"]})
            music.append(_seconds_until_music(mopidy, track))
            if end:
                end()
            until(lambda: len(_albums(mopidy)) == OTHERS + 1)
            lost += OTHERS + 1 - len(_albums(mopidy))
            mopidy.rpc("core.playback.stop")
        if "Traceback" in mopidy.log:
            raise RuntimeError(mopidy.log)
    return Row(fault, cycles, "–", str(lost), "–", music)


@contextmanager
def _mopidy(folder: Path) -> Iterator[tuple[MopidyProcess, Album]]:
    library = folder / "torrents"
    library.mkdir()
    for number in range(OTHERS):
        torrent = multi_file(f"Artist - Album {number:02}", {"1 - One.mp3": b"1"})
        (library / f"{number}.torrent").write_bytes(torrent)
    config: dict[str, dict[str, object]] = {
        "vozduxan": {"torrent_dirs": library, "scan_tags": "never"}
    }
    with (
        album(folder / "album", [Track("One", "flac", 20)]) as music,
        seeded(music, seeders=2),
    ):
        (library / "music.torrent").write_bytes(music.torrent)
        with MopidyProcess(
            folder / "mopidy", config, audio_output="fakesink sync=true"
        ) as mopidy:
            until(lambda: len(_albums(mopidy)) == OTHERS + 1)
            yield mopidy, music


def _albums(mopidy: MopidyProcess) -> list[str]:
    refs = mopidy.rpc("core.library.browse", uri="vozduxan:directory:root")
    return [ref["uri"] for ref in refs if ref["type"] == "album"]


def _seconds_until_music(mopidy: MopidyProcess, track: str) -> float:
    begun = time.monotonic()
    until(lambda: mopidy.rpc("core.library.lookup", uris=[track])[track])
    mopidy.play(track)
    until(lambda: mopidy.rpc("core.playback.get_time_position") > 0)
    return time.monotonic() - begun


# --- a full disk under a Mopidy that plays


def full(folder: Path, cycles: int) -> list[Row]:
    """Fill the cache's disk, play what is held and what is not, and make room again."""
    held: list[float] = []
    after: list[float] = []
    tracks = [Track(f"Track {n}", "flac", 10) for n in range(cycles + 1)]
    with (
        small_disk(folder / "disk", 60_000_000) as disk,
        album(folder / "album", tracks) as music,
        seeded(music, seeders=2),
        _playing(folder, music, {"cache_dir": disk.path}) as mopidy,
    ):
        uris = [f"vozduxan:track:{music.infohash}:{n + 1}" for n in range(cycles + 1)]
        until(lambda: mopidy.rpc("core.library.lookup", uris=uris[:1])[uris[0]])
        mopidy.play(uris[0])
        until(lambda: _held(mopidy) == 1)
        for uri in uris[1:]:
            filler = disk.fill()
            held.append(_seconds_until_music(mopidy, uris[0]))
            mopidy.play(uri)
            time.sleep(2)  # it waits
            filler.unlink()
            begun = time.monotonic()
            until(lambda: mopidy.rpc("core.playback.get_time_position") > 0)
            after.append(time.monotonic() - begun)
    return [
        Row("disk full: what is held", cycles, "–", "–", "–", held),
        Row("disk full: what waited, once there is room", cycles, *"–––", after),
    ]


def _held(mopidy: MopidyProcess) -> float:
    """Return how much of the current stream is on disk."""
    streams = status_at(mopidy.url)["streams"]
    return max((s["heldBytes"] / s["size"] for s in streams if s["size"]), default=0)


@contextmanager
def _playing(
    folder: Path, music: Album, ours: dict[str, object]
) -> Iterator[MopidyProcess]:
    library = folder / "torrents"
    library.mkdir()
    (library / "music.torrent").write_bytes(music.torrent)
    few = {"scan_tags": "never", "prefetch_tracks": 0, "queue_heads_max_size": 0}
    config: dict[str, dict[str, object]] = {
        "vozduxan": {"torrent_dirs": library, **few, **ours}
    }
    with MopidyProcess(
        folder / "mopidy", config, audio_output="fakesink sync=true"
    ) as mopidy:
        yield mopidy


# --- all of it


def main() -> None:
    """Do the harm, and print the table."""
    options = _options()
    works: dict[str, Callable[[Path], Row | list[Row]]] = {}
    kills = options.kills
    works["killed"] = lambda folder: _row("killed", kills, Kills(folder))
    if os.geteuid() == 0:
        works["power cut"] = lambda at: unplugged(at, "power cut", options.cycles)
        works["disk full"] = lambda at: full(at, options.cycles)
    for fault, harm in HARM.items():
        works[fault] = partial(killed, fault=fault, cycles=options.cycles, harm=harm)
    for fault, spoil in CATALOG.items():
        works[fault] = partial(
            in_mopidy, fault=fault, cycles=options.cycles, harm=spoil
        )
    rows = []
    for fault, work in works.items():
        if options.only and not any(word in fault for word in options.only):
            continue
        with tempfile.TemporaryDirectory() as name:
            done = work(Path(name))
        for row in done if isinstance(done, list) else [done]:
            rows.append(row.cells())
            print("  ".join(rows[-1]), file=sys.stderr, flush=True)
    print(_rst(rows) if options.rst else table.rows(HEAD, rows))


def _rst(body: Sequence[Sequence[str]]) -> str:
    lines = table.rows(HEAD, body).splitlines()
    rule = lines[1].replace("-", "=")
    return "\n".join([rule, lines[0], rule, *lines[2:], rule])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--cycles", type=int, default=5)
    parser.add_argument("--only", nargs="*", help="words of faults")
    parser.add_argument("--rst", action="store_true", help="print the docs' table")
    return parser.parse_args()


if __name__ == "__main__":
    main()
