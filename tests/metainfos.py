"""Makes Metainfo values directly: no bytes, no hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile, TorrentSource

MB = 1_000_000


def metainfo(
    name: str, files: Sequence[str] | Mapping[str, int], infohash: str | None = None
) -> Metainfo:
    """A torrent ``name`` with files below it; a file has 1 MB where no size is given.

    One file called like the torrent makes a torrent without a root folder.
    """
    sizes = files if isinstance(files, Mapping) else dict.fromkeys(files, MB)
    listed, offset = [], 0
    for index, (path, size) in enumerate(sizes.items()):
        whole = path if path == name else f"{name}/{path}"
        listed.append(TorrentFile(index, whole, offset, size))
        offset += size
    infohash = infohash or hashlib.sha1(name.encode("utf-8", "replace")).hexdigest()
    return Metainfo(infohash, name, 16384, offset, tuple(listed))


def source_of(info: Metainfo) -> TorrentSource:
    return TorrentSource(info.infohash, b"torrent of " + info.infohash.encode())
