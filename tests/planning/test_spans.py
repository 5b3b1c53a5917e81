import pytest
from hypothesis import given
from hypothesis import strategies as st

from mopidy_vozduxan.planning.spans import PieceMap, Span

# A file of 100 bytes that begins 10 bytes into a piece of 32.
MAP = PieceMap(file_offset=42, size=100, piece_length=32)


def test_pieces_of_a_file_include_the_ones_it_shares():
    assert MAP.pieces == range(1, 5)


@pytest.mark.parametrize(
    ("offset", "piece"), [(0, 1), (21, 1), (22, 2), (53, 2), (54, 3), (99, 4)]
)
def test_piece_at(offset, piece):
    assert MAP.piece_at(offset) == piece


@pytest.mark.parametrize("offset", [-1, 100])
def test_an_offset_outside_the_stream_has_no_piece(offset):
    with pytest.raises(ValueError, match="outside"):
        MAP.piece_at(offset)


def test_an_empty_span_has_no_pieces():
    assert MAP.pieces_of(Span(5, 5)) == range(0)
    assert PieceMap(42, 0, 32).pieces == range(0)


def test_a_span_is_clipped_to_the_stream():
    assert MAP.pieces_of(Span(90, 1000)) == range(4, 5)


maps = st.builds(
    PieceMap,
    file_offset=st.integers(0, 500),
    size=st.integers(1, 500),
    piece_length=st.integers(1, 64),
)


@given(maps, st.data())
def test_the_parts_of_the_pieces_make_up_the_span(pieces, data):
    start = data.draw(st.integers(0, pieces.size))
    stop = data.draw(st.integers(start, pieces.size))
    torrent = bytes(i % 251 for i in range(pieces.file_offset + pieces.size + 64))
    span = Span(start, stop)
    read = b"".join(
        torrent[p * pieces.piece_length : (p + 1) * pieces.piece_length][
            pieces.within(p, span)
        ]
        for p in pieces.pieces_of(span)
    )
    first = pieces.file_offset
    assert read == torrent[first + start : first + stop]


@given(maps)
def test_every_byte_of_a_piece_is_found_in_that_piece(pieces):
    for piece in pieces.pieces:
        span = pieces.span_of(piece)
        assert len(span) > 0
        assert pieces.piece_at(span.start) == piece
        assert pieces.piece_at(span.stop - 1) == piece


def test_pieces_lie_within_a_span_only_as_a_whole():
    stream = PieceMap(150, 400, 100)  # pieces 1 (its second half) to 5 (its first)
    for start, stop, pieces in (
        (0, 400, range(1, 6)),
        (1, 400, range(2, 6)),
        (0, 399, range(1, 5)),
        (0, 50, range(1, 2)),
        (0, 49, range(0)),
        (60, 140, range(0)),
        (50, 150, range(2, 3)),
        (500, 600, range(0)),
    ):
        assert list(stream.pieces_within(Span(start, stop))) == list(pieces)
