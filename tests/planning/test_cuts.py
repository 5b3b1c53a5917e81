"""Which pieces go with a file, and what stays of it for its neighbours."""

from mopidy_vozduxan.planning.cuts import cut_of, freed_by
from mopidy_vozduxan.planning.spans import PieceMap, Span

#: Pieces of 100: the files share pieces 2 and 5; the last one begins with a piece.
FILES = [
    PieceMap(0, 250, 100),
    PieceMap(250, 300, 100),
    PieceMap(550, 250, 100),
    PieceMap(800, 200, 100),
]
ALL = set(range(10))


def test_a_shared_piece_stays_for_a_neighbour_that_has_more():
    cut = cut_of(FILES, ALL, {1}, set())
    assert cut.dropped == {3, 4}
    assert cut.rests == {1: [Span(0, 50), Span(250, 300)]}


def test_a_shared_piece_goes_when_the_neighbour_has_nothing_else():
    cut = cut_of(FILES, {2, 3, 4, 5}, {1}, set())
    assert cut.dropped == {0, 1, 2, 3, 4, 5, 6, 7}
    assert cut.rests == {0: [], 1: [], 2: []}


def test_a_neighbour_with_pieces_shared_elsewhere_stays():
    cut = cut_of(FILES, {0, 1, 2, 5, 6, 7}, {0}, set())
    assert cut.dropped == {0, 1, 2}
    assert cut.rests == {0: []}


def test_a_spared_file_loses_no_piece():
    cut = cut_of(FILES, {0, 1, 2}, {0}, {1})
    assert cut.dropped == {0, 1}
    assert cut.rests == {0: [Span(200, 250)]}


def test_what_is_not_held_is_not_half_fetched_either():
    assert cut_of(FILES, {0, 1}, {1}, set()).dropped == {2, 3, 4, 5}


def test_a_file_between_pieces_goes_alone():
    assert cut_of(FILES, ALL, {3}, set()).rests == {3: []}
    assert cut_of(FILES, ALL, {3}, set()).dropped == {8, 9}


def test_padding_shares_nothing():
    padded = [PieceMap(0, 150, 100), PieceMap(150, 0, 100), PieceMap(200, 100, 100)]
    assert cut_of(padded, {0, 1, 2}, {0}, set()).dropped == {0, 1}


# --- what that frees

BIG = [PieceMap(0, 250_000, 100_000), PieceMap(250_000, 250_000, 100_000)]


def test_a_file_frees_less_by_what_its_neighbours_keep():
    assert freed_by(BIG, {0: 250_000, 1: 250_000}, set()) == {0: 200_000, 1: 200_000}


def test_a_neighbour_that_only_shares_keeps_nothing():
    assert freed_by(BIG, {0: 250_000, 1: 50_000}, set()) == {0: 250_000, 1: 0}


def test_a_spared_neighbour_keeps_what_it_shares():
    assert freed_by(BIG, {0: 250_000, 1: 50_000}, {1}) == {0: 200_000, 1: 0}
