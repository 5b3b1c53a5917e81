"""Torrents from before UTF-8: their names are read, all else stays as it is."""

from __future__ import annotations

import unicodedata

import libtorrent as lt
import pytest

from mopidy_vozduxan.audio.formats import is_playable
from mopidy_vozduxan.catalog.named_tracks import named_folders
from mopidy_vozduxan.engine.parsing import metainfo_of, read_torrent

RUSSIAN = ["Кино - Группа крови (1988)", "CD 1/01 - Группа крови.mp3", "Обложка.jpg"]
JAPANESE = [
    "椎名林檎 - 無罪モラトリアム",
    "01 正しい街.mp3",
    "ソ/02 歌舞伎町の女王.mp3",
]
CHINESE = ["周杰伦 - 叶惠美 [FLAC]", "01 以父之名.flac", "02 懦夫.flac"]
KOREAN = ["서태지와 아이들 - 난 알아요", "01 난 알아요.mp3", "02 환상 속의 그대.mp3"]
FRENCH = ["Édith Piaf - Où es-tu", "01 Là-bas.mp3", "À suivre/02 Ça ira.mp3"]
CASES = [
    (RUSSIAN, "cp1251"),
    (RUSSIAN, "koi8-r"),
    (JAPANESE, "cp932"),
    (JAPANESE, "euc_jp"),
    (CHINESE, "gbk"),
    (KOREAN, "cp949"),
    (FRENCH, "cp1252"),
]


def torrent(
    name: bytes, paths: list[bytes], claims: dict[bytes, object] | None = None
) -> bytes:
    """Return a v1 torrent with these very bytes as names; file n has n bytes."""
    files = [
        {b"length": size, b"path": path.split(b"/")}
        for size, path in enumerate(paths, start=1)
    ]
    info = {b"name": name, b"piece length": 16384, b"pieces": b"h" * 20}
    return lt.bencode({b"info": info | {b"files": files}, **(claims or {})})


def in_encoding(
    names: list[str], codec: str, claims: dict[bytes, object] | None = None
) -> bytes:
    name, *paths = [
        b"/".join(part.encode(codec) for part in text.split("/")) for text in names
    ]
    return torrent(name, paths, claims)


def shown(data: bytes) -> list[str]:
    metainfo = read_torrent(data)
    root = metainfo.name + "/"
    assert all(file.path.startswith(root) for file in metainfo.files)
    return [metainfo.name, *(f.path.removeprefix(root) for f in metainfo.files)]


@pytest.mark.parametrize(("names", "encoding"), CASES)
def test_old_names_are_readable(names, encoding):
    assert shown(in_encoding(names, encoding)) == names


def test_they_change_nothing_else():
    old = read_torrent(in_encoding(RUSSIAN, "cp1251"))
    new = read_torrent(in_encoding(RUSSIAN, "utf-8"))
    assert [(f.index, f.offset, f.size, f.path) for f in old.files] == [
        (f.index, f.offset, f.size, f.path) for f in new.files
    ]
    assert [is_playable(f) for f in old.files] == [True, False]


def test_they_are_readable_in_metadata_from_peers_too():
    params = lt.load_torrent_buffer(in_encoding(RUSSIAN, "cp1251"))
    assert metainfo_of(params.ti).name == RUSSIAN[0]


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({}, "ÄÄÒ"),
        ({b"encoding": b"windows-1251"}, "ДДТ"),
        ({b"codepage": 1251}, "ДДТ"),
        ({b"encoding": b"UTF-8"}, "ÄÄÒ"),
        ({b"encoding": [b"x"]}, "ÄÄÒ"),
        ({b"codepage": -1}, "ÄÄÒ"),
    ],
)
def test_what_a_torrent_claims_helps(claims, name):
    assert shown(in_encoding(["ДДТ", "1.mp3"], "cp1251", claims))[0] == name


def test_names_in_utf8_beside_them_are_taken():
    old, new = "Кино".encode("cp1251"), "Кино".encode()
    file = {b"length": 1, b"path": [old], b"path.utf-8": [new]}
    info = {b"piece length": 16384, b"pieces": b"h" * 20, b"files": [file]}
    data = lt.bencode({b"info": info | {b"name": old, b"name.utf-8": new}})
    assert shown(data) == ["Кино", "Кино"]


def test_a_single_file_keeps_its_ending():
    info = {b"name": "Кино - Группа крови.mp3".encode("cp1251"), b"length": 1}
    data = lt.bencode({b"info": info | {b"piece length": 16384, b"pieces": b"h" * 20}})
    metainfo = read_torrent(data)
    assert metainfo.name == metainfo.files[0].path == "Кино - Группа крови.mp3"


def test_folders_stay_apart_whatever_they_are_called():
    data = torrent(b"x", [b"CD\x81/1.mp3", b"CD\x8d/1.mp3", b"CD\x81/2.mp3"])
    one, other, again = (f.path.split("/")[1] for f in read_torrent(data).files)
    assert one == again != other


@pytest.mark.parametrize(
    "name", [b"\xc0/etc", b"\xff\\x", b"\xe9\x00", b"\xed\xa0\x80"]
)
def test_hostile_bytes_stay_one_harmless_name(name):
    paths = [b"/".join([b"..", b".", b"\xe9"]), b"/".join([b"", b"\xe8"]), b"\xe7"]
    for text in shown(torrent(name, paths)):
        assert not set(text.encode()) & {0, ord("\\")}
        assert not {"", ".", ".."} & set(text.split("/"))
    assert "/" not in read_torrent(torrent(name, paths)).name


def test_a_name_without_end_keeps_its_ending():
    (file,) = read_torrent(torrent(b"x", [b"\xe9" * 5000 + b".mp3"])).files
    assert is_playable(file)
    assert len(file.path) < 300


def test_decomposed_names_are_shown_composed():
    names = [unicodedata.normalize("NFD", name) for name in ("Café", "01 Été.mp3")]
    (folder,) = named_folders(read_torrent(in_encoding(names, "utf-8")))
    assert folder.album.album == "Café"
    assert folder.tracks[0][1].title == "Été"
