"""A player is given up once it stands still without a reason for long enough."""

from __future__ import annotations

import pytest

from mopidy_vozduxan.planning.following.silence import Silence, silence

#: Looks, a second apart: what plays and where, and whether that waits; then how long
#: the silence has lasted at the last of them, None for none.
CASES = [
    ([("a", 0, False)], 0),
    ([("a", 0, False)] * 5, 4),
    ([("a", n, False) for n in range(5)], 0),
    ([("a", 0, True)] * 5, None),
    ([("a", 0, True)] * 3 + [("a", 0, False)] * 3, 2),
    ([("a", 0, False)] * 3 + [("b", 0, False)] * 3, 2),
    ([("a", 0, False)] * 3 + [("a", 0, True)] + [("a", 0, False)] * 2, 1),
    ([("a", 900, False)] * 4, 3),  # in the middle as well
]


@pytest.mark.parametrize(("looks", "seconds"), CASES)
def test_silence_lasts_while_nothing_moves_and_nothing_waits(looks, seconds) -> None:
    found: Silence | None = None
    for now, (token, position_ms, waits) in enumerate(looks):
        found = silence(found, (token, position_ms), waits=waits, now=float(now))
    assert (found.seconds(len(looks) - 1.0) if found else None) == seconds
