"""Which held pieces cannot be on disk any more, judged by the sizes of the files.

Opens no file. If libtorrent (2.0.8, 2.1.1) finds a file missing or short, it drops
everything that was saved and reads the whole torrent, gigabytes before the first sound.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from typing import Any

from mopidy_vozduxan.planning.spans import PieceMap

#: 10 to 20 µs each, on our event loop. With more files, libtorrent's check has to do.
MOST_FILES = 2000


def absent_pieces(info: Any, folder: str, held: set[int]) -> set[int]:
    """Return the ``held`` pieces beyond the ends of their files below ``folder``.

    ``info`` is libtorrent's ``torrent_info``.
    """
    layout = info.layout() if hasattr(info, "layout") else info.files()
    absent: set[int] = set()
    files = _files_with(held, layout, info.piece_length())
    for index, pieces in islice(files, MOST_FILES):
        if not int(layout.file_flags(index)) & layout.flag_pad_file:
            size = _size(layout.file_path(index, folder))
            here = held.intersection(pieces.pieces)
            absent |= {piece for piece in here if pieces.span_of(piece).stop > size}
    return absent


def _files_with(
    held: set[int], layout: Any, piece_length: int
) -> Iterator[tuple[int, PieceMap]]:
    """Yield each file that overlaps a held piece, and its path."""
    following = 0
    for piece in sorted(held):
        following = max(following, layout.file_index_at_piece(piece))
        while following < layout.num_files():
            where = layout.file_offset(following), layout.file_size(following)
            pieces = PieceMap(*where, piece_length)
            if pieces.size and pieces.pieces[0] > piece:
                break
            yield following, pieces
            following += 1


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
