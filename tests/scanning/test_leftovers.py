"""What GStreamer leaves out of tags is taken from their bytes."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import pytest
from mutagen.id3 import ID3, TDRC, TIT2, TYER

from mopidy_vozduxan.scanning.gst_tags import tags_of
from mopidy_vozduxan.scanning.leftovers import completed
from mopidy_vozduxan.torrent.tags import VARIOUS_ARTISTS


def id3(*frames: object, version: int = 4) -> bytes:
    tag, file = ID3(), io.BytesIO()
    for frame in frames:
        tag.add(frame)
    tag.save(file, v2_version=version)
    return file.getvalue()


def comment(text: str) -> bytes:
    return b"fLaC..." + len(text).to_bytes(4, "little") + text.encode() + b"\1\0\0\0"


WRITTEN: list[Callable[[str], bytes]] = [
    lambda text: id3(TIT2(0, ["x"]), TDRC(3, [text])),
    lambda text: id3(TDRC(1, [text])),
    lambda text: id3(TYER(0, [text]), version=3),
    lambda text: comment(f"DATE={text}"),
    lambda text: comment(f"date={text}"),
]


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("text", ["2003-02-31", "2003-13-01"])
def test_a_year_survives_an_impossible_date(
    written: Callable[[str], bytes], text: str
) -> None:
    assert completed({}, written(text))["datetime"] == ["2003"]


@pytest.mark.parametrize("text", ["31/12/2003", "03.05.2003"])
def test_a_year_may_come_last(text: str) -> None:
    assert completed({}, comment(f"DATE={text}"))["datetime"] == ["2003"]
    wrong = {"datetime": ["0031-12-20"]}
    assert completed(wrong, comment(f"DATE={text}"))["datetime"] == ["2003"]


@pytest.mark.parametrize("text", ["", "soon", "99", "12345678", "x" * 100 + "2003"])
def test_what_is_no_year_is_not_said(text: str) -> None:
    assert completed({}, comment(f"DATE={text}")) == {}
    assert completed({}, comment(f"UPDATES={text}2003")) == {}


def test_a_date_that_was_understood_stays() -> None:
    tags = {"datetime": ["1999-05"]}
    assert completed(tags, comment("DATE=2003-02-31")) == tags


def test_a_compilation_without_album_artist_is_by_various_artists() -> None:
    frame = b"TCMP\0\0\0\2\0\0\0001"
    marked = completed({"private-id3v2-frame": [frame]}, b"")
    for tags in (marked, {"extended-comment": ["compilation=1"]}):
        assert tags_of(tags, None).albumartists == (VARIOUS_ARTISTS,)
        named = {**tags, "album-artist": ["DJ"]}
        assert tags_of(named, None).albumartists == ("DJ",)
    unmarked = completed({"private-id3v2-frame": [frame[:-1] + b"0"]}, b"")
    assert tags_of(unmarked, None).albumartists == ()


def test_no_bytes_break_it() -> None:
    rng = random.Random(7)
    whole = id3(TDRC(1, ["2003-02-31"])) + comment("DATE=2003-02-31")
    for _ in range(3000):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 5, 50))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        completed({}, bytes(data))
