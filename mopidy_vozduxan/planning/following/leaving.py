"""The order in which a removed torrent's tracks leave Mopidy's queue."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Leaving:
    """Entries to remove at once, and those to remove once something else plays.

    ``gives_way`` says that playback has to change first: to ``others``, or to silence
    if there are none.
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
    """Return how to remove ``theirs`` from all ``entries`` (URIs by number).

    ``current`` is core's entry, ``starting`` the URI that should start, and ``taken``
    the one of that torrent that the player has, if any. Core continues from these, or
    from the top of the queue if they are gone.
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
