"""The hashes of one torrent's pieces, and whether bytes match them.

Reads no disk, and asks nobody. v1 and hybrid torrents have the SHA-1 of every piece.
v2-only torrents have the root of a tree over each file; the layer of that tree whose
nodes are pieces comes with the ``.torrent`` file or from the swarm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Set
from functools import cached_property, partial
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.bencode import bdecoded
from mopidy_vozduxan.engine.file_table import FileTable

Check = Callable[[bytes], bool]

_BLOCK = 16 * 1024  # a leaf of a v2 tree is the SHA-256 of this much
_DIGEST = 32
_NOTHING = bytes(_DIGEST)


class PieceHashes:
    """The hashes of the torrent that libtorrent's ``info`` describes.

    ``torrent`` is the whole ``.torrent`` file, if there is one.
    """

    def __init__(self, info: Any, torrent: bytes | None) -> None:
        self.info = info
        self.table = FileTable(info)
        self._v1 = info.info_hashes().has_v1()
        self._torrent = torrent

    def check_of(self, piece: int) -> Check | None:
        """Return the function that checks the bytes of a piece.

        It may run on any thread. ``None`` if the hash is not known yet.
        """
        if self._v1:
            return partial(_has_sha1, self.info.hash_for_piece(piece))
        index = self.table.first_at(piece)
        pieces, root = self.table.pieces_of(index), self.table.root(index)
        size = len(pieces.span_of(piece))
        if len(pieces.pieces) == 1:
            return partial(_has_root, root, size, _leaves(size))
        hashed = self._layers.get(root, {}).get(piece - pieces.pieces[0])
        width = _leaves(pieces.piece_length)
        return partial(_has_root, hashed, size, width) if hashed else None

    def pieces_beside(self, piece: int) -> set[int]:
        """Return all pieces of the files that overlap a piece."""
        files = self.table.overlapping({piece})
        return {beside for _, place in files for beside in place.pieces}

    def pieces_of_file(self, path: str, folder: str) -> set[int]:
        """Return the pieces of the file at ``path`` below ``folder``."""
        for index in range(len(self.table)):
            if self.table.path(index, folder) == path:
                return set(self.table.pieces_of(index).pieces)
        return set()

    def learn(self, params: Any, piece: int) -> None:
        """Take the hashes of a piece's file that libtorrent got from the swarm (v2)."""
        for index, layer in self._layers_in(params, {piece}):
            self._layers.setdefault(self.table.root(index), {}).update(layer)

    def learn_saved(self, params: Any, pieces: Set[int]) -> None:
        """Take the hashes of the pieces' files (v2) that lead to the files' roots.

        ``params`` is a saved state: a disk may have spoiled it.
        """
        if self._v1:
            return
        for index, layer in self._layers_in(params, pieces):
            count = len(self.table.pieces_of(index).pieces)
            hashes = [layer[number] for number in sorted(layer)]
            root = self.table.root(index)
            if len(hashes) == count and self._lead_to(root, hashes):
                self._layers.setdefault(root, layer)

    def _layers_in(
        self, params: Any, pieces: Set[int]
    ) -> Iterator[tuple[int, dict[int, bytes]]]:
        trees = bdecoded(bytes(lt.write_resume_data_buf(params))).get(b"trees", [])
        for index, place in self.table.overlapping(pieces):
            if index < len(trees) and place.size:
                yield index, _layer_in(trees[index], place.size, place.piece_length)

    @cached_property
    def _layers(self) -> dict[bytes, dict[int, bytes]]:
        """The hashes of a file's pieces, counted from its first, by the file's root.

        libtorrent 2.0.8 accepts torrents whose layers do not match their roots.
        """
        layers = bdecoded(self._torrent or b"").get(b"piece layers")
        found = layers.items() if isinstance(layers, dict) else ()
        return {
            root: dict(enumerate(hashes))
            for root, hashes in ((root, _digests(layer)) for root, layer in found)
            if hashes and self._lead_to(root, hashes)
        }

    def _lead_to(self, root: bytes, hashes: list[bytes]) -> bool:
        nothing = _root_of([], _leaves(self.info.piece_length()))
        return _root_of(hashes, _power_of_2(len(hashes)), nothing) == root


def _digests(joined: bytes) -> list[bytes]:
    return [joined[at : at + _DIGEST] for at in range(0, len(joined), _DIGEST)]


def _has_sha1(digest: bytes, data: bytes) -> bool:
    return hashlib.sha1(data, usedforsecurity=False).digest() == digest


def _has_root(root: bytes, size: int, leaves: int, data: bytes) -> bool:
    """Hash ``size`` bytes; libtorrent 2.0 reads the padding behind a file too."""
    body = memoryview(data)[:size]
    blocks = range(0, len(body), _BLOCK)
    hashes = [hashlib.sha256(body[at : at + _BLOCK]).digest() for at in blocks]
    return len(body) == size and _root_of(hashes, leaves) == root


def _root_of(hashes: list[bytes], width: int, missing: bytes = _NOTHING) -> bytes:
    """Return the root of a tree with a lowest row of ``width`` nodes."""
    row = hashes + [missing] * (width - len(hashes))
    while len(row) > 1:
        row = [_above(*pair) for pair in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def _above(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(left + right).digest()


def _leaves(size: int) -> int:
    """Return the width of a tree over that many bytes: a power of two."""
    return _power_of_2(-(-size // _BLOCK))


def _power_of_2(count: int) -> int:
    return 1 << (count - 1).bit_length()


def _layer_in(tree: Any, size: int, piece_length: int) -> dict[int, bytes]:
    """Return the hashes of a file's pieces that its tree yields.

    ``tree`` is as in resume data. libtorrent omits nodes whose leaves it has.
    """
    blocks, below = -(-size // _BLOCK), _leaves(piece_length)
    nodes = _nodes_of(tree, 2 * _power_of_2(blocks) - 1)
    first_leaf = _power_of_2(blocks) - 1
    first_piece = _power_of_2(blocks) // below - 1
    layer = {}
    for number, block in enumerate(range(0, blocks, below)):
        count = min(below, blocks - block)
        leaves = range(first_leaf + block, first_leaf + block + count)
        if known := nodes.get(first_piece + number):
            layer[number] = known
        elif all(leaf in nodes for leaf in leaves):
            layer[number] = _root_of([nodes[leaf] for leaf in leaves], below)
    return layer


def _nodes_of(tree: Any, count: int) -> dict[int, bytes]:
    """Return the nodes in a tree of ``count`` nodes; the root is 0.

    ``mask`` says to which nodes ``hashes`` belong, in characters (2.0.8) or bits
    (2.1.1).
    """
    mask, hashes = tree.get(b"mask", b""), tree.get(b"hashes", b"")
    bits = mask if len(mask) == count else "".join(f"{b:08b}" for b in mask).encode()
    there = [node for node, bit in enumerate(bits) if bit == ord("1")]
    return dict(zip(there, _digests(hashes), strict=False))
