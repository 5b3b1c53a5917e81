"""Reads torrents and magnet links from untrusted bytes.

Every input gives a value or :class:`BadInput`; nothing is fetched here.
"""

from __future__ import annotations

import re
from itertools import chain, repeat
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.costs import check_costs
from mopidy_vozduxan.engine.file_table import layout_of
from mopidy_vozduxan.engine.raw_names import readable_names
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.naming.names import printable
from mopidy_vozduxan.torrent.magnets import parse_magnet
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile, TorrentSource

#: More than ``MAX_TORRENT_BYTES``, the limit for input: metadata of that size from a
#: swarm gets trackers and v2 hashes around it, and must be readable again.
MAX_PARSED_BYTES = 32 * 1024 * 1024
#: A quarter of libtorrent's own bound: 16 KiB pieces of 8 GiB.
MAX_PIECES = 1 << 19
LIMITS: Any = {
    "max_buffer_size": MAX_PARSED_BYTES,
    "max_pieces": MAX_PIECES,
    "max_decode_depth": 50,
    "max_decode_tokens": 2_000_000,
}
MAX_PIECE_LENGTH = 128 * 1024 * 1024
#: As many as are useful. For each one that libtorrent gets, it goes through all it has
#: (50,000 trackers: 41 s, all swarms), and it asks each of them.
MOST_TRACKERS, MOST_WEB_SEEDS, MOST_NODES, MOST_PEERS = 200, 100, 100, 500

_PAD = int(lt.file_storage.flag_pad_file)


def read_torrent(data: bytes) -> Metainfo:
    """Return the metainfo in the bytes of a ``.torrent`` file.

    Raises :class:`BadInput` if they are not a torrent that we can play.
    """
    return read_with_magnet(data, None)[1]


def read_with_magnet(
    torrent: bytes, magnet: str | None = None
) -> tuple[TorrentSource, Metainfo]:
    """Return the source for a ``.torrent`` file's bytes, and its metainfo.

    A ``magnet`` is kept for its trackers and peers. Raises :class:`BadInput` as
    :func:`read_torrent` does, and if the magnet link names another torrent.
    """
    if len(torrent) <= MAX_PARSED_BYTES:
        check_costs(torrent)
    info = params_of_torrent(torrent).ti
    if magnet and not _agree(info.info_hashes(), params_of_magnet(magnet).info_hashes):
        raise BadInput("The magnet link names another torrent than the file")
    metainfo = metainfo_of(info, torrent)
    source = TorrentSource(metainfo.infohash, torrent, magnet, metainfo.name)
    return source, metainfo


def params_of_torrent(data: bytes) -> Any:
    """Return libtorrent's ``add_torrent_params`` of a ``.torrent`` file's bytes.

    :func:`read_torrent` must have accepted them before.
    """
    if len(data) > MAX_PARSED_BYTES:
        raise BadInput("The torrent file is larger than any we accept")
    try:
        params: Any = lt.load_torrent_buffer(data, LIMITS)
    except (RuntimeError, ValueError) as exc:
        raise BadInput(f"This is not a torrent file: {_reason(exc)}") from exc
    _check(params.ti)
    if len(params.dht_nodes) > MOST_NODES:
        # libtorrent 2.0 also asks the nodes in its torrent_info.
        bare = b"d4:info" + bytes(params.ti.info_section()) + b"e"
        params.ti = lt.load_torrent_buffer(bare, LIMITS).ti
    return without_surplus(params)


def params_of_magnet(uri: str) -> Any:
    """Return libtorrent's ``add_torrent_params`` of a magnet URI.

    Raises :class:`BadInput` as :func:`parse_magnet` does.
    """
    magnet = parse_magnet(uri)
    try:
        params = lt.parse_magnet_uri("magnet" + magnet.uri[len("magnet") :])
    except (RuntimeError, ValueError) as exc:
        raise BadInput(f"The magnet link is malformed: {_reason(exc)}") from exc
    # libtorrent (2.0.8, 2.1.1) reads x.pe only if its colon is not escaped.
    params.peers = list(dict.fromkeys([*params.peers, *magnet.peers]))
    return without_surplus(params)


