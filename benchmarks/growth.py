"""Watches a process for hours: what it holds, and whether that grows.

Figures are taken every few seconds: anonymous memory (MB), open descriptors, threads,
streams, readers, swarms, and what the fetched data takes on disk (MB).
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

EVERY_S = 2.0
#: What a figure may grow by from the middle third of the time to the last one, beside
#: a quarter. The beginnings of queued tracks are streams, too, and there are more of
#: them after a "clear" than when the queue ends soon.
SLACK = {
    "memory": 16.0,
    "descriptors": 32,
    "threads": 8,
    "streams": 24,
    "readers": 10,  # eight files of a torrent are read at once
    "swarms": 8,
}
MB = 1e6


@dataclass
class Series:
    """One figure over time."""

    times: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, now: float, value: float) -> None:
        """Add a sample."""
        self.times.append(now)
        self.values.append(value)

    def third(self, number: int) -> float:
        """Return the median of the first (0), middle or last third of the time."""
        count = len(self.values)
        return median(self.values[count * number // 3 : count * (number + 1) // 3])

    def slope_per_hour(self) -> float:
        """Return the slope of a straight line through the last two thirds."""
        start = len(self.values) // 3
        times, values = self.times[start:], self.values[start:]
        middle, level = sum(times) / len(times), sum(values) / len(values)
        spread = sum((t - middle) ** 2 for t in times)
        pairs = zip(times, values, strict=True)
        return 3600 * sum((t - middle) * (v - level) for t, v in pairs) / spread


class Growth(threading.Thread):
    """Samples the Mopidy of ``pid`` at ``url`` until :meth:`end`.

    ``data`` is the folder of what it has fetched.
    """

    def __init__(self, pid: int, url: str, data: Path) -> None:
        super().__init__(daemon=True)
        self._proc = Path(f"/proc/{pid}")
        self._url = url
        self._data = data
        self._ended = threading.Event()
        self.series: dict[str, Series] = {}

    def run(self) -> None:
        while not self._ended.wait(EVERY_S):
            with contextlib.suppress(OSError, ValueError):  # Mopidy is busy, or ends
                for name, value in self._figures().items():
                    self.series.setdefault(name, Series()).add(time.monotonic(), value)

    def end(self) -> None:
        """Take no more samples."""
        self._ended.set()
        self.join()

    def grown(self) -> list[str]:
        """Return the figures that grow, in words."""
        return [
            f"{name} grew from {series.third(1):.0f} to {series.third(2):.0f}"
            for name, series in self.series.items()
            if name in SLACK and series.third(2) > 1.25 * series.third(1) + SLACK[name]
        ]

    def table(self) -> str:
        """Return all figures as a table."""
        lines = [f"{'':12}{'first':>8}{'middle':>8}{'last':>8}{'most':>8}{'/hour':>8}"]
        for name, series in self.series.items():
            thirds = "".join(f"{series.third(n):8.1f}" for n in range(3))
            most, slope = max(series.values), series.slope_per_hour()
            lines.append(f"{name:12}{thirds}{most:8.1f}{slope:8.1f}")
        return "\n".join(lines)

    def _figures(self) -> dict[str, float]:
        status = (self._proc / "status").read_text()
        now = status_at(self._url)
        streams = now["streams"]
        return {
            "memory": int(_found(r"RssAnon:\s+(\d+)", status)) * 1024 / MB,
            "descriptors": len(list((self._proc / "fd").iterdir())),
            "threads": int(_found(r"Threads:\s+(\d+)", status)),
            "streams": len(streams),
            "readers": sum(stream["readers"] for stream in streams),
            "swarms": len(now["swarms"]),
            "disk": space_of(self._data) / MB,
        }


def status_at(url: str) -> Mapping[str, Any]:
    """Return what ``torrent_status`` answers."""
    request = urllib.request.Request(
        f"{url}/vozduxan/api/torrent_status",
        b"{}",
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        status: Mapping[str, Any] = json.load(answer)
        return status


def space_of(folder: Path) -> int:
    """Return the bytes that a folder's files take on disk."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # gone meanwhile
            total += path.lstat().st_blocks * 512
    return total


def over(series: Series, limit_mb: float) -> Sequence[float]:
    """Return the values above a limit."""
    return [value for value in series.values if value > limit_mb]


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else "0"
