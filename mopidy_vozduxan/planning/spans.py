"""Bytes of a stream and pieces of its torrent: the only place that converts.

Nobody else divides by a piece length.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """The half-open byte range ``[start, stop)`` inside a stream."""

    start: int
    stop: int

    def __len__(self) -> int:
        return max(0, self.stop - self.start)

    def clipped(self, size: int) -> Span:
        """Return the part of the span that lies in a stream of ``size`` bytes."""
        start = min(max(self.start, 0), size)
        return Span(start, min(max(self.stop, start), size))


@dataclass(frozen=True, slots=True)
class PieceMap:
    """The place of a stream in its torrent.

    ``file_offset`` is the offset of the stream's first byte in the torrent,
    ``size`` its length, ``piece_length`` the torrent's, all in bytes.
    """

    file_offset: int
    size: int
    piece_length: int

    @property
    def pieces(self) -> range:
        """The pieces that hold any byte of the stream."""
        return self.pieces_of(Span(0, self.size))

    @property
    def own_pieces(self) -> range:
        """The pieces that hold nothing but bytes of the stream."""
        first = -(-self.file_offset // self.piece_length)
        return range(first, (self.file_offset + self.size) // self.piece_length)

    def piece_at(self, offset: int) -> int:
        """Return the piece that holds the stream's byte ``offset``."""
        if not 0 <= offset < self.size:
            raise ValueError(f"offset {offset} is outside a stream of {self.size}")
        return (self.file_offset + offset) // self.piece_length

    def pieces_of(self, span: Span) -> range:
        """Return the pieces that hold any byte of ``span``."""
        span = span.clipped(self.size)
        if not len(span):
            return range(0)
        return range(self.piece_at(span.start), self.piece_at(span.stop - 1) + 1)

    def pieces_within(self, span: Span) -> range:
        """Return the pieces whose whole part of the stream lies in ``span``."""
        span = span.clipped(self.size)
        pieces = self.pieces_of(span)
        if not pieces:
            return pieces
        start, stop = pieces.start, pieces.stop
        start += self.span_of(start).start < span.start
        stop -= self.span_of(stop - 1).stop > span.stop
        return range(start, max(start, stop))

    def span_of(self, piece: int) -> Span:
        """Return the part of the stream that ``piece`` holds."""
        start = piece * self.piece_length - self.file_offset
        return Span(start, start + self.piece_length).clipped(self.size)

    def held_bytes(self, held: set[int]) -> int:
        """Return how many of the stream's bytes lie in the pieces ``held``."""
        pieces = self.pieces
        count = len(held.intersection(pieces)) * self.piece_length
        edges = {*pieces[:1], *pieces[-1:]} & held
        return count - sum(self.piece_length - len(self.span_of(p)) for p in edges)

    def contiguous_bytes(self, offset: int, held: set[int]) -> int:
        """Return how many bytes from ``offset`` on lie in ``held`` without a gap."""
        pieces = self.pieces_of(Span(offset, self.size))
        gap = next((piece for piece in pieces if piece not in held), None)
        stop = self.size if gap is None else self.span_of(gap).start
        return max(0, stop - offset)

    def within(self, piece: int, span: Span) -> slice:
        """Return where the bytes of ``span`` lie inside the data of ``piece``."""
        first = piece * self.piece_length - self.file_offset
        held = self.span_of(piece)
        start, stop = max(span.start, held.start), min(span.stop, held.stop)
        return slice(start - first, max(start, stop) - first)
