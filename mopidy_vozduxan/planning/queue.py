"""Which entries of the tracklist come next, as far as it can be known."""

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

    ``following`` is core's own answer for the next one. With ``random`` the
    others are in no order: core shuffles again with every change.
    """
    if following is None or following not in tlids:
        return []
    if single:
        return [following]
    place = tlids.index(following)
    if random:
        rest = [t for t in tlids if t != following]
    else:
        rest = [*tlids[place + 1 :], *(tlids[:place] if repeat else [])]
    return [following, *(t for t in rest if t != current)][:most]
