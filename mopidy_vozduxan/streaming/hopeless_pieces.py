"""Pieces that nobody has right, for example of a file that changed on a web server.

Such a piece is requested a few times, and then no more until something changes: a
listener asks for it, a new peer has it, or Mopidy starts again. Decides for one swarm;
does not know who waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Set

from mopidy_vozduxan.planning.spans import PieceMap
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile

#: A piece is given up after coming wrong this often; three times as often if a peer has
#: it that libtorrent has not asked yet.
ATTEMPTS = 3
ATTEMPTS_WITH_PEERS = 9
#: A file with this many such pieces has changed as a whole.
MOST_PIECES = 3


class HopelessPieces:
    """:attr:`pieces` are given up."""

    def __init__(self) -> None:
        self.pieces: frozenset[int] = frozenset()
        self._times: Counter[int] = Counter()

    def came_wrong(
        self, piece: int, elsewhere: bool, metainfo: Metainfo, held: Set[int]
    ) -> list[TorrentFile]:
        """Note a piece that came wrong; return the files that are given up with it.

        ``elsewhere`` says that a peer has it; ``held`` pieces are here.
        """
        self._times[piece] += 1
        most = ATTEMPTS_WITH_PEERS if elsewhere else ATTEMPTS
        if self._times[piece] < most or piece in self.pieces:
            return []
        files = list(_files_at(piece, metainfo))
        new = [f for f in files if self.pieces.isdisjoint(_pieces_of(f, metainfo))]
        self.pieces |= {piece}
        for file in files:
            own = frozenset(_pieces_of(file, metainfo))
            if len(own & self.pieces) >= MOST_PIECES:
                self.pieces |= own - held
        return new

    def hope(self, pieces: Iterable[int]) -> None:
        """Allow pieces again: somebody asks for them, or a peer has them."""
        for piece in self._times.keys() & pieces:
            del self._times[piece]
        self.pieces -= frozenset(pieces)


def _files_at(piece: int, metainfo: Metainfo) -> Iterable[TorrentFile]:
    for file in metainfo.files:
        if file.size and not file.padding and piece in _pieces_of(file, metainfo):
            yield file


def _pieces_of(file: TorrentFile, metainfo: Metainfo) -> range:
    return PieceMap(file.offset, file.size, metainfo.piece_length).pieces
