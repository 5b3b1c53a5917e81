"""In which order tracks leave the queue with their torrent."""

import pytest

from mopidy_vozduxan.planning.following.leaving import Leaving, leaving
from tests.planning.following.cases import FOREIGN, ONE, TWO

ENTRIES = {1: ONE, 2: TWO, 3: FOREIGN}


@pytest.mark.parametrize(
    ("theirs", "current", "starting", "taken", "plan"),
    [
        (set(), 3, None, None, Leaving(others=True)),
        ({1, 2}, 3, None, None, Leaving(first=(1, 2), others=True)),
        # What plays, what is to sound, and what the player has taken go last.
        ({1, 2}, 1, None, None, Leaving((2,), (1,), True, True)),
        ({1, 2}, 3, TWO, None, Leaving((1,), (2,), True, True)),
        ({1, 2}, 3, None, TWO, Leaving((1,), (2,), True, True)),
        ({1, 2}, 1, None, TWO, Leaving((), (1, 2), True, True)),
        # Its entry may be gone already.
        ({1, 2}, 3, None, "", Leaving((1, 2), (), True, True)),
        ({1, 2, 3}, 1, None, None, Leaving((2, 3), (1,), True, False)),
    ],
)
def test_what_plays_gives_way_before_its_entry_leaves(
    theirs, current, starting, taken, plan
):
    assert leaving(ENTRIES, theirs, current, starting, taken) == plan
