"""Presses keys at random, and reports when Mopidy stops answering or playing, or grows.

    python benchmarks/soak.py                        # 5 minutes
    python benchmarks/soak.py --minutes 60 --seed 7  # the same keys as last time

A real Mopidy plays 200 tracks of 20 torrents from a real swarm on loopback, and a local
file, with a cache of 100 MB, a fourth of all there is. Meanwhile keys come over
JSON-RPC and MPD: next, previous, seek, pause, stop, play, edits of the queue, its
modes. One in three comes in the last seconds of a track, when the player asks for the
next one. The same seed gives the same keys; their timing depends on the machine.

met           how often a key came at the moment when the player asks for a track
frozen        a call that Mopidy did not answer within 30 s, or a SIGTERM that did not
              end it; the run then ends with the last keys and log lines, and status 1
refused       calls that Mopidy answered with an error
silent        "playing" for 20 s, but the position and the track stayed the same
errors        log records at ERROR and above, and tracebacks

A table follows: the median of each third of the time, the most, and how much a straight
line through the last two thirds rises in an hour. The status is also 1 if something
grows from the middle third to the last (see growth.py), or if the disk ever held more
than the limit and the three largest files, which may play, come next and after that.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from mpd import CommandError

from benchmarks.growth import MB, Growth, over
from benchmarks.soak_stage import Stage, stage
from tests.rig.mopidy import MopidyProcess, RpcError

FROZEN_S = 30
SILENT_S = 20
MODES = ("random", "repeat", "single", "consume")
#: How many seconds before the end of a track a key may come.
NEAR_THE_END = (3, 4)
#: What ``mopidy_vozduxan.playback.handover`` logs then.
MET = "the player was stopped, or has jumped"
ERROR = re.compile(r"^(?:[\d: ]{8} )?(ERROR|CRITICAL) |^Traceback", re.MULTILINE)


class FrozenError(Exception):
    """Mopidy does not answer."""


class Keys:
    """The keys of a listener; each is a method, chosen by its weight."""

    def __init__(self, mopidy: MopidyProcess, uris: list[str], seed: int) -> None:
        self._mopidy = mopidy
        self._uris = uris
        self._dice = random.Random(seed)
        self._mpd = mopidy.mpd()
        self._mpd.timeout = FROZEN_S
        self.refused = 0
        self.pressed: Counter[str] = Counter()
        self.last: deque[str] = deque(maxlen=20)
        self._weights: dict[Callable[[], None], int] = {
            self.next: 6,
            self.previous: 4,
            self.seek: 6,
            self.pause: 3,
            self.stop: 4,
            self.play: 6,
            self.stop_and_seek: 1,
            self.edit: 4,
            self.clear: 1,
            self.mode: 2,
        }

    def press(self) -> None:
        """Press one key at a random moment; raise :exc:`FrozenError`."""
        [key] = self._dice.choices([*self._weights], [*self._weights.values()])
        if self._dice.random() < 1 / 3:
            self._wait_for_the_end()
        else:
            time.sleep(self._dice.choice((0, 0.05, 0.5, 3)))
        self.pressed[key.__name__] += 1
        self.last.append(f"{time.strftime('%X')} {key.__name__}")
        key()

    def ask(self, method: str, **params: object) -> Any:
        """Return Mopidy's answer over JSON-RPC."""
        try:
            return self._mopidy.rpc(f"core.{method}", rpc_timeout=FROZEN_S, **params)
        except TimeoutError as exc:
            raise FrozenError(method) from exc
        except RpcError:  # Mopidy 3: to a seek, when nothing can be played
            self.refused += 1

    def _wait_for_the_end(self) -> None:
        """Wait for a moment in the last seconds of the track."""
        track = self.ask("playback.get_current_track")
        if not track or self.ask("playback.get_state") != "playing":
            return
        at_ms = track["length"] - self._dice.uniform(*NEAR_THE_END) * 1000
        if self._dice.random() < 1 / 2:
            self._seek(int(at_ms) - 700)
        left_ms = at_ms - self.ask("playback.get_time_position")
        time.sleep(min(max(0, left_ms / 1000), 15))

    def _either(self, method: str, command: str, *arguments: object) -> None:
        """Press over JSON-RPC or over MPD."""
        if self._dice.random() < 1 / 2:
            self.ask(f"playback.{method}")
            return
        try:
            getattr(self._mpd, command)(*arguments)
            self._mpd.status()
        except TimeoutError as exc:
            raise FrozenError(command) from exc
        except CommandError:
            self.refused += 1

    # --- the keys

    def next(self) -> None:
        self._either("next", "next")

    def previous(self) -> None:
        self._either("previous", "previous")

    def stop(self) -> None:
        self._either("stop", "stop")

    def play(self) -> None:
        entries = self.ask("tracklist.get_tl_tracks")
        if entries and self._dice.random() < 1 / 2:
            self.ask("playback.play", tlid=self._dice.choice(entries)["tlid"])
        else:
            self._either("play", "play")

    def pause(self) -> None:
        self._either("pause", "pause", 1)
        time.sleep(self._dice.choice((0, 0.3, 2)))
        self._either("resume", "pause", 0)

    def seek(self) -> None:
        self._seek(int(self._dice.uniform(0, 1.02) * 10_000))

    def stop_and_seek(self) -> None:
        self._either("stop", "stop")
        self.seek()

    def _seek(self, position_ms: int) -> None:
        self.ask("playback.seek", time_position=max(0, position_ms))

    def edit(self) -> None:
        """Add, remove, move or shuffle."""
        entries = self.ask("tracklist.get_tl_tracks")
        kind = self._dice.randrange(4) if len(entries) > 3 else 0
        if kind == 0:
            some = self._dice.sample(self._uris, 3)
            place = self._dice.randint(0, len(entries))
            self.ask("tracklist.add", uris=some, at_position=place)
        elif kind == 1:
            tlid = self._dice.choice(entries)["tlid"]
            self.ask("tracklist.remove", criteria={"tlid": [tlid]})
        elif kind == 2:
            self.ask("tracklist.move", start=0, end=1, to_position=len(entries) - 1)
        else:
            self.ask("tracklist.shuffle")

    def clear(self) -> None:
        """Start over with all tracks."""
        self.ask("tracklist.clear")
        self.ask("tracklist.add", uris=self._uris)
        self.ask("playback.play")

    def mode(self) -> None:
        mode, on = self._dice.choice(MODES), self._dice.random() < 1 / 2
        self.ask(f"tracklist.set_{mode}", value=on)


