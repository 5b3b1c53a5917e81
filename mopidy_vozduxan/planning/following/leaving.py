"""In which order the tracks of a torrent that is removed leave Mopidy's queue."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Leaving:
    """Entries that go at once, and those that go once something else plays.

    Where anything has to play instead, it ``gives_way``: to ``others``, if there are
    any, else to silence.
    """

    first: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    gives_way: bool = False
    others: bool = False


def leaving(
    entries: Mapping[int, str],
    theirs: Set[int],
    current: int | None,
    starting: str | None,
    taken: str | None,
) -> Leaving:
    """Return what to do about ``theirs``, of all ``entries`` (URIs by number).

    ``current`` is core's, ``starting`` the URI that is to sound, and ``taken`` the
    one that the player has of that torrent, if it has any: core counts on from these,
    and from the top of the queue where they are gone.
    """
    used = {starting, taken}
    order = [tlid for tlid in entries if tlid in theirs]
    last = [tlid for tlid in order if tlid == current or entries[tlid] in used]
    return Leaving(
        first=tuple(tlid for tlid in order if tlid not in last),
        last=tuple(last),
        gives_way=bool(last) or taken is not None,
        others=len(entries) > len(order),
    )
