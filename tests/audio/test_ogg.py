"""The length of an Ogg file by its pages: whole, chained, or cut out of a stream."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mopidy_vozduxan.audio.answering import answered_by
from mopidy_vozduxan.audio.ogg import measured
from mopidy_vozduxan.audio.ogg_pages import opus_samples
from tests.audio.looking import looked

CASES = Path(__file__).with_name("cases")
VORBIS = b"\1vorbis" + struct.pack("<IBI", 0, 2, 44_100) + bytes(13)
OPUS = b"OpusHead" + struct.pack("<BBHI", 1, 2, 312, 44_100) + bytes(3)
SPEEX = b"Speex   " + bytes(28) + struct.pack("<I", 16_000) + bytes(40)
FLAC = b"\x7fFLAC\1\0\0\1fLaC\0\0\0\x22" + bytes(10) + struct.pack(">I", 96_000 << 12)
FIRST = 2


def page(count: int, body: bytes = b"", stream: int = 7, kind: int = 0) -> bytes:
    header = struct.pack("<4sBBqIII", b"OggS", 0, kind, count, stream, 0, 0)
    lacing = bytes([255] * (len(body) // 255) + [len(body) % 255])
    return header + bytes([len(lacing)]) + lacing + body


def stream(packet: bytes, *counts: int, stream: int = 7, body: int = 100) -> bytes:
    """A stream with a page of noise for each count."""
    noise = random.Random(stream).randbytes(body)
    first = page(0, packet, stream, FIRST) + page(0, b"comments", stream)
    return first + b"".join(page(count, noise, stream) for count in counts)


def length_ms(data: bytes) -> int | None:
    return answered_by(data, measured(0, len(data)))


@pytest.mark.parametrize(
    ("packet", "count"),
    [
        (VORBIS, 44_100 * 90),
        (OPUS, 48_000 * 90 + 312),
        (SPEEX, 16_000 * 90),
        (FLAC, 96_000 * 90),
    ],
)
def test_the_last_page_counts(packet: bytes, count: int) -> None:
    data = stream(packet, 4000, 8000) + bytes(100_000) + page(count - 4000)
    assert length_ms(data + page(count, kind=4)) == 90_000


def test_a_page_on_which_no_packet_ends_does_not_count() -> None:
    assert length_ms(stream(VORBIS, 44_100, -1) + b"OggS") == 1000


@pytest.mark.parametrize("body", [100, 4000])
def test_the_links_of_a_chain_follow_each_other(body: int) -> None:
    counts = [n * 4410 for n in range(1, 101)]
    links = [stream(VORBIS, *counts, stream=n, body=body) for n in (1, 2, 3)]
    assert length_ms(b"".join(links)) == 30_000


def test_what_was_cut_out_of_a_live_stream_does_not_start_at_nothing() -> None:
    hours = 36_000 * 44_100
    counts = [hours + n * 4410 for n in range(1, 101)]
    assert abs((length_ms(stream(VORBIS, *counts)) or 0) - 10_000) <= 100


def test_pictures_beside_the_sound_do_not_make_a_chain() -> None:
    firsts = page(0, b"\x80theora", 8, FIRST) + page(0, VORBIS, 7, FIRST)
    sound = page(44_100, b"x", 7) + page(88_200, b"x", 7)
    assert length_ms(firsts + sound + page(50, b"x", 8)) == 2000


@pytest.mark.parametrize(
    ("name", "seconds"), [("chained-vorbis", 22), ("live-cut", 10)]
)
def test_real_files(name: str, seconds: int) -> None:
    data = (CASES / f"{name}.ogg").read_bytes()
    assert abs((length_ms(data) or 0) - seconds * 1000) < 100


@pytest.mark.parametrize(
    ("packet", "samples"),
    [
        (b"", 0),
        (bytes([1 << 3]), 960),
        (bytes([13 << 3 | 1]), 1920),
        (bytes([31 << 3 | 2]), 1920),
        (bytes([31 << 3 | 3, 5]), 4800),
        (bytes([31 << 3 | 3]), 0),
    ],
)
def test_an_opus_packet_says_how_long_it_is(packet: bytes, samples: int) -> None:
    assert opus_samples(packet) == samples


@pytest.mark.parametrize(
    "data",
    [
        stream(b"\x80theora", 44_100),
        stream(VORBIS.replace(struct.pack("<I", 44_100), bytes(4)), 1),
        b"no page",
        b"",
    ],
)
def test_what_is_not_certain_is_not_said(data: bytes) -> None:
    assert length_ms(data) is None


@given(
    st.binary(max_size=80).map(lambda junk: page(0, VORBIS)[: len(junk)] + junk),
    st.binary(max_size=80).map(lambda junk: page(5)[: len(junk)] + junk),
)
def test_no_bytes_break_it(beginning: bytes, end: bytes) -> None:
    length_ms(beginning + end)


def test_no_damage_makes_it_look_for_ever() -> None:
    counts = [n * 4410 for n in range(1, 300)]
    whole = b"".join(stream(VORBIS, *counts, stream=n, body=900) for n in range(3))
    rng = random.Random(1)
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 30, 1000))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        assert looked(bytes(data), measured(0, len(data))).looks < 500
