"""A CUE sheet inside a file divides it, where it is the file's own."""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutagen.flac import CueSheet, CueSheetTrack, CueSheetTrackIndex

from mopidy_vozduxan.cue.embedded import read_embedded
from mopidy_vozduxan.cue.syntax import MOST_FRAMES, MOST_TRACKS
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.torrent.tags import Part, Tags
from tests.cue.test_sheet import EAC, FRAMES, places, simple

HOUR_MS = 3_600_000
TWO = simple("Image.wav", "00:00:00", "05:00:33")


def read(
    *comments: str,
    head: bytes = b"",
    path: str = "Album/Image.flac",
    length_ms: int | None = HOUR_MS,
) -> tuple[Part, ...]:
    return read_embedded(path, {"extended-comment": comments}, head, length_ms)


def blocks(*blocks: tuple[int, bytes], rate: int = 44_100) -> bytes:
    """The head of a FLAC file: STREAMINFO, these blocks, and the last one."""
    info = bytes(10) + struct.pack(">Q", rate << 44) + bytes(16)
    parts = [b"fLaC"]
    for kind, body in [(0, info), *blocks, (0x81, bytes(8))]:
        parts += [bytes((kind,)), len(body).to_bytes(3, "big"), body]
    return b"".join(parts)


def native(*starts: int, data_tracks: Sequence[int] = (), unit: int = 588) -> bytes:
    """The body of a CUESHEET block; ``starts`` are INDEX 01 in CUE frames."""
    sheet = CueSheet(None)
    for number, start in enumerate(starts, 1):
        track = CueSheetTrack(number, 0, type_=int(number in data_tracks))
        if start:
            track.start_offset = (start - 10) * unit
            track.indexes.append(CueSheetTrackIndex(0, 0))
            track.indexes.append(CueSheetTrackIndex(1, 10 * unit))
        else:
            track.indexes.append(CueSheetTrackIndex(1, 0))
        sheet.tracks.append(track)
    sheet.tracks.append(CueSheetTrack(170, 60 * 60 * 75 * unit))
    return bytes(sheet.write())


def test_a_comment_is_read_like_a_file() -> None:
    parts = read("LOG=All tracks accurately ripped", f"CUESHEET={EAC}")
    assert places(parts) == [(1, 0, FRAMES), (2, FRAMES, None)]
    assert parts[0].tags.album == "Free Jazz"


def test_flacs_own_sheet_is_read_to_the_frame() -> None:
    head = blocks((4, bytes(100)), (5, native(0, 22_533, 40_001)))
    assert places(read(head=head)) == [
        (1, 0, 22_533),
        (2, 22_533, 40_001),
        (3, 40_001, None),
    ]


def test_flacs_own_sheet_counts_samples_of_any_rate() -> None:
    head = blocks((5, native(0, 22_533, unit=1280)), rate=96_000)
    assert places(read(head=head)) == [(1, 0, 22_533), (2, 22_533, None)]


def test_a_data_track_of_flacs_own_sheet_is_no_track() -> None:
    head = blocks((5, native(0, 100, 200, data_tracks=[3])))
    assert places(read(head=head)) == [(1, 0, 100), (2, 100, 200)]


def test_the_comment_counts_before_flacs_own_sheet() -> None:
    parts = read(f"cuesheet={TWO}", head=blocks((5, native(0, 1000))))
    assert parts[1].start == (5 * 60) * 75 + 33


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"ID3\x04" + bytes(100),
        blocks((4, bytes(100))),
        blocks((6, bytes(20_000)), (5, native(0, 1000)))[:16_384],
        blocks((5, native(0, 1000)))[:200],
    ],
)
def test_without_a_sheet_in_it_a_file_stays_whole(head: bytes) -> None:
    assert read("COMMENT=none", head=head) == ()


def test_a_file_that_cannot_be_cut_stays_whole() -> None:
    assert read(f"CUESHEET={TWO}", path="Album/Image.wma") == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "junk",
        simple("Image.wav", "00:00:00"),
        simple("a.wav", "00:00:00")
        + simple("b.wav", "00:00:00").replace("TRACK 01", "TRACK 02"),
    ],
)
def test_a_sheet_that_divides_nothing_or_other_files_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        read(f"CUESHEET={text}")


def test_a_sheet_for_a_longer_file_is_refused() -> None:
    """A track cut out of an image, with the comments of the image."""
    with pytest.raises(BadInput, match="does not divide"):
        read(f"CUESHEET={TWO}", length_ms=300_440)
    assert read(f"CUESHEET={TWO}", length_ms=300_441)
    assert read(f"CUESHEET={TWO}", length_ms=None)


def test_what_the_sheet_does_not_say_the_file_does() -> None:
    file = Tags(title="Image", artists=("A",), album="B", date="1999", track_no=9)
    part = Part(2, 75, None, Tags(title="Two", album="The Sheet's", track_no=2))
    assert part.completed(file).tags == Tags(
        title="Two", artists=("A",), album="The Sheet's", date="1999", track_no=2
    )


def test_a_number_that_no_track_has_is_refused() -> None:
    body = bytearray(native(0, 1000))
    body[396 + 8] = 0
    with pytest.raises(BadInput):
        read(head=blocks((5, bytes(body))))


@given(st.binary(max_size=700), st.integers(0, 200))
def test_no_bytes_do_worse_than_being_refused(junk: bytes, place: int) -> None:
    sound = blocks((5, native(0, 1000, 2000)))
    for head in (junk, b"fLaC" + junk, sound[:place] + junk + sound[place:]):
        try:
            parts = read(head=head, length_ms=None)
        except BadInput:
            continue
        for before, after in itertools.pairwise(parts):
            assert before.start < after.start <= MOST_FRAMES
            assert 0 < before.number < after.number <= MOST_TRACKS


def test_the_rigs_sheet_is_one_that_mutagen_reads() -> None:
    sheet = CueSheet(io.BytesIO(native(0, 1000)))
    assert [track.track_number for track in sheet.tracks] == [1, 2, 170]
