"""Tags at a file's end: where they are, and how they are shown to a scanner."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from mopidy_vozduxan.audio.aiff import late_tags as aiff_tags
from mopidy_vozduxan.audio.answering import answered_by
from mopidy_vozduxan.audio.end_tags import find_end_tags
from mopidy_vozduxan.audio.wave import late_tags as wave_tags
from mopidy_vozduxan.planning.spans import Span
from tests.rig.containers import aiff

ID3V1 = b"TAG" + bytes(125)
CASES = Path(__file__).with_name("cases")


def ape(length: int, *, header: bool = True) -> bytes:
    body = bytes(length)
    numbers = struct.pack("<4I8x", 2000, length + 32, 1, 0x8000_0000 * header)
    footer = b"APETAGEX" + numbers
    return (footer if header else b"") + body + footer


def found(data: bytes, start: int = 0) -> Span:
    return answered_by(data, find_end_tags(start, len(data)))


@pytest.mark.parametrize(
    "tags",
    [
        b"",
        ID3V1,
        ape(100),
        ape(300_000),
        ape(100, header=False),
        ape(300_000) + ID3V1,
    ],
    ids=len,
)
def test_the_tags_at_the_end_are_found_whatever_their_size(tags: bytes) -> None:
    sound = bytes(1000)
    assert found(sound + tags) == Span(1000, 1000 + len(tags))


def test_a_real_one() -> None:
    data = (CASES / "apev2-200kB-cover.mp3").read_bytes()
    assert data[found(data).start :].startswith(b"APETAGEX")


@pytest.mark.parametrize("size", [0, 31, 1 << 31, 0xFFFFFFFF, 2000])
def test_a_tag_that_lies_about_its_size_is_none(size: int) -> None:
    data = bytes(500) + b"APETAGEX" + struct.pack("<4I8x", 2000, size, 1, 0)
    assert not found(data)


def id3() -> bytes:
    frame = b"TIT2" + struct.pack(">I2x", 5) + b"\0Tail"
    return b"ID3\3\0\0\0\0\0" + bytes([len(frame)]) + frame


def test_a_tag_behind_the_samples_is_shown_in_front_of_silence() -> None:
    tag = id3() + bytes(len(id3()) % 2)
    riff = b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 2, 44100, 4, 4, 16)
    riff += b"data" + struct.pack("<I", 400) + bytes(400)
    info = b"LIST" + struct.pack("<I", 14) + b"INFOINAM" + struct.pack("<I", 2) + b"x\0"
    both = riff + info + b"id3 " + struct.pack("<I", len(tag)) + tag
    shown = answered_by(both, wave_tags(0, len(both)))
    assert shown.startswith(id3() + b"RIFF")
    assert b"INFOINAM" in shown
    assert len(shown) < 5000
    assert answered_by(riff, wave_tags(0, len(riff))) == b""

    form = aiff(bytes(400)) + b"ID3 " + struct.pack(">I", len(tag)) + tag
    assert answered_by(form, aiff_tags(0, len(form))).startswith(id3())
    assert answered_by(aiff(bytes(400)), aiff_tags(0, 500)) == b""


def test_no_damage_breaks_it() -> None:
    rng = random.Random(2)
    tag = id3()
    form = aiff(bytes(40)) + b"ID3 " + struct.pack(">I", len(tag)) + tag
    for whole in (ape(300) + ID3V1, form):
        for _ in range(1000):
            data = bytearray(whole)
            for _ in range(rng.choice((1, 8, 100))):
                data[rng.randrange(len(data))] = rng.randrange(256)
            data = data[: rng.randrange(len(data))]
            found(bytes(data))
            answered_by(bytes(data), aiff_tags(0, len(data)))
            answered_by(bytes(data), wave_tags(0, len(data)))
