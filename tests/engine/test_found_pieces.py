"""What is wanted of pieces that may be on disk: which is checked next, what goes on."""

from __future__ import annotations

from mopidy_vozduxan.engine.found_pieces import FoundPieces
from mopidy_vozduxan.engine.places import Place
from mopidy_vozduxan.planning.plan import Changes, Plan, Urgency

NOW, SOON, IDLE = Urgency.NOW, Urgency.SOON, Urgency.IDLE
ANCHOR, NONE = Urgency.ANCHOR, Urgency.NONE


def place(*likely: int, ours: bool = True) -> Place:
    return Place("/", ours, {}, frozenset(likely))


def found(*likely: int) -> FoundPieces:
    pieces = FoundPieces()
    pieces.learn([place(*likely)], set())
    return pieces


def test_libtorrent_is_told_only_what_concerns_other_pieces():
    pieces = found(1, 2)
    changes = Changes(((0, NOW), (1, NOW), (2, SOON)), (0, 1), True, True)
    assert pieces.hold_back(changes) == Changes(((0, NOW),), (0,), True, True)


def test_the_most_urgent_piece_is_checked_first():
    pieces = found(1, 2, 3, 4)
    pieces.hold_back(Changes(((1, IDLE), (2, SOON), (3, SOON), (4, NONE))))
    order = []
    while (piece := pieces.next()) is not None:
        order.append(piece)
        pieces.find(piece, place())
    assert order == [2, 3, 1]


def test_what_becomes_urgent_overtakes_and_what_is_not_wanted_any_more_rests():
    pieces = found(1, 2, 3)
    pieces.hold_back(Changes(((1, SOON), (2, IDLE), (3, IDLE))))
    pieces.hold_back(Changes(((1, NONE), (3, NOW))))
    assert pieces.next() == 3
    pieces.find(3, place())
    assert pieces.next() == 2


def test_an_anchor_is_not_worth_a_check():
    pieces = found(1)
    assert pieces.hold_back(Changes(((1, ANCHOR),))) == Changes()
    assert pieces.next() is None


def test_what_is_wanted_of_a_missing_piece_goes_to_libtorrent():
    pieces = found(1, 2)
    pieces.want(Plan(bytes((0, NOW, IDLE)), frozenset({1})))
    assert pieces.miss(1, False) == Changes(((1, NOW),), (1,))
    assert pieces.miss(2, True) == Changes(((2, IDLE),), trickle=True)
    changes = Changes(((1, SOON), (2, SOON)))
    assert pieces.hold_back(changes) == changes


def test_a_jump_that_is_over_leaves_no_hurry():
    pieces = found(1)
    pieces.want(Plan(bytes((0, NOW)), frozenset({1})))
    pieces.hold_back(Changes(((1, IDLE),), unhurried=True))
    assert pieces.miss(1, False) == Changes(((1, IDLE),))


def test_a_found_piece_is_never_asked_of_libtorrent():
    pieces = found(1)
    pieces.find(1, place())
    changes = Changes(((1, NOW),), (1,))
    assert pieces.hold_back(changes) == Changes()
    pieces.lose(1)
    assert pieces.hold_back(changes) == changes


def test_what_libtorrent_holds_is_its_own():
    pieces = found(1, 2)
    pieces.find(2, place())
    pieces.settle({1, 2})
    assert not pieces.likely and not pieces.found


def test_only_our_own_pieces_are_claimed():
    pieces = found(1, 2)
    pieces.find(1, place(ours=False))
    pieces.find(2, place())
    assert pieces.found == {1, 2}
    assert pieces.ours == {2}
