"""An album's name, artists and date, from what its tracks say: pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mopidy_vozduxan.torrent.tags import VARIOUS_ARTISTS

T = TypeVar("T", bound=Hashable)
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What one track says about its album; ``read`` from tags, else from names."""

    read: bool
    album: str
    artists: Names
    albumartists: Names
    date: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """What clients see of an album; ``people`` are the artists it is listed under."""

    name: str
    artists: Names
    people: Names
    date: str | None


def shown(named: str, said: Sequence[Said]) -> Shown:
    """Return what to show of an album that is ``named`` by its folder.

    Tags count once some are read. A folder of tracks from many albums keeps its own
    name.
    """
    heard = [track for track in said if track.read] or said
    artists = _most(track.albumartists for track in heard) or ()
    if not artists and len({track.artists for track in heard}) == 1:
        artists = heard[0].artists
    everyone = Counter(name for track in heard for name in dict.fromkeys(track.artists))
    return Shown(
        name=_most(track.album for track in heard) or named,
        artists=artists or _main(everyone, len(heard)),
        people=artists or tuple(everyone),
        date=_most(track.date for track in heard),
    )


def _main(everyone: Counter[str], tracks: int) -> Names:
    """Return the artists on more than half of the tracks, else "Various Artists"."""
    main = tuple(name for name, count in everyone.items() if count * 2 > tracks)
    return main or ((VARIOUS_ARTISTS,) if len(everyone) > 1 else ())


def _most(values: Iterable[T]) -> T | None:
    """Return the value that more than half of them have, or None."""
    counted = Counter(values)
    if not counted:
        return None
    value, count = counted.most_common(1)[0]
    return value if count * 2 > counted.total() else None
