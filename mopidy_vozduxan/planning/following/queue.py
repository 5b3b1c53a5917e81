"""Which entries of the tracklist come next, as far as that is known."""

from __future__ import annotations

from collections.abc import Sequence


def upcoming(
    tlids: Sequence[int],
    following: int | None,
    current: int | None,
    *,
    repeat: bool,
    single: bool,
    random: bool,
    most: int,
) -> list[int]:
    """Return up to ``most`` entries that follow the current one, the next first.

    ``following`` is core's own answer for a skip. With ``random`` the others are in no
    order: core shuffles again with every change. With ``single`` and ``repeat`` the
    current one comes again, and skips lead to the next.
    """
    again = [t for t in tlids if single and repeat and t == current]
    if following is None or following not in tlids:
        return again
    place = tlids.index(following)
    if random:
        rest = [t for t in tlids if t != following]
    else:
        rest = [*tlids[place + 1 :], *(tlids[:place] if repeat else [])]
    order = [*again, following, *(t for t in rest if t != current)]
    return list(dict.fromkeys(order))[:most]


def sure(most: int, *, repeat: bool, single: bool, random: bool) -> int:
    """Return how many of those, up to ``most``, play if the listener does not skip.

    With ``single`` none does: only their heads are worth fetching.
    """
    if single:
        return min(most, 1) if repeat else 0
    return min(most, 1) if random else most
