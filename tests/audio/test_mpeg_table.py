"""MPEG audio of a varying bit rate without a header: its frames give a timeline."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mopidy_vozduxan.audio import mpeg_header, mpeg_table
from mopidy_vozduxan.audio.answering import Asking, T, answered_by
from mopidy_vozduxan.audio.mpeg import measured, read, with_header
from mopidy_vozduxan.audio.mpeg_frames import frame_at
from mopidy_vozduxan.audio.mpeg_table import read_table
from tests.audio.looking import looked
from tests.audio.test_end_tags import ID3V1, ape

CASES = Path(__file__).with_name("cases")
SECONDS = 120


def frames(codes: list[int]) -> bytes:
    """Frames of 44.1 kHz stereo with these codes of bit rates."""
    parts = []
    for code in codes:
        head = (0xFFFB0000 | code << 12).to_bytes(4, "big")
        frame = frame_at(head, 0)
        assert frame
        parts.append(head.ljust(frame.length, b"\0"))
    return b"".join(parts)


@pytest.fixture(scope="module")
def varied() -> bytes:
    """Two minutes; each fifth of them is dense or sparse."""
    rng = random.Random(4)
    count = SECONDS * 44100 // 1152
    return frames(
        [rng.choice((10, 11, 12) if n % 1000 < 500 else (1, 2)) for n in range(count)]
    )


def run(data: bytes, asking: Asking[T]) -> T:
    return answered_by(data, asking)


def test_the_frames_are_counted(varied: bytes) -> None:
    for behind in (b"", ID3V1, ape(200_000)):
        data = varied + behind
        assert abs((run(data, measured(0, len(data))) or 0) - SECONDS * 1000) < 30


def test_a_large_file_is_measured_by_samples(
    varied: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mpeg_table, "MOST_WHOLE", 1000)
    seen = looked(varied, measured(0, len(varied)))
    assert abs((seen.found or 0) - SECONDS * 1000) < SECONDS * 1000 * 0.05
    assert seen.size < len(varied)


@pytest.mark.parametrize("xing_ms", [0, 1 << 40])
def test_a_made_header_says_where_positions_are(
    varied: bytes, xing_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mpeg_header, "_XING_MS", xing_ms)
    junk = bytes(50)
    data = junk + varied + ape(5000)
    made = run(data, with_header(data[:16384], 0, len(data)))
    assert made
    header, span = made
    assert data[span.start : span.stop] == varied
    served = header + varied
    said = read(served, 0, len(served))
    table = run(varied, read_table(0, len(varied), len(varied)))
    assert said and table
    assert abs(said.length_ms - SECONDS * 1000) < 60
    for position in range(0, SECONDS * 1000, 5000):
        offset = table.offset_at(position)
        assert abs(said.position_at(len(header) + offset) - position) < 700


def test_files_that_say_it_themselves_are_left_alone(varied: bytes) -> None:
    constant = frames([9] * 200)
    for data in (constant, b"no sound", b""):
        assert run(data, with_header(data[:16384], 0, len(data))) is None
    made = run(varied, with_header(varied[:16384], 0, len(varied)))
    assert made
    served = made[0] + varied
    assert run(served, with_header(served[:16384], 0, len(served))) is None


def test_a_constant_rate_does_not_count_the_tag_behind_it() -> None:
    data = (CASES / "apev2-200kB-cover.mp3").read_bytes()
    assert abs((run(data, measured(0, len(data))) or 0) - 8000) < 80
    later = frames([9] * 2000 + [1, 14] * 3000)  # constant at first only
    length = 8000 * 1152 / 44.1
    assert abs((run(later, measured(0, len(later))) or 0) - length) < 60


def test_damage_is_stepped_over(varied: bytes) -> None:
    rng = random.Random(5)
    data = bytearray(varied)
    for _ in range(20):
        at = rng.randrange(len(data))
        data[at : at + 500] = rng.randbytes(500)
    found = run(bytes(data), measured(0, len(data)))
    assert found and abs(found - SECONDS * 1000) < SECONDS * 50


def test_no_bytes_take_for_ever() -> None:
    rng = random.Random(6)
    start = frames([9, 1, 9, 1] * 10)
    for junk in (b"\xff" * 600_000, rng.randbytes(600_000), b"\xff\xfb" * 300_000):
        data = start + junk
        assert looked(data, measured(0, len(data))).looks < 20


def test_no_damage_breaks_the_header(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(8)
    whole = bytes(30) + frames([9, 14, 1, 5] * 20) + ape(50) + ID3V1
    for number in range(2000):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 20, 400))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        data = data[: rng.randrange(len(data))]
        monkeypatch.setattr(mpeg_table, "MOST_WHOLE", (1 << 20) * (number % 2))
        monkeypatch.setattr(mpeg_header, "_XING_MS", 10_000 * (number % 3))
        made = run(bytes(data), with_header(bytes(data[:16384]), 0, len(data)))
        assert made is None or len(made[0]) < 2000
        run(bytes(data), measured(0, len(data)))
