"""The files of one torrent as libtorrent lays them out, and the pieces that they share.

Reads no disk. Nothing here changes, so any thread may use it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from mopidy_vozduxan.planning.spans import PieceMap


def layout_of(info: Any) -> Any:
    """Return where libtorrent's ``torrent_info`` puts its files."""
    return info.layout() if hasattr(info, "layout") else info.files()


class FileTable:
    """The files that libtorrent's ``info`` describes, by index, padding included."""

    def __init__(self, info: Any) -> None:
        self._info = info
        self._layout = layout_of(info)

    def __len__(self) -> int:
        return int(self._layout.num_files())

    @property
    def piece_length(self) -> int:
        """The length of every piece but the last, in bytes."""
        return int(self._info.piece_length())

    def pieces_of(self, index: int) -> PieceMap:
        """Return where a file lies in the torrent."""
        layout = self._layout
        offset, size = layout.file_offset(index), layout.file_size(index)
        return PieceMap(offset, size, self.piece_length)

    def maps(self) -> list[PieceMap]:
        """Return the place of every file; padding has no size."""
        places = [self.pieces_of(index) for index in range(len(self))]
        return [
            replace(place, size=0) if self.is_padding(index) else place
            for index, place in enumerate(places)
        ]

    def overlapping(self, pieces: Iterable[int]) -> Iterator[tuple[int, PieceMap]]:
        """Yield each file that shares bytes with one of the pieces, and its place."""
        following = 0
        for piece in sorted(pieces):
            following = max(following, self._layout.file_index_at_piece(piece))
            while following < len(self):
                place = self.pieces_of(following)
                if place.size and place.pieces[0] > piece:
                    break
                yield following, place
                following += 1

    def first_at(self, piece: int) -> int:
        """Return the file that holds a piece's first byte."""
        return int(self._layout.file_index_at_piece(piece))

    def piece_size(self, piece: int) -> int:
        """Return the length of a piece, in bytes, padding included."""
        return int(self._info.piece_size(piece))

    def path(self, index: int, folder: str = "") -> str:
        """Return libtorrent's path of a file, below ``folder`` if one is given."""
        try:
            return str(self._layout.file_path(index, folder))
        except UnicodeDecodeError as exc:
            return exc.object.decode("utf-8", "surrogateescape")

    def is_padding(self, index: int) -> bool:
        """Return whether a file is padding: zeros that are not on disk."""
        return bool(int(self._layout.file_flags(index)) & self._layout.flag_pad_file)

    def root(self, index: int) -> bytes:
        """Return the root of a file's tree of hashes (v2)."""
        return bytes(self._layout.root(index).to_bytes())
