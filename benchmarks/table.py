"""Figures as a table: medians, ranges, and how they compare."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

Times = Sequence[float | None]  # seconds; None if patience ended


def median(times: Times) -> float:
    """Return the median; None counts as infinite."""
    return statistics.median(float("inf") if t is None else t for t in times)


def cell(times: Times | None) -> str:
    """Return ``median (least-most)`` in seconds."""
    if not times:
        return "–"
    came = sorted(float("inf") if t is None else t for t in times)
    middle = f"**{_seconds(median(times))}**"
    return f"{middle} ({_seconds(came[0])}-{_seconds(came[-1])})"


def ratio(ours: Times | None, other: Times | None) -> str:
    """Return how many times faster ours was."""
    if not ours or not other:
        return "–"
    mine, theirs = median(ours), median(other)
    if float("inf") in (mine, theirs):
        return "never came" if theirs == float("inf") else "we never came"
    return f"{theirs / max(mine, 1e-4):.1f} ×"


def bound(seconds: float | None) -> str:
    """Return a bound, if there is one."""
    return "–" if seconds is None else _seconds(seconds)


def rows(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """Return lines with aligned columns."""
    table = [head, *body]
    widths = [max(len(row[i]) for row in table) for i in range(len(head))]
    lines = [
        "  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)) for r in table
    ]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join(line.rstrip() for line in [lines[0], rule, *lines[1:]])


def _seconds(value: float) -> str:
    if value == float("inf"):
        return "never"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}"
