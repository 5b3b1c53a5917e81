"""What libtorrent is told, and in which order: it matters (facts on deadlines)."""

from __future__ import annotations

from typing import Any

import pytest

from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm, priorities_of
from mopidy_vozduxan.engine.settings import TRICKLE_BYTES_PER_S
from mopidy_vozduxan.planning.plan import Changes, Urgency
from mopidy_vozduxan.torrent.metainfo import TorrentSource


class Recorder:
    """A handle that notes what is called."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self.calls.append((name, *args))


@pytest.fixture
def swarm() -> JoinedSwarm:
    made = JoinedSwarm("f" * 40, TorrentSource("f" * 40), params=None, stopped=False)
    made.joined(Recorder())
    return made


def told(swarm: JoinedSwarm, changes: Changes) -> list[tuple[Any, ...]]:
    """Return the calls that changes lead to."""
    swarm.handle.calls.clear()
    swarm.apply(changes)
    return list(swarm.handle.calls)


def test_urgencies_become_priorities() -> None:
    assert priorities_of(bytes(Urgency)) == [0, 1, 2, 4, 6, 7]


def test_a_jump_clears_the_deadlines_before_it_sets_new_ones(
    swarm: JoinedSwarm,
) -> None:
    told(swarm, Changes(((1, Urgency.NOW),), (1,)))
    jump = Changes(((1, Urgency.IDLE), (9, Urgency.NOW)), (9,), unhurried=True)
    assert told(swarm, jump) == [
        ("clear_piece_deadlines",),
        ("prioritize_pieces", [(1, 2), (9, 7)]),
        ("set_piece_deadline", 9, 0),
    ]
    assert swarm.due == {9}


def test_no_deadline_cancels_what_peers_would_forget(swarm: JoinedSwarm) -> None:
    swarm.may_cancel = False
    jump = Changes(((1, Urgency.IDLE), (9, Urgency.NOW)), (9,))
    assert told(swarm, jump) == [("prioritize_pieces", [(1, 2), (9, 7)])]


def test_a_piece_with_a_deadline_keeps_its_priority(swarm: JoinedSwarm) -> None:
    told(swarm, Changes(((1, Urgency.NOW),), (1,)))
    assert told(swarm, Changes(((1, Urgency.LATER), (2, Urgency.LATER)))) == [
        ("prioritize_pieces", [(2, 4)])
    ]


def test_a_piece_no_longer_wanted_loses_its_deadline_first(swarm: JoinedSwarm) -> None:
    """libtorrent fetches what is on the deadline list whatever its priority."""
    told(swarm, Changes(((1, Urgency.NOW),), (1,)))
    assert told(swarm, Changes(((1, Urgency.NONE),))) == [
        ("reset_piece_deadline", 1),
        ("prioritize_pieces", [(1, 0)]),
    ]


def test_a_trickle_is_limited_and_an_urgent_change_lifts_that_first(
    swarm: JoinedSwarm,
) -> None:
    anchor = Changes(((9, Urgency.IDLE),), trickle=True)
    assert told(swarm, anchor)[0] == ("set_download_limit", TRICKLE_BYTES_PER_S)
    assert ("set_download_limit", TRICKLE_BYTES_PER_S) not in told(swarm, anchor)
    assert told(swarm, Changes(((1, Urgency.NOW),)))[0] == ("set_download_limit", -1)


def test_changes_wait_for_the_handle_in_order() -> None:
    swarm = JoinedSwarm("f" * 40, TorrentSource("f" * 40), params=None, stopped=False)
    swarm.apply(Changes(((1, Urgency.NOW),)))
    swarm.apply(Changes(((1, Urgency.NONE), (2, Urgency.NOW))))
    handle = Recorder()
    swarm.joined(handle)
    assert handle.calls == [
        ("prioritize_pieces", [(1, 7)]),
        ("prioritize_pieces", [(1, 0), (2, 7)]),
    ]
