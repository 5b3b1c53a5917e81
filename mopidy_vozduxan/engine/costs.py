"""Measures the cost of reading a torrent before libtorrent reads all of it.

libtorrent (2.0.8, 2.1.1) holds the GIL while it reads, and is quadratic in some things:
100,000 files in folders of their own take 18 s, 8,000 files whose names share a
checksum 4 to 12 s, 10,000 of one name 6 s (2.0.8). A random half of the files costs a
quarter of that. So we read growing samples, and stop before it takes too long.

Design notes. Rejected: counting folders and equal names. That only knows what
libtorrent does today, and misses names that only libtorrent takes for equal.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Sequence
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.bencode import bdecoded
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.torrent.metainfo import MAX_FILES

#: libtorrent 2.1 refuses deeper folders, and no file system takes them.
MAX_DEPTH = 100
#: This few files are never a problem (0.03 s at worst); samples grow from there.
FEW_FILES = 500
GROWTH = 1.5
#: Stop if a sample takes longer than this, and the time also grows faster than the
#: sample: a slow machine must still read honest torrents. 50,000 files in 2,000 folders
#: take 0.1 s on a fast machine.
LIMIT_S = 0.25
BEARABLE_GROWTH = 4
#: How many bytes may be outside the values we see: enough for a line end, not for a
#: second list of files.
MAX_HIDDEN = 4096

_Fields = dict[bytes, Any]
_BEFORE_FILES = b"d4:infod5:filesl"
_BEHIND_FILES = b"e4:name1:a12:piece lengthi1048576e6:pieces20:" + bytes(20) + b"ee"


def check_costs(torrent: bytes) -> None:
    """Raise :class:`BadInput` for a ``.torrent`` file that would freeze us.

    Bytes that are not a torrent pass: libtorrent refuses those at once.
    """
    fields = bdecoded(torrent)
    info = fields.get(b"info")
    if not isinstance(info, dict):
        return
    if len(torrent) - len(lt.bencode(fields)) > MAX_HIDDEN:
        raise BadInput("The torrent has a part twice")
    for files in (_listed(info.get(b"files")), _in_tree(info.get(b"file tree"))):
        _check_files(files)


def _listed(files: Any) -> list[_Fields]:
    """Return the entries of a v1 torrent's list of files."""
    if not isinstance(files, list):
        return []
    return [file for file in files if isinstance(file, dict)]


def _in_tree(tree: Any) -> list[_Fields]:
    """Return the files of a v2 torrent's tree as a v1 torrent would list them."""
    found: list[_Fields] = []
    waiting: list[tuple[list[bytes], Any]] = [([], tree)]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, dict):
            found += [{b"path": path, **node[b""]}] if _is_file(node) else []
            inner = [([*path, name], below) for name, below in node.items() if name]
            waiting += reversed(inner)
    return found


def _is_file(node: _Fields) -> bool:
    return isinstance(node.get(b""), dict)


def _check_files(files: Sequence[_Fields]) -> None:
    count = len(files)
    if count > MAX_FILES:
        raise BadInput("The torrent has more files than we accept")
    if any(_depth(file) > MAX_DEPTH for file in files):
        raise BadInput("The torrent's folders are nested too deeply")
    size, first = FEW_FILES, 0.0
    entries = [] if size >= count else [_entry(file) for file in files]
    while size < count:
        # An attacker must not know which files are in the sample.
        part = sorted(random.sample(range(count), size))
        seconds = _seconds([entries[index] for index in part])
        first = first or seconds
        if seconds > max(LIMIT_S, BEARABLE_GROWTH * first * size / FEW_FILES):
            raise BadInput(f"The torrent's {count} files would take too long to read")
        size = int(size * GROWTH)


def _depth(file: _Fields) -> int:
    path = file.get(b"path")
    return len(path) if isinstance(path, list) else 0


def _entry(file: _Fields) -> bytes:
    """Return a file of one byte, bencoded: a torrent of these is one piece."""
    return bytes(lt.bencode({**file, b"length": 1}))


def _seconds(entries: Sequence[bytes]) -> float:
    """Return the processor time for reading a torrent of these files."""
    torrent = b"".join((_BEFORE_FILES, *entries, _BEHIND_FILES))
    begin = time.thread_time()
    with contextlib.suppress(RuntimeError, ValueError):  # the whole fails as fast
        lt.load_torrent_buffer(torrent)
    return time.thread_time() - begin
