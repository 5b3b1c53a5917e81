from __future__ import annotations

import pytest

from mopidy_vozduxan.audio.formats import (
    BY_EXTENSION,
    content_type,
    estimated_length_ms,
    is_audio,
    is_playable,
    stem,
)
from mopidy_vozduxan.torrent.metainfo import TorrentFile


@pytest.mark.parametrize(
    "path", ["a/01.flac", "A.FLAC", "x.Mp3", "a.b/c.opus", "…/песня.m4a"]
)
def test_audio_is_known_by_its_extension(path):
    assert is_audio(path)


@pytest.mark.parametrize(
    "path",
    [
        "a/cover.jpg",
        "flac",
        ".mp3",
        "a/.flac",
        "x.mp3/readme",
        "a/._01 - x.mp3",
        "__MACOSX/a/01.mp3",
        "video.srt",
        "01.mp3.part",
        "",
    ],
)
def test_junk_is_not_audio(path):
    assert not is_audio(path)


def test_padding_and_empty_files_are_no_tracks():
    assert is_playable(TorrentFile(0, "a/b.mp3", 0, 1))
    assert not is_playable(TorrentFile(0, "a/b.mp3", 0, 0))
    assert not is_playable(TorrentFile(0, "a/b.mp3", 0, 1, padding=True))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.flac", "audio/flac"),
        ("a.mp3", "audio/mpeg"),
        ("a.opus", "audio/ogg"),
        ("a/cover.JPG", "image/jpeg"),
        ("booklet.txt", "text/plain"),
        ("unknown.zzz", "application/octet-stream"),
        ("none", "application/octet-stream"),
    ],
)
def test_content_types(path, expected):
    assert content_type(path) == expected


@pytest.mark.parametrize("name", ["x.html", "x.svg", "x.js", "x.xml", "x.xhtml"])
def test_nothing_that_a_browser_would_run_gets_its_type(name):
    assert content_type(name) == "application/octet-stream"


def test_a_wav_from_a_cd_has_its_exact_length():
    minute = 60 * 44_100 * 4
    assert estimated_length_ms("a.wav", minute) == pytest.approx(60_000, rel=0.001)


@pytest.mark.parametrize(
    ("name", "usual_kbps"), [("a.flac", 900), ("a.mp3", 320), ("a.opus", 128)]
)
def test_usual_files_are_thought_longer_than_they_are(name, usual_kbps):
    real_ms = 240_000
    size = real_ms * usual_kbps // 8
    assert real_ms < estimated_length_ms(name, size) < 2 * real_ms


def test_every_audio_file_has_a_length_and_others_have_none():
    assert all(estimated_length_ms(f"x.{ending}", 1) for ending in BY_EXTENSION)
    assert estimated_length_ms("x.jpg", 1000) is None


def test_only_audio_extensions_are_cut_off():
    assert stem("a/01. Mr. X.flac") == "01. Mr. X"
    assert stem("a/Vol. 2") == "Vol. 2"
