"""The length of an Ogg file from its two ends."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mopidy_vozduxan.audio.ogg import ogg_length_ms

VORBIS = b"\1vorbis" + struct.pack("<IBI", 0, 2, 44_100) + bytes(13)
OPUS = b"OpusHead" + struct.pack("<BBHI", 1, 2, 312, 44_100) + bytes(3)
SPEEX = b"Speex   " + bytes(28) + struct.pack("<I", 16_000) + bytes(40)
FLAC = b"\x7fFLAC\1\0\0\1fLaC\0\0\0\x22" + bytes(10) + struct.pack(">I", 96_000 << 12)


def page(count: int, body: bytes = b"", stream: int = 7, kind: int = 0) -> bytes:
    header = struct.pack("<4sBBqIII", b"OggS", 0, kind, count, stream, 0, 0)
    return header + bytes([1, len(body)]) + body


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
    end = b"rest" + page(count - 4000) + page(count, kind=4)
    assert ogg_length_ms(page(0, packet, kind=2), end) == 90_000


def test_a_page_on_which_no_packet_ends_does_not_count() -> None:
    end = page(44_100) + page(-1) + b"OggS"
    assert ogg_length_ms(page(0, VORBIS), end) == 1000


@pytest.mark.parametrize(
    ("beginning", "end"),
    [
        (page(0, VORBIS), page(44_100, stream=8)),  # several in one file
        (page(0, VORBIS), b"no page"),
        (page(0, b"\x80theora"), page(44_100)),
        (page(0, VORBIS.replace(struct.pack("<I", 44_100), bytes(4))), page(1)),
        (b"ID3" + page(0, VORBIS), page(44_100)),
        (b"", b""),
    ],
)
def test_what_is_not_certain_is_not_said(beginning: bytes, end: bytes) -> None:
    assert ogg_length_ms(beginning, end) is None


@given(
    st.binary(max_size=80).map(lambda junk: page(0, VORBIS)[: len(junk)] + junk),
    st.binary(max_size=80).map(lambda junk: page(5)[: len(junk)] + junk),
)
def test_no_bytes_break_it(beginning: bytes, end: bytes) -> None:
    ogg_length_ms(beginning, end)