class Ears:
    """Notices when playback does not advance."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._heard: object = None
        self._since = time.monotonic()
        self.silences = 0

    def listen(self) -> None:
        """Check once; call it often."""
        now = time.monotonic()
        playing = self._keys.ask("playback.get_state") == "playing"
        tlid = self._keys.ask("playback.get_current_tlid")
        heard = tlid, self._keys.ask("playback.get_time_position")
        if not playing or heard != self._heard:
            self._heard, self._since = heard, now
        elif now - self._since > SILENT_S:
            self.silences += 1
            self._since = now
            print(f"silent for {SILENT_S} s after {', '.join(self._keys.last)}")


def main() -> int:
    options = _options()
    print(f"seed {options.seed}, {options.minutes} minutes", flush=True)
    with (
        tempfile.TemporaryDirectory() as name,
        stage(Path(name), options.torrents, options.limit) as here,
    ):
        mopidy = here.mopidy
        keys = Keys(mopidy, list(here.uris), options.seed)
        ears = Ears(keys)
        growth = Growth(mopidy.pid, mopidy.url, here.data)
        growth.start()
        frozen = _press(keys, ears, options.minutes)
        growth.end()
        if mopidy.stop(FROZEN_S) != 0 and not frozen:
            frozen = "Frozen: Mopidy does not end"
        if options.log:
            options.log.write_text(mopidy.log)
        if frozen:
            print(mopidy.log[-6000:], frozen, sep="\n")
        _report(keys, ears, mopidy.log, bool(frozen))
        print(growth.table())
        faults = [*growth.grown(), *_over(growth, here)]
        print(*faults or ["nothing grew, and the disk was never over"], sep="\n")
    return int(bool(frozen or faults))


def _press(keys: Keys, ears: Ears, minutes: float) -> str | None:
    """Press keys for a while; return how Mopidy froze, if it did."""
    until = time.monotonic() + minutes * 60
    try:
        keys.clear()
        while time.monotonic() < until:
            keys.press()
            ears.listen()
    except FrozenError as exc:
        return f"Frozen: no answer to {exc} after {', '.join(keys.last)}"
    return None


def _report(keys: Keys, ears: Ears, log: str, frozen: bool) -> None:
    print(*(f"{key} {count}" for key, count in keys.pressed.items()), sep=", ")
    print(
        f"{keys.pressed.total()} keys, {keys.refused} refused, {log.count(MET)} met,"
        f" {int(frozen)} frozen, {ears.silences} silent,"
        f" {len(ERROR.findall(log))} errors"
    )
    for line in sorted(set(re.findall(r"ERROR .*\n.*", log)))[:5]:
        print(line)


def _over(growth: Growth, here: Stage) -> list[str]:
    """Return in words how far the disk was over what it may hold."""
    most = (here.limit + here.slack) / MB
    times = over(growth.series["disk"], most) if here.limit else ()
    return [f"the disk held up to {max(times):.0f} of {most:.0f} MB"] if times else []


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--torrents", type=int, default=20)
    parser.add_argument("--limit", type=int, default=100, help="of the cache, in MB")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--log", type=Path, help="keep Mopidy's log in this file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
