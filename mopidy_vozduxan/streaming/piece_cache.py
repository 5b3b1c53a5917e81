"""Recently read pieces of all swarms, in memory.

Lives on our event loop. Files on disk belong to the engine.
"""

from __future__ import annotations

from collections import OrderedDict


class PieceCache:
    """Recently read pieces; the oldest ones are evicted first.

    ``limit`` is in bytes. A piece larger than the limit is not kept at all.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._pieces: OrderedDict[tuple[str, int], bytes] = OrderedDict()

    def get(self, infohash: str, piece: int) -> bytes | None:
        """Return the bytes of a piece, or ``None`` if it is not cached."""
        data = self._pieces.get((infohash, piece))
        if data is not None:
            self._pieces.move_to_end((infohash, piece))
        return data

    def put(self, infohash: str, piece: int, data: bytes) -> None:
        """Keep a piece while there is room."""
        self.drop(infohash, piece)
        if len(data) > self._limit:
            return
        self._pieces[infohash, piece] = data
        self._size += len(data)
        while self._size > self._limit:
            _, oldest = self._pieces.popitem(last=False)
            self._size -= len(oldest)

    def drop(self, infohash: str, piece: int) -> None:
        """Forget a piece."""
        self._size -= len(self._pieces.pop((infohash, piece), b""))
