"""What may be named on the command line."""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path

import pytest

from mopidy_vozduxan.cli import named_torrents
from mopidy_vozduxan.cli.named_torrents import NamedTorrent
from mopidy_vozduxan.exceptions import BadInput
from tests.torrent_files import multi_file

MAGNET = f"magnet:?xt=urn:btih:{'ab' * 20}"


def given_on_stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.mark.parametrize(
    "text",
    [
        MAGNET,
        MAGNET + "&dn=" + "x" * 5000,
        "ab" * 20,
        "abab",
        "https://example.com/album.torrent",
        "HTTP://example.com/album.torrent",
        "vozduxan:add:https%3A%2F%2Fexample.com%2Falbum.torrent",
    ],
)
def test_links_are_passed_on(text: str) -> None:
    assert named_torrents.read(text).arguments == {"source": text}


@pytest.mark.parametrize("name", ["album.torrent", "Album.TORRENT", "no ending"])
def test_files_are_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"d1:ae")
    read = named_torrents.read(str(tmp_path / name))
    assert read.arguments == {"torrentFileB64": base64.b64encode(b"d1:ae").decode()}


def test_a_torrent_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        named_torrents.read(str(tmp_path / "missing.torrent"))


def test_standard_input_has_a_link_in_each_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given_on_stdin(monkeypatch, f"\n {MAGNET} \r\nabab\n\n".encode())
    assert list(named_torrents.named(["1", "-", "2"])) == ["1", MAGNET, "abab", "2"]


def test_standard_input_may_be_a_torrent_file(monkeypatch: pytest.MonkeyPatch) -> None:
    torrent = multi_file("Album", {"a.flac": b"1"})
    given_on_stdin(monkeypatch, torrent)
    assert list(named_torrents.named(["-"])) == [
        NamedTorrent("standard input", torrent)
    ]
