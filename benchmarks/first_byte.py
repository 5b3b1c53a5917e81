"""Measures how long a listener waits for the first byte, and for the first sound.

Run it with the interpreter of the project's environment::

    python benchmarks/first_byte.py [--quick] [--json FILE]

One run compares our streaming path (through the player's door) with the usual
libtorrent script, in turns, on an unlimited loopback swarm (LAN) and on 4 seeders of
500 kB/s with 100 ms round trip (WAN). Each round is a new process with an empty folder.
Every received byte is compared with the source.

cold          play, in no swarm yet: the ``.torrent`` bytes are there, the peers come
              from an HTTP tracker that is as far away as they are
seek 50, 90   the old connection is closed, and a new request is sent
forecast 30, 70   the same, but the position is announced just before, as Mopidy's core
              does
jump          another process: a short track is read to its end, nothing is queued, and
              5 s later comes a track of which nothing is there (the "finished trap")
event, sound  a Mopidy process: from ``core.playback.play`` to
              ``track_playback_started``, and until the position moves
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import first_audio, table
from benchmarks.client import Download
from benchmarks.contestants import (
    OURS,
    USUAL_SCRIPT,
    Contestant,
    Running,
    running,
)
from benchmarks.networks import (
    BYTES_PER_S,
    KIB,
    LAN,
    MIB,
    WAN,
    Network,
    Scene,
    scene,
)

SCENES = (
    (LAN, 256 * KIB),
    (LAN, MIB),
    (LAN, 16 * MIB),
    (WAN, 256 * KIB),
    (WAN, MIB),
)
QUICK_SCENES = ((LAN, MIB), (WAN, MIB))
IDLE_S = 5.0

Figures = dict[str, dict[str, list[float | None]]]  # step -> contestant -> seconds


def one_round(
    contestant: Contestant, scene: Scene, patience: float
) -> Iterator[tuple[str, float | None]]:
    """Yield the seconds of every step: one process seeks, another one jumps."""
    long = len(scene.files) - 1
    with running(contestant, scene.torrent) as player:
        listener = _Listener(player, scene, patience)
        yield "cold", listener.plays(long)
        for percent in (50, 90):
            yield f"seek {percent}", listener.seeks(percent, forecast=False)
        for percent in (30, 70) if contestant.forecasts else ():
            yield f"forecast {percent}", listener.seeks(percent, forecast=True)
        listener.leaves()
    with running(contestant, scene.torrent) as player:
        listener = _Listener(player, scene, patience)
        yield "cold", listener.plays(0)
        if listener.finishes():
            time.sleep(IDLE_S)
            yield "jump", listener.plays(long)
        listener.leaves()


class _Listener:
    """Plays and seeks like a player: one connection at a time."""

    def __init__(self, player: Running, scene: Scene, patience: float) -> None:
        self._player = player
        self._scene = scene
        self._patience = patience
        self._download: Download | None = None

    def plays(self, index: int) -> float | None:
        begin = time.monotonic()
        self._url = self._player.play(index)
        self._source = self._scene.files[index]
        return self._request(0, begin)

    def finishes(self) -> bool:
        return self._download is not None and self._download.read_to_end()

    def seeks(self, percent: int, *, forecast: bool) -> float | None:
        start = len(self._source) * percent // 100
        begin = time.monotonic()
        if forecast:
            self._player.forecast(start * 1000 // BYTES_PER_S)
        return self._request(start, begin)

    def leaves(self) -> None:
        if self._download:
            self._download.__exit__(None, None, None)
        self._download = None

    def _request(self, start: int, begin: float) -> float | None:
        self.leaves()
        self._download = Download(self._url, self._source, start, self._patience)
        came = self._download.first_byte()
        self._download.read_for(self._scene.network.lingers)
        return came - begin if came else None


def measure(
    scene: Scene, contestants: Iterable[Contestant], rounds: int, patience: float
) -> Figures:
    """Return the seconds of every step; the contestants take turns."""
    figures: Figures = defaultdict(lambda: defaultdict(list))
    for number in range(rounds):
        for contestant in contestants:
            _say(f"{scene.name}: round {number + 1} of {rounds}, {contestant.name}")
            for step, seconds in one_round(contestant, scene, patience):
                figures[step][contestant.name].append(seconds)
    return figures


def measure_audio(network: Network, rounds: int, patience: float) -> Figures:
    """Return the seconds to the first sound from the swarm and from the disk."""
    figures: Figures = defaultdict(lambda: defaultdict(list))
    with (
        tempfile.TemporaryDirectory() as folder,
        first_audio.album(network, Path(folder)) as (torrent, file),
    ):
        for number in range(rounds):
            _say(f"{network.name}: round {number + 1} of {rounds}, Mopidy")
            times = first_audio.first_audio(torrent, file, patience)
            for source, seconds in times.items():
                figures["first sound"][source].append(seconds)
    return figures


def show(scene: Scene, figures: Figures, contestants: list[Contestant]) -> str:
    """Return the table of one scene."""
    names = [contestant.name for contestant in contestants]
    others = names[1:]
    head = ["seconds", "bound", *names, *[f"against {name}" for name in others]]
    body = [
        [
            step,
            table.bound(scene.network.bound(step, scene.piece_length)),
            *[table.cell(times.get(name)) for name in names],
            *[table.ratio(times.get(names[0]), times.get(n)) for n in others],
        ]
        for step, times in figures.items()
    ]
    return f"{scene.name}\n{table.rows(head, body)}\n"


def show_audio(network: Network, figures: Figures) -> str:
    """Return the table of the first sounds."""
    times = figures["first sound"]
    body = [[name, table.cell(seconds)] for name, seconds in times.items()]
    return f"{network.name}, first sound\n{table.rows(['seconds', 'Mopidy'], body)}\n"


def main() -> None:
    """Measure, print, and write the raw figures if asked to."""
    options = _options()
    rounds = options.rounds or (1 if options.quick else 5)
    patience = 12.0 if options.quick else 30.0
    contestants = [OURS, *options.also]
    if not options.only_ours:
        contestants.append(USUAL_SCRIPT)
    raw: dict[str, Figures] = {}
    tables = []
    for network, piece_length in QUICK_SCENES if options.quick else SCENES:
        if not _chosen(f"{network.name}-{piece_length // KIB}", options.scenes):
            continue
        with (
            tempfile.TemporaryDirectory() as folder,
            scene(network, piece_length, Path(folder)) as here,
        ):
            raw[here.name] = measure(here, contestants, rounds, patience)
            tables.append(show(here, raw[here.name], contestants))
            _say(tables[-1])
    for network in (LAN, WAN):
        if _chosen(f"audio-{network.name}", options.scenes):
            raw[f"{network.name}, audio"] = measure_audio(network, rounds, patience)
            tables.append(show_audio(network, raw[f"{network.name}, audio"]))
    print("\n".join(tables))
    if options.json:
        options.json.write_text(json.dumps(raw, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one round, under 3 min")
    parser.add_argument("--json", type=Path, metavar="FILE", help="raw figures")
    parser.add_argument("--rounds", type=int, help="of each contestant")
    parser.add_argument(
        "--scenes", nargs="*", metavar="NAME", help="such as LAN-1024, WAN, audio-LAN"
    )
    parser.add_argument("--only-ours", action="store_true")
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        type=_variant,
        metavar="NAME[=CLONE][,SETTING=VALUE...]",
        help="another clone of the project, or ours with other libtorrent settings",
    )
    return parser.parse_args()


def _variant(text: str) -> Contestant:
    first, *pairs = text.split(",")
    name, _, clone = first.partition("=")
    settings = dict(pair.split("=", 1) for pair in pairs)
    package = Path(clone).resolve() if clone else OURS.package
    typed = {key: json.loads(value) for key, value in settings.items()}
    return Contestant(name, OURS.module, package, typed)


def _chosen(name: str, wanted: list[str] | None) -> bool:
    return not wanted or any(name.startswith(prefix) for prefix in wanted)


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
