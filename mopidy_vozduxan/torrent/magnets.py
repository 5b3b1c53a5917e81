"""What a magnet URI says, by its syntax alone: pure, and as libtorrent reads it.

Nothing here calls libtorrent. libtorrent (2.0.8 to 2.1.1) accepts everything that is
accepted here, so that a bad link is refused before anybody waits for its swarm.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.torrent.metainfo import MAX_FILES

MAX_MAGNET_CHARS = 64 * 1024
MAX_FIELDS = 1000

_V1, _V2 = "urn:btih:", "urn:btmh:"
_V1_HASH = re.compile("([0-9a-f]{40})|([a-z2-7]{32})", re.IGNORECASE)
_V2_HASH = re.compile("1220([0-9a-f]{64})", re.IGNORECASE)  # SHA-256, 32 bytes
# A link copied from a page's source; no field follows an "&amp;" inside a name.
_HTML_AND = re.compile(
    r"&(?:(?:amp|#0*38|#x0*26);)+"
    r"(?=(?:xt|dn|tr|xl|ws|x\.pe|so|as|xs|kt|mt)(?:\.[0-9]+)?=)",
    re.IGNORECASE,
)
# libtorrent takes a field without "=" as the beginning of the next one's name.
_FIELD = re.compile("([^=]*)=([^&]*)&?")
# Some clients list two topics as "xt.1=" and "xt.2=".
_TOPIC = re.compile(r"xt(?:\.[0-9]+)?")
_BROKEN_ESCAPE = re.compile("%(?![0-9a-fA-F]{2})")
_SELECTED = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?")
_SIZE = re.compile("[0-9]{1,15}")
_PEER = re.compile(r"\[?([0-9a-fA-F.:]+?)\]?:([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Magnet:
    """What a magnet URI says.

    ``uri`` is the link without HTML escapes. ``name`` is in an unknown encoding.
    ``files`` are the indexes that ``so=`` selects (BEP 53), ``None`` for all of them;
    ``size`` is ``xl=``, the torrent's size in bytes, if it is given. ``peers`` are
    addresses and ports.
    """

    uri: str
    infohash: str
    name: bytes
    files: tuple[int, ...] | None
    size: int | None
    peers: tuple[tuple[str, int], ...]


def parse_magnet(text: str) -> Magnet:
    """Return what a magnet URI says.

    Raises :class:`BadInput` when it is malformed or names no torrent.
    """
    if len(text) > MAX_MAGNET_CHARS:
        raise BadInput("The magnet link is longer than any we accept")
    uri = _HTML_AND.sub("&", text)
    fields = _fields(uri)
    size = b"".join(_values(fields, "xl")[:1]).decode("latin-1")
    return Magnet(
        uri,
        _infohash(value for name, value in fields if _TOPIC.fullmatch(name)),
        b"".join(_values(fields, "dn")[:1]),
        _selected(b",".join(_values(fields, "so")).decode("latin-1")),
        int(size) if _SIZE.fullmatch(size) else None,
        tuple(dict.fromkeys(_peers(_values(fields, "x.pe")))),
    )


def _fields(uri: str) -> list[tuple[str, str]]:
    """Return the non-empty fields, in order."""
    if uri[:8].lower() != "magnet:?":
        raise BadInput("This is not a magnet link")
    query = uri[8:]
    if query.count("&") >= MAX_FIELDS:
        raise BadInput("The magnet link has too many fields")
    try:
        query.encode()
    except UnicodeEncodeError as exc:
        raise BadInput("The magnet link is malformed: it is no text") from exc
    return [(name, value) for name, value in _FIELD.findall(query) if value]


def _values(fields: Iterable[tuple[str, str]], name: str) -> list[bytes]:
    return [_unescaped(value) for field, value in fields if field == name]


def _unescaped(value: str) -> bytes:
    return unquote_to_bytes(value.replace("+", " "))


def _infohash(topics: Iterable[str]) -> str:
    """Return the infohash that names the swarm: v1 if there is one, else v2."""
    v1 = v2 = ""
    for topic in topics:
        if _BROKEN_ESCAPE.search(topic):
            raise BadInput("The magnet link is malformed: invalid escaped string")
        text = _unescaped(topic).decode("utf-8", "replace")
        if text.startswith(_V1):
            v1 = _read_v1(text.removeprefix(_V1))
        elif text.startswith(_V2):
            v2 = _read_v2(text.removeprefix(_V2))
    # Zeros mean no hash (libtorrent).
    infohash = v1 if v1.strip("0") else v2
    if not infohash.strip("0"):
        raise BadInput("The magnet link names no BitTorrent info-hash")
    return infohash


def _read_v1(text: str) -> str:
    # libtorrent 2.0.8 reads a hash that is not hexadecimal as zeros.
    match = _V1_HASH.fullmatch(text)
    if match is None:
        raise BadInput("The magnet link is malformed: invalid info-hash")
    in_hex, in_base32 = match.groups()
    return in_hex.lower() if in_hex else base64.b32decode(in_base32, True).hex()


def _read_v2(text: str) -> str:
    match = _V2_HASH.fullmatch(text)
    if match is None:
        raise BadInput("The magnet link is malformed: invalid info-hash")
    return match[1].lower()


def _selected(text: str) -> tuple[int, ...] | None:
    """Return the file indexes in BEP 53's ``0,2,4-7``; None if none is valid.

    libtorrent reads them only if the commas are not escaped.
    """
    indexes: set[int] = set()
    for match in map(_SELECTED.fullmatch, text.split(",")):
        if match:
            last = int(match[2] or match[1])
            indexes.update(range(int(match[1]), min(last + 1, MAX_FILES)))
    return tuple(sorted(indexes)) or None


def _peers(values: Iterable[bytes]) -> Iterator[tuple[str, int]]:
    for value in values:
        match = _PEER.fullmatch(value.decode("latin-1"))
        try:
            if match and 0 < int(match[2]) < 65536:
                yield str(ipaddress.ip_address(match[1])), int(match[2])
        except ValueError:  # a host name, which libtorrent does not resolve either
            continue
