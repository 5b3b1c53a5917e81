"""Magnet links as listeners know them: the torrent, by a readable name: pure."""

from __future__ import annotations

from dataclasses import dataclass

from mopidy_vozduxan.naming.encodings import decoded
from mopidy_vozduxan.naming.names import printable
from mopidy_vozduxan.torrent.magnets import parse_magnet
from mopidy_vozduxan.torrent.metainfo import TorrentSource


@dataclass(frozen=True, slots=True)
class MagnetLink:
    """What a magnet link names; ``files`` and ``size`` as in :class:`Magnet`."""

    source: TorrentSource
    files: tuple[int, ...] | None
    size: int | None


def read_link(uri: str) -> MagnetLink:
    """Return what a magnet link names.

    Raises :class:`BadInput` when it is malformed or names no torrent.
    """
    magnet = parse_magnet(uri)
    name = printable(decoded(magnet.name)) or None
    source = TorrentSource(magnet.infohash, None, magnet.uri, name)
    return MagnetLink(source, magnet.files, magnet.size)


def read_magnet(uri: str) -> TorrentSource:
    """Return the source that a magnet link is; raises as :func:`read_link` does."""
    return read_link(uri).source
