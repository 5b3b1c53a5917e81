"""Makes `.torrent` bytes and magnet links. Never opens a session or a socket.

Files are listed in sorted order, without padding in v1-only torrents: neighbours then
share boundary pieces. No date or creator goes in, so equal files give equal torrents.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import libtorrent as lt

Version = Literal["v1", "hybrid", "v2"]
Address = tuple[str, int]

_FLAGS = {
    "v1": lt.create_torrent.v1_only,
    "v2": lt.create_torrent.v2_only,
    "hybrid": 0,
}


def make_torrent(
    source: Path,
    *,
    piece_length: int = 256 * 1024,
    version: Version = "v1",
    trackers: Iterable[str] = (),
    web_seeds: Iterable[str] = (),
    private: bool = False,
    order: Sequence[str] | None = None,
) -> bytes:
    """Bencoded torrent of a file or folder.

    `order` lists the files' paths, relative to the folder, as the maker would have
    them (v1 only: v2 sorts). `piece_length` is a power of two from 16 KiB.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # libtorrent >= 2.1
        files = _described(source.resolve(), order)
        torrent = lt.create_torrent(files, piece_length, _FLAGS[version])
        for tier, url in enumerate(trackers):
            torrent.add_tracker(url, tier)
        for url in web_seeds:
            torrent.add_url_seed(url)
        torrent.set_priv(private)
        lt.set_piece_hashes(torrent, str(source.resolve().parent))
        entry = torrent.generate()
    for dated in (b"creation date", b"created by"):
        entry.pop(dated, None)
    return bytes(lt.bencode(entry))


def _described(source: Path, order: Sequence[str] | None) -> Any:
    """What `create_torrent` wants; 2.0 only borrows the `file_storage`: keep it."""
    files = _files(source, order)
    if hasattr(lt, "create_file_entry"):  # 2.1 and later
        return [lt.create_file_entry(name, size) for name, size in files]
    storage = lt.file_storage()
    for name, size in files:
        storage.add_file(name, size)
    return storage


def _files(source: Path, order: Sequence[str] | None) -> list[tuple[str, int]]:
    if source.is_file():
        return [(source.name, source.stat().st_size)]
    if order is None:
        paths = sorted(path for path in source.rglob("*") if path.is_file())
    else:
        paths = [source / name for name in order]
    return [(str(p.relative_to(source.parent)), p.stat().st_size) for p in paths]


def infohashes(torrent: bytes) -> tuple[str | None, str | None]:
    """The (v1, v2) infohashes in lower-case hex, not by libtorrent's parser."""
    info = lt.bdecode(torrent)[b"info"]
    raw = bytes(lt.bencode(info))
    v1 = hashlib.sha1(raw).hexdigest() if b"pieces" in info else None
    v2 = hashlib.sha256(raw).hexdigest() if info.get(b"meta version") == 2 else None
    return v1, v2


def magnet_of(
    torrent: bytes, trackers: Iterable[str] = (), peers: Iterable[Address] = ()
) -> str:
    """A magnet link; `peers` become `x.pe`."""
    v1, v2 = infohashes(torrent)
    parts = []
    if v1:
        parts.append(f"xt=urn:btih:{v1}")
    if v2:
        parts.append(f"xt=urn:btmh:1220{v2}")
    name = lt.bdecode(torrent)[b"info"][b"name"]
    parts.append(f"dn={quote(name, safe='')}")
    parts += [f"tr={quote(url, safe='')}" for url in trackers]
    parts += [f"x.pe={host}:{port}" for host, port in peers]
    return "magnet:?" + "&".join(parts)
