"""What an album is called, out of what its tracks say: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T", bound=Hashable)
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What one track says of its album; ``read`` from tags, else from names."""

    read: bool
    album: str
    artists: Names
    albumartists: Names
    date: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of an album; ``people`` are whom it is listed under."""

    name: str
    artists: Names
    people: Names
    date: str | None


def shown(named: str, said: Sequence[Said]) -> Shown:
    """Return what to show of an album that the names call ``named``.

    Tags count once some are read; a folder whose tracks come from everywhere is
    called what its name says.
    """
    heard = [track for track in said if track.read] or said
    artists = _most(track.albumartists for track in heard) or ()
    if not artists and len({track.artists for track in heard}) == 1:
        artists = heard[0].artists
    everyone = dict.fromkeys(name for track in heard for name in track.artists)
    return Shown(
        name=_most(track.album for track in heard) or named,
        artists=artists,
        people=artists or tuple(everyone),
        date=_most(track.date for track in heard),
    )


def _most(values: Iterable[T]) -> T | None:
    """Return what more than half of the values are; None where none is."""
    counted = Counter(values)
    if not counted:
        return None
    value, count = counted.most_common(1)[0]
    return value if count * 2 > counted.total() else None
