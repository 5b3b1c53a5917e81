"""What is lost of a torrent when some of its files leave the disk.

Files share pieces with their neighbours. A shared piece stays if a neighbour that stays
needs it, and with it those bytes of it that are in the evicted file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from mopidy_vozduxan.planning.spans import PieceMap, Span


@dataclass(frozen=True, slots=True)
class Cut:
    """What leaves: ``dropped`` pieces are not held, nor half fetched, any more.

    ``rests`` has, by file, the spans that stay; a file without any is deleted.
    """

    dropped: frozenset[int]
    rests: dict[int, list[Span]]


def cut_of(
    files: Sequence[PieceMap], held: Set[int], gone: Set[int], spared: Set[int]
) -> Cut:
    """Return what the eviction of the files ``gone`` takes away.

    ``files`` has every file of the torrent, by its index; padding has no size. Files
    in ``spared`` lose no piece. Another neighbour keeps its part of a shared piece if
    it holds more than what it shares.
    """
    lost = set(gone)
    while True:  # a neighbour that loses its last piece is lost, too
        touched = {piece for index in lost for piece in files[index].pieces}
        beside = [i for i in _overlapping(files, touched) if i not in lost]
        keep = {i for i in beside if i in spared or _has_own(files[i], held)}
        if keep == set(beside):
            break
        lost |= set(beside) - keep
    kept = held & touched & {piece for i in keep for piece in files[i].pieces}
    rests = {index: _spans(files[index], kept) for index in sorted(lost)}
    return Cut(frozenset(touched - kept), rests)


def _has_own(file: PieceMap, held: Set[int]) -> bool:
    return not held.isdisjoint(file.own_pieces)


def shared_bytes(files: Sequence[PieceMap], index: int, present: Set[int]) -> int:
    """Return how much of a file lies in pieces that it shares with ``present`` ones."""
    own = files[index]
    edges = {*own.pieces[:1], *own.pieces[-1:]}
    others = [i for i in _beside(files, index) if i in present]
    shared = edges & {piece for i in others for piece in files[i].pieces}
    return sum(len(own.span_of(piece)) for piece in shared)


def _beside(files: Sequence[PieceMap], index: int) -> Iterator[int]:
    """Yield the neighbours that share a piece with a file."""
    pieces = files[index].pieces
    for step in (-1, 1):
        other = index + step
        while pieces and 0 <= other < len(files):
            there = files[other].pieces
            if there and (there[-1] < pieces[0] or there[0] > pieces[-1]):
                break
            if there:
                yield other
            other += step


def _overlapping(files: Sequence[PieceMap], pieces: Set[int]) -> Iterator[int]:
    for index, file in enumerate(files):
        own = file.pieces
        if own and not pieces.isdisjoint((own[0], own[-1])):
            yield index


def _spans(file: PieceMap, kept: Set[int]) -> list[Span]:
    return [file.span_of(piece) for piece in sorted(kept & set(file.pieces))]
