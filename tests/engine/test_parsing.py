"""What is read from torrents and magnets, and what is refused."""

from __future__ import annotations

from pathlib import Path

import libtorrent as lt
import pytest

from mopidy_vozduxan.engine.parsing import (
    MAX_PARSED_BYTES,
    params_of_magnet,
    read_torrent,
    read_with_magnet,
)
from mopidy_vozduxan.exceptions import BadInput
from tests.engine.conftest import make_album

V1 = "0123456789abcdef0123456789abcdef01234567"
V2 = "0123456789abcdef" * 4
SIZES = [100_000, 50_001, 16_384]


def info(**fields: object) -> bytes:
    """Return a torrent of one file with some fields replaced."""
    base = {"name": b"a", "piece length": 16384, "length": 10, "pieces": b"h" * 20}
    merged = {**base, **{k.replace("_", " "): v for k, v in fields.items()}}
    return lt.bencode(
        {b"info": {k.encode(): v for k, v in merged.items() if v is not None}}
    )


@pytest.mark.parametrize("version", ["v1", "hybrid", "v2"])
def test_files_lie_where_the_torrent_says(tmp_path: Path, version: str) -> None:
    album = make_album(tmp_path, SIZES, version=version)
    metainfo = read_torrent(album.torrent)
    real = [f for f in metainfo.files if not f.padding]
    assert [f.size for f in real] == SIZES
    for file in real:
        on_disk = (tmp_path / file.path).read_bytes()
        assert album.content[file.offset : file.offset + file.size] == on_disk
    assert metainfo.piece_count == album.piece_count == album.info.num_pieces()
    assert metainfo.infohash == album.infohash
    assert len(metainfo.infohash) == (64 if version == "v2" else 40)


@pytest.mark.parametrize("version", ["hybrid", "v2"])
def test_padding_is_flagged_and_counted(tmp_path: Path, version: str) -> None:
    metainfo = read_torrent(make_album(tmp_path, SIZES, version=version).torrent)
    assert any(f.padding for f in metainfo.files)
    assert [f.index for f in metainfo.files] == list(range(len(metainfo.files)))
    assert sum(f.size for f in metainfo.files) == metainfo.size
    assert all(f.offset % 16384 == 0 for f in metainfo.files if not f.padding)


def test_paths_start_with_the_root_folder(tmp_path: Path) -> None:
    metainfo = read_torrent(make_album(tmp_path, SIZES).torrent)
    assert metainfo.name == "album"
    assert metainfo.files[0].path == "album/01 track.bin"


def test_a_private_torrent_says_so() -> None:
    assert read_torrent(info(private=1)).private
    assert not read_torrent(info()).private


@pytest.mark.parametrize(
    "name", [b"caf\xe9", b"\xff\xfe", b"a\x00b", b"\xed\xa0\x80x", b"../../etc", b""]
)
def test_hostile_names_come_out_as_printable_text(name: bytes) -> None:
    files = [{b"length": 10, b"path": [b"..", name]}]
    metainfo = read_torrent(info(name=name, length=None, files=files))
    for text in [metainfo.name, *(f.path for f in metainfo.files)]:
        text.encode("utf-8")
        assert "\x00" not in text
        assert ".." not in text.split("/")
        assert not text.startswith("/")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a torrent",
        b"<html>404</html>",
        b"de",
        b"d4:infodee",
        b"l" * 10_000 + b"e" * 10_000,
        b"d4:info" + b"9" * 50 + b":",
        info()[:-10],
        info(length=2**62),
        info(length=-5),
        info(length=0, pieces=b""),
        info(piece_length=0),
        info(piece_length=-16384),
        info(piece_length=2**40),
        info(length=2**40, pieces=b""),
        info(length=16384 * 600_000, pieces=b"h" * 20 * 600_000),
        info(pieces=b"h" * 40),
        b"d" + b" " * MAX_PARSED_BYTES + b"e",
    ],
    ids=lambda data: f"{data[:24]!r}",
)
def test_what_is_not_a_sane_torrent_is_bad_input(data: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        read_torrent(data)
    assert 10 < len(str(caught.value)) < 200
    assert "libtorrent" not in str(caught.value)


def test_a_source_keeps_the_bytes_and_the_name(tmp_path: Path) -> None:
    album = make_album(tmp_path, SIZES)
    source, _ = read_with_magnet(album.torrent)
    assert (source.infohash, source.torrent) == (album.infohash, album.torrent)
    assert source.display_name == "album"


MAGNET = f"magnet:?xt=urn:btih:{V1}"


def test_all_that_helps_to_find_peers_is_read():
    params = params_of_magnet(
        MAGNET
        + "&tr=udp%3A%2F%2Fone%3A1&tr.1=http://two/announce&ws=http%3A%2F%2Fweb%2Fa%2520b"
        + "&x.pe=127.0.0.2:1&x.pe=127.0.0.3%3A2&x.pe=%5B::1%5D:3&x.pe=[::2]:4"
        + "&x.pe=127.0.0.2:1&x.pe=name.example:5&x.pe=127.0.0.4:70000&x.pe=&x.pe=::1"
    )
    assert params.trackers == ["udp://one:1", "http://two/announce"]
    assert params.url_seeds == ["http://web/a%20b"]
    assert sorted(params.peers) == [
        *[("127.0.0.2", 1), ("127.0.0.3", 2), ("::1", 3), ("::2", 4)]
    ]


@pytest.mark.parametrize("sign", ["&amp;", "&AMP;", "&#38;", "&#x26;", "&amp;amp;"])
def test_a_magnet_may_be_copied_out_of_a_pages_source(sign):
    plain = (
        f"{MAGNET}&dn=Kino%20-%20Noch&tr=http%3A%2F%2Fa.b%2Fannounce&tr.2=udp://c.d:1"
        "&ws=http://e.f/&x.pe=127.0.0.1:5&so=2&xl=7"
    )
    params = params_of_magnet(plain.replace("&", sign))
    assert params.trackers == params_of_magnet(plain).trackers
    assert params.peers == [("127.0.0.1", 5)]