def without_surplus(params: Any) -> Any:
    """Return the parameters with a useful number of trackers, seeds, nodes, peers."""
    if len(params.trackers) > MOST_TRACKERS:
        params.trackers = params.trackers[:MOST_TRACKERS]
        params.tracker_tiers = params.tracker_tiers[:MOST_TRACKERS]
    for field, most in (
        ("url_seeds", MOST_WEB_SEEDS),
        ("dht_nodes", MOST_NODES),
        ("peers", MOST_PEERS),
    ):
        if len(getattr(params, field)) > most:
            setattr(params, field, getattr(params, field)[:most])
    return params


def name_of(info_hashes: Any) -> str:
    """Return the infohash that names a swarm: v1 if there is one, else v2."""
    if info_hashes.has_v1():
        return str(info_hashes.v1)
    if info_hashes.has_v2():
        return str(info_hashes.v2)
    raise BadInput("The torrent has no info-hash")


def metainfo_of(info: Any, torrent: bytes | None = None) -> Metainfo:
    """Return our value for libtorrent's ``torrent_info``.

    ``torrent``, the bytes it was read from, may name the encoding of old names.
    """
    layout = layout_of(info)
    name, paths = readable_names(info, torrent) or _own_names(info, layout)
    return Metainfo(
        infohash=name_of(info.info_hashes()),
        name=printable(name),
        piece_length=info.piece_length(),
        size=info.total_size(),
        files=tuple(_file(layout, index, path) for index, path in enumerate(paths)),
        private=bool(info.priv()),
    )


def torrent_of(params: Any) -> bytes:
    """Return a ``.torrent`` file's bytes for a torrent from a magnet link.

    Piece layers (v2) are left out: libtorrent's own writer (2.0.8, 2.1.1) fails on
    missing ones, and its reader does not need them.
    """
    info = bytes(params.ti.info_section())
    fields = [b"13:announce-list" + lt.bencode(_tiers(params))]
    fields += [b"4:info" + info, b"8:url-list" + _urls(params.url_seeds)]
    return b"d" + b"".join(fields) + b"e"


def _urls(urls: Any) -> bytes:
    return lt.bencode([url.encode() for url in urls])


def _tiers(params: Any) -> list[list[bytes]]:
    tiers: dict[int, list[bytes]] = {}
    numbers = chain(params.tracker_tiers, repeat(0))
    for url, number in zip(params.trackers, numbers, strict=False):
        tiers.setdefault(number, []).append(url.encode())
    return [tiers[number] for number in sorted(tiers)]


def _own_names(info: Any, layout: Any) -> tuple[str, list[str]]:
    paths = [_path(layout, index) for index in range(layout.num_files())]
    return _text(info.name), [path.replace("\\", "/") for path in paths]


def _path(layout: Any, index: int) -> str:
    return _text(lambda: layout.file_path(index))


def _file(layout: Any, index: int, path: str) -> TorrentFile:
    return TorrentFile(
        index=index,
        path=printable(path),
        offset=layout.file_offset(index),
        size=layout.file_size(index),
        padding=bool(int(layout.file_flags(index)) & _PAD),
    )


def _check(info: Any) -> None:
    length = info.piece_length()
    if not 0 < length <= MAX_PIECE_LENGTH or info.total_size() <= 0:
        raise BadInput("The torrent's piece length or size makes no sense")
    if info.num_pieces() != -(-info.total_size() // length):
        raise BadInput("The torrent's number of pieces does not match its size")


def _agree(one: Any, other: Any) -> bool:
    v1 = one.has_v1() and other.has_v1() and one.v1 == other.v1
    return bool(v1 or (one.has_v2() and other.has_v2() and one.v2 == other.v2))


def _text(get: Any) -> str:
    try:
        return str(get())
    except UnicodeDecodeError as exc:
        return exc.object.decode("utf-8", "replace")


def _reason(exc: Exception) -> str:
    return re.sub(r"\s*\[\w+:\d+\]$", "", str(exc)) or "it cannot be read"
