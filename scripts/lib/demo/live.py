"""For people: one line per track that follows Mopidy, until Ctrl-C.

It only watches: whatever a client does meanwhile (skip, seek, pause) shows in the line.
The swarm's figures come from the seeders, which count what they send.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

from scripts.lib.demo.interrupt import pause
from scripts.lib.demo.stage import Stage

TICK = 0.25  # seconds
SAMPLES = 8  # the rate is that of the last two seconds
QUIET = 5  # seconds between two lines if lines cannot be rewritten

MARKS = {"playing": ">", "paused": "="}


@dataclass(frozen=True, slots=True)
class Transfer:
    """`total` in bytes, `rate` in bytes/s, and the `peers` that sent recently."""

    total: int
    rate: float
    peers: int


class Flow:
    """What the swarm sent, from one look to the next."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, list[int]]] = deque(maxlen=SAMPLES)

    def look(self, uploaded: list[int]) -> Transfer:
        self._samples.append((time.monotonic(), uploaded))
        (begin, before), (end, now) = self._samples[0], self._samples[-1]
        sent = [after - earlier for earlier, after in zip(before, now, strict=True)]
        rate = sum(sent) / (end - begin) if end > begin else 0.0
        return Transfer(sum(now), rate, sum(more > 0 for more in sent))


class Line:
    """A line that a terminal rewrites; elsewhere, a new line now and then."""

    def __init__(self) -> None:
        self._rewritten = sys.stdout.isatty()
        self._topic: object = None
        self._due = 0.0

    def show(self, topic: object, left: str, part: float, right: str) -> None:
        """Write the line; a new `topic` starts a new one."""
        if topic != self._topic:
            self.leave()
        self._topic = topic
        if self._rewritten:
            self._rewrite(left, part, right)
        elif time.monotonic() >= self._due:
            print(f"{left} {right}", flush=True)
            self._due = time.monotonic() + QUIET

    def leave(self) -> None:
        if self._topic is not None and self._rewritten:
            print()
        self._topic = None
        self._due = 0.0

    def _rewrite(self, left: str, part: float, right: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        room = max(6, min(40, width - len(left) - len(right) - 4))
        full = round(min(1.0, part) * room)
        text = f"{left} [{'#' * full}{'-' * (room - full)}] {right}"
        print(f"\r{text[:width]}\033[K", end="", flush=True)


def show(stage: Stage, uris: list[str]) -> None:
    """Never returns; KeyboardInterrupt ends it."""
    line, flow = Line(), Flow()
    played = False
    try:
        while True:
            entry = stage.mopidy.rpc("core.playback.get_current_tl_track")
            state = stage.mopidy.rpc("core.playback.get_state")
            transfer = flow.look(stage.swarm.uploaded())
            if state in MARKS and entry:
                played = True
                _show_track(line, stage, uris, entry, MARKS[state], transfer)
            elif played:
                played = False
                line.leave()
                print("Nothing plays any more. Start a track in any client, or Ctrl-C.")
            pause(TICK)
    finally:
        line.leave()


def _show_track(
    line: Line,
    stage: Stage,
    uris: list[str],
    entry: dict[str, Any],
    mark: str,
    transfer: Transfer,
) -> None:
    track = entry["track"]
    uri = track["uri"]
    position = stage.mopidy.rpc("core.playback.get_time_position")
    ours = uri in uris
    length = (stage.music.length_ms(uri) if ours else None) or track.get("length")
    number = f"{uris.index(uri) + 1}/{len(uris)}" if ours else "-"
    line.show(
        entry["tlid"],
        f"{mark} {number} {track.get('name') or uri:.30}",
        position / length if length else 0.0,
        f"{_clock(position)}/{_clock(length)} {_swarm(transfer, stage.music.size)}",
    )


def _swarm(transfer: Transfer, size: int) -> str:
    here, whole = min(transfer.total, size) / 1e6, size / 1e6
    rate = f"{transfer.rate / 1000:.0f} kB/s"
    return f"{here:.1f}/{whole:.1f} MB {rate} {transfer.peers} peers"


def _clock(ms: int | None) -> str:
    if ms is None:
        return "?:??"
    return f"{ms // 60_000}:{ms // 1000 % 60:02}"
