"""Which torrent a listener's text means: an infohash, or a prefix of one."""

from __future__ import annotations

import re

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.exceptions import BadInput, NoSuchTorrent
from mopidy_vozduxan.torrent.uris import AddUri, magnet_of

_HEX = re.compile(r"[0-9a-f]{1,64}")
_HASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}|[a-z2-7]{32}")
_URI = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def is_beginning(text: str) -> bool:
    """Return whether a text is neither a URI nor a whole infohash."""
    return not _URI.match(text) and not _HASH.fullmatch(text.lower())


def is_hex(text: str) -> bool:
    """Return whether a lower-case text may be a prefix of an infohash."""
    return _HEX.fullmatch(text) is not None


def find(catalog: Catalog, disk: DiskStore, start: str) -> str:
    """Return the torrent with that infohash, or unambiguous prefix of one; blocks.

    Raises :class:`BadInput`, :class:`NoSuchTorrent`.
    """
    start = start.lower()
    if not is_hex(start):
        raise BadInput(f"This is not an infohash: {start[:80]!r}.")
    known = set(catalog.torrents.names_like(start))
    known |= {
        catalog.torrents.name_of(name)
        for name in disk.infohashes()
        if name.startswith(start)
    }
    if not known:
        raise NoSuchTorrent(f"There is no torrent {start}.")
    if len(known) > 1:
        raise BadInput(f"More than one torrent's infohash starts with {start}.")
    return known.pop()


def link_of(text: str) -> str:
    """Return the magnet link for a bare infohash; return other text unchanged."""
    text = text.strip()
    if _HASH.fullmatch(text.lower()):
        return magnet_of(text.lower())
    if text.lower().startswith(("http://", "https://")):
        return str(AddUri(text))
    return text
