"""For machines: plays the first seconds of every track, and reports the outcome."""

from __future__ import annotations

import re
import time

from scripts.lib.demo.interrupt import pause
from scripts.lib.demo.stage import Stage

ENOUGH_MS = 3000
PATIENCE = 40  # seconds for one track: longer than Mopidy waits for a dead swarm
LOOK = 0.05  # seconds


class DidNotPlay(Exception):
    """A track did not play; the message says why."""


def play_all(stage: Stage, uris: list[str]) -> bool:
    """Whether every track played. Each is alone in the tracklist: a broken next one
    would end it early."""
    results = [_report(stage, f"{n}/{len(uris)}", uri) for n, uri in enumerate(uris, 1)]
    if not all(results):
        print(f"{results.count(False)} of {len(results)} did not play, see {stage.log}")
    return all(results)


def _report(stage: Stage, number: str, uri: str) -> bool:
    name = stage.mopidy.rpc("core.library.lookup", uris=[uri])[uri][0]["name"]
    try:
        result = f"ok {number} {name}: {_play(stage, uri)}"
    except DidNotPlay as exc:
        result = f"FAILED {number} {name}: {exc}"
    print(result, flush=True)
    return result.startswith("ok")


def _play(stage: Stage, uri: str) -> str:
    """Play a track, and describe the outcome; raises DidNotPlay."""
    length = stage.music.length_ms(uri)
    enough = min(ENOUGH_MS, length // 2 if length else ENOUGH_MS)
    look = _Look(stage, uri)
    begin = time.monotonic()
    first = None
    stage.mopidy.play(uri)
    while (passed := time.monotonic() - begin) < PATIENCE:
        position = look.position()
        if position and first is None:
            first = max(0.0, passed - position / 1000)
        if first is not None and position >= enough:
            return f"first sound after {first:.2f} s, {position / 1000:.1f} s played"
        pause(LOOK)
    raise DidNotPlay(f"silent for {PATIENCE} s" if first is None else "it hangs")


class _Look:
    """What Mopidy reports about one track from now on."""

    def __init__(self, stage: Stage, uri: str) -> None:
        self._mopidy, self._uri = stage.mopidy, uri
        self._events = len(stage.mopidy.events.all)
        self._log = len(stage.mopidy.log)

    def position(self) -> int:
        """The position in ms, 0 until the track has started; raises DidNotPlay."""
        if error := re.search(r"GStreamer error: .*", self._mopidy.log[self._log :]):
            raise DidNotPlay(error[0])
        started = self._started()
        if not started:
            return 0
        if started != {self._uri}:
            raise DidNotPlay("Mopidy moved on to another track")
        if self._mopidy.rpc("core.playback.get_state") == "stopped":
            raise DidNotPlay("Mopidy stopped")
        return int(self._mopidy.rpc("core.playback.get_time_position"))

    def _started(self) -> set[str]:
        return {
            event["tl_track"]["track"]["uri"]
            for event in self._mopidy.events.all[self._events :]
            if event["event"] == "track_playback_started"
        }
