"""A chapter of a recording, as its file names it."""

from __future__ import annotations

from dataclasses import dataclass

#: More are a mistake, or an attack.
MOST_CHAPTERS = 999


@dataclass(frozen=True, slots=True)
class Chapter:
    """Where a chapter starts, in ms, and its title ("" if it has none)."""

    start_ms: int
    title: str
