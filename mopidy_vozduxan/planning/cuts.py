"""What is lost of a torrent when some of its files leave the disk.

Files share pieces with their neighbours. A shared piece stays if a neighbour that stays
needs it, and with it those bytes of it that are in the evicted file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from mopidy_vozduxan.planning.spans import PieceMap, Span

#: A file may take this much more than its bytes need: a block of the file system at
#: each end.
_BLOCKS = 2 * 4096


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
    it holds any piece that is in no other file.
    """
    touched = {piece for index in gone for piece in files[index].pieces}
    beside = [i for i in _overlapping(files, touched) if i not in gone]
    keep = [i for i in beside if i in spared or held & {*files[i].own_pieces}]
    kept = held & touched & {piece for i in keep for piece in files[i].pieces}
    dropped = touched - kept
    rests = {index: _spans(files[index], kept) for index in sorted(gone)}
    for index in {*beside}.difference(keep):
        here = held & {*files[index].pieces}
        if here and here <= dropped:  # it loses its last piece
            rests[index] = []
            dropped.update(files[index].pieces)
    return Cut(frozenset(dropped), rests)


def freed_by(
    files: Sequence[PieceMap], taken: Mapping[int, int], spared: Set[int]
) -> dict[int, int]:
    """Return how many bytes the eviction of each file would free.

    ``taken`` says what each of them takes on disk. What others keep is subtracted.
    """
    keep = {i for i, size in taken.items() if i in spared or _has_own(files[i], size)}
    return {
        index: max(0, size - _shared(files, index, keep))
        for index, size in taken.items()
    }


def _has_own(file: PieceMap, taken: int) -> bool:
    """Return whether a file takes more than the pieces that it shares."""
    ends = {*file.pieces[:1], *file.pieces[-1:]}
    return taken > sum(len(file.span_of(piece)) for piece in ends) + _BLOCKS


def _shared(files: Sequence[PieceMap], index: int, keep: Set[int]) -> int:
    own = files[index]
    ends = {*own.pieces[:1], *own.pieces[-1:]}
    others = [i for i in _neighbours(files, index) if i in keep]
    shared = ends & {piece for i in others for piece in files[i].pieces}
    return sum(len(own.span_of(piece)) for piece in shared)


def _neighbours(files: Sequence[PieceMap], index: int) -> Iterator[int]:
    """Yield the files that share a piece with one."""
    pieces = files[index].pieces
    for way in (range(index - 1, -1, -1), range(index + 1, len(files))):
        for other in way:
            there = files[other].pieces
            if not there:
                continue
            if not pieces or there[-1] < pieces[0] or there[0] > pieces[-1]:
                break
            yield other


def _overlapping(files: Sequence[PieceMap], pieces: Set[int]) -> Iterator[int]:
    for index, file in enumerate(files):
        own = file.pieces
        if own and not pieces.isdisjoint((own[0], own[-1])):
            yield index


def _spans(file: PieceMap, kept: Set[int]) -> list[Span]:
    return [file.span_of(piece) for piece in sorted(kept & set(file.pieces))]
