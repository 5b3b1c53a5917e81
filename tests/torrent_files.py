"""Makes v1 ``.torrent`` bytes with plain bencoding, without libtorrent."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

Bencodable = int | str | bytes | list["Bencodable"] | dict[str, "Bencodable"]


def bencode(value: Bencodable) -> bytes:
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, list):
        return b"l" + b"".join(map(bencode, value)) + b"e"
    pairs = sorted((key.encode(), item) for key, item in value.items())
    return b"d" + b"".join(bencode(k) + bencode(v) for k, v in pairs) + b"e"


def single_file(name: str, content: bytes = b"x" * 40_000) -> bytes:
    return _torrent(name, content, {"length": len(content)})


def multi_file(name: str, files: Mapping[str, bytes]) -> bytes:
    """A torrent of ``files``: paths below the root folder ``name`` to contents."""
    listed: list[Bencodable] = [
        {"length": len(content), "path": list(path.split("/"))}
        for path, content in files.items()
    ]
    return _torrent(name, b"".join(files.values()), {"files": listed})


def infohash_of(torrent: bytes) -> str:
    """The v1 infohash of what this module made."""
    return hashlib.sha1(torrent[len(b"d4:info") : -1]).hexdigest()


def _torrent(
    name: str, content: bytes, rest: dict[str, Bencodable], piece_length: int = 16384
) -> bytes:
    pieces = b"".join(
        hashlib.sha1(content[at : at + piece_length]).digest()
        for at in range(0, len(content), piece_length)
    )
    info: dict[str, Bencodable] = {
        "name": name,
        "piece length": piece_length,
        "pieces": pieces,
        **rest,
    }
    return bencode({"info": info})
