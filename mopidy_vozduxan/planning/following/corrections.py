"""Decides which entries of the tracklist to replace by what is known now.

An entry of Mopidy's tracklist never changes; it can only be replaced. The current
entry, and one that is about to start, cannot be replaced: that would stop them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import groupby
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """An entry: it ``stands_in`` for a torrent's tracks, or is one track itself."""

    tlid: int
    uri: str
    track: T
    stands_in: bool


@dataclass(frozen=True, slots=True)
class Edit(Generic[T]):
    """Put ``tracks`` before ``removed``, and then remove those.

    ``removed`` are neighbours that end with ``after``. If there are none, ``after``
    stays, and the tracks follow it.
    """

    after: int
    tracks: tuple[T, ...]
    removed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Decision(Generic[T]):
    """What to do now, in the order of the tracklist, and what has to wait.

    ``postponed`` are the URIs of entries to replace once they are not held.
    """

    edits: tuple[Edit[T], ...]
    postponed: frozenset[str]


def decide(
    entries: Sequence[Entry[T]],
    known: Mapping[str, Sequence[T]],
    held: Set[int],
    continued: Set[int],
    split: Callable[[tuple[T, ...]], tuple[tuple[T, ...], tuple[T, ...]]],
) -> Decision[T]:
    """Return how to correct the tracklist by what is known.

    ``known`` has the true tracks of each known URI. ``held`` are the entries that must
    stay. A stand-in plays its torrent's first file. While it is held, the tracks of the
    other files are added after it, once. From then on it is ``continued``, and in the
    end only the first file's tracks replace it. ``split`` separates the first file's
    tracks from the others.
    """
    postponed = set()
    steps: list[tuple[Entry[T], tuple[T, ...] | None]] = []
    for entry in entries:
        truth = _truth(entry, known)
        if truth is not None and entry.tlid in held:
            postponed.add(entry.uri)
            continues = entry.stands_in and entry.tlid not in continued
            truth = split(truth)[1] if continues else None
        elif truth is not None and entry.tlid in continued:
            truth = split(truth)[0]
        steps.append((entry, truth))
    return Decision(tuple(_edits(steps, held)), frozenset(postponed))


def _truth(entry: Entry[T], known: Mapping[str, Sequence[T]]) -> tuple[T, ...] | None:
    """Return what the entry should be; ``None`` if it is right, or unknown."""
    truth = known.get(entry.uri)
    if truth is None or tuple(truth) == (entry.track,):
        return None
    if not truth and not entry.stands_in:
        return None  # a track that is gone: its swarm may still play it
    return tuple(truth)


def _edits(
    steps: Sequence[tuple[Entry[T], tuple[T, ...] | None]], held: Set[int]
) -> list[Edit[T]]:
    """Return one edit for each run of entries to replace."""
    edits = []
    for kind, run in groupby(steps, lambda step: _kind(step, held)):
        if kind == "stays":
            continue
        group = list(run)
        if kind == "gives way":
            tracks = tuple(t for _, truth in group for t in truth or ())
            tlids = tuple(entry.tlid for entry, _ in group)
            edits.append(Edit(tlids[-1], tracks, tlids))
        else:
            edits += [Edit(e.tlid, truth, ()) for e, truth in group if truth]
    return edits


def _kind(step: tuple[Entry[T], tuple[T, ...] | None], held: Set[int]) -> str:
    entry, truth = step
    if truth is None:
        return "stays"
    return "is continued" if entry.tlid in held else "gives way"
