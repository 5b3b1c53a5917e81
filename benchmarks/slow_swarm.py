"""A play beside the reading of tags: how much later does it sound than without?

    python benchmarks/slow_swarm.py                     # 3 rounds, 10 minutes
    python benchmarks/slow_swarm.py --rounds 1 --scenes SLOW-256 --steps "at once"

In one run and in turns, each in a fresh Mopidy process with an empty folder: an album
of 12 FLACs is added, then a track of it is played; once with ``scan_tags = never``,
once with ``opened``. SLOW is 3 seeders of 50 kB/s, which is 1.35 times what a track
needs; WAN is that of ``first_byte.py``.

at once       its first track is played as soon as it was added
after 1, 4 s  its sixth track is played 1 or 4 s after that
add           seconds that ``core.tracklist.add`` took, and with it every client
sound         seconds from ``add`` (later ones: from ``play``) to a position that moves
stops         how often it stopped in its first seconds for its buffer to fill
lengths       how many of the tracks were queued with their true length; whether the
              one that plays was
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import table
from benchmarks.networks import KIB, MIB, WAN, Network, seeded
from tests.rig.album import Track, make_album
from tests.rig.mopidy import MopidyProcess
from tests.rig.torrents import infohashes

TRACKS, SECONDS = 12, 20
SLOW = Network("SLOW", seeders=3, rate=50_000, round_trip=0.1, lingers=0)
SCENES = {
    f"{network.name}-{size // KIB}": (network, size)
    for network, size in (
        (SLOW, 64 * KIB),
        (SLOW, 256 * KIB),
        (SLOW, MIB),
        (WAN, 256 * KIB),
        (WAN, MIB),
    )
}
#: Which track is played, and how long after it was added.
STEPS = {"at once": (0, 0.0), "after 1 s": (5, 1.0), "after 4 s": (5, 4.0)}
SILENT = "fakesink sync=true"
LISTENS_S = 10.0
PATIENCE_S = 60.0
POLL_S = 0.005
STOPPED = "old_state=playing, new_state=paused, target_state=playing"


@dataclass(frozen=True, slots=True)
class Heard:
    """What one listener met with."""

    add: float
    sound: float | None
    stops: int
    lengths: int
    first_length: bool


def listen(torrent: bytes, scan_tags: str, track: int, later: float) -> Heard:
    """Add the album to a fresh Mopidy, and play one of its tracks."""
    uri = f"vozduxan:album:{infohashes(torrent)[0]}"
    with tempfile.TemporaryDirectory() as name, _mopidy(name, torrent, scan_tags) as it:
        begun = time.monotonic()
        entries = it.rpc("core.tracklist.add", uris=[uri])
        add = time.monotonic() - begun
        true = [entry["track"]["length"] == SECONDS * 1000 for entry in entries]
        if later:
            time.sleep(later)
            begun = time.monotonic()
        since = it.log_length
        it.rpc("core.playback.play", tlid=entries[track]["tlid"])
        sound = _until_sound(it, begun)
        time.sleep(LISTENS_S)
        stops = "\n".join(it.log.splitlines()[since:]).count(STOPPED)
        return Heard(add, sound, stops, sum(true), true[track])


@contextmanager
def _mopidy(name: str, torrent: bytes, scan_tags: str) -> Iterator[MopidyProcess]:
    folder = Path(name)
    (folder / "torrents").mkdir()
    (folder / "torrents" / "album.torrent").write_bytes(torrent)
    config: Mapping[str, Mapping[str, object]] = {
        "vozduxan": {"torrent_dirs": folder / "torrents", "scan_tags": scan_tags},
        "loglevels": {"mopidy.audio": "debug", "mopidy_vozduxan": "debug"},
    }
    with MopidyProcess(
        folder / "mopidy", config, audio_output=SILENT, mpd=False
    ) as mopidy:
        mopidy.wait_for_log(r"Added \d+ new", PATIENCE_S)
        yield mopidy


def _until_sound(mopidy: MopidyProcess, begun: float) -> float | None:
    while time.monotonic() - begun < PATIENCE_S:
        if mopidy.rpc("core.playback.get_time_position") > 0:
            return time.monotonic() - begun
        time.sleep(POLL_S)
    return None


def measure(network: Network, piece_length: int, steps: list[str], rounds: int) -> str:
    """Return the table of one swarm."""
    heard: dict[str, dict[str, list[Heard]]] = defaultdict(lambda: defaultdict(list))
    tracks = [Track(f"Number {n}", seconds=SECONDS) for n in range(1, TRACKS + 1)]
    with tempfile.TemporaryDirectory() as name:
        music = Path(name) / "Music"
        make_album(music, tracks, cover=False)
        for _ in range(rounds):
            for step in steps:
                for scan_tags in ("never", "opened"):
                    # New seeders: what one listener asked for is still on its way.
                    with seeded(network, music, piece_length) as torrent:
                        one = listen(torrent, scan_tags, *STEPS[step])
                    _say(f"{step}, {scan_tags}: {one}")
                    heard[step][scan_tags].append(one)
    return _table(heard)


def _table(heard: Mapping[str, Mapping[str, list[Heard]]]) -> str:
    head = ["seconds", "sound, never", "sound, opened", "ratio", "add", "stops", ""]
    return table.rows([*head[:-1], "lengths"], [*_rows(heard)])


def _rows(heard: Mapping[str, Mapping[str, list[Heard]]]) -> Iterator[list[str]]:
    for step, by_scan in heard.items():
        never, opened = by_scan["never"], by_scan["opened"]
        without, beside = ([one.sound for one in some] for some in (never, opened))
        yield [
            step,
            table.cell(without),
            table.cell(beside),
            f"{table.median(beside) / table.median(without):.2f}",
            table.cell([one.add for one in opened]),
            f"{_stops(never)}, {_stops(opened)}",
            ", ".join(f"{o.lengths}{'+' * o.first_length}" for o in opened),
        ]


def _stops(some: list[Heard]) -> str:
    return "/".join(str(one.stops) for one in some)


def main() -> None:
    """Measure, and print a table for each swarm."""
    options = _options()
    for name in options.scenes:
        print(f"{name}\n{measure(*SCENES[name], options.steps, options.rounds)}\n")


def _options() -> Any:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scenes", nargs="*", choices=SCENES, default=list(SCENES))
    parser.add_argument("--steps", nargs="*", choices=STEPS, default=list(STEPS))
    return parser.parse_args()


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
