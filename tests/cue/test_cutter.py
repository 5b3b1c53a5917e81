"""What is cut out of a file are its samples, all of them and no others."""

from __future__ import annotations

import asyncio
import itertools
import random
import struct
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mopidy_vozduxan.cue.cutter import Cut, make_cut, read_divisible
from mopidy_vozduxan.cue.source import Source
from mopidy_vozduxan.exceptions import VozduxanError
from tests.cue.files import APE, CD, Quality, ape_pcm, encode, make_pcm
from tests.rig import album

PIECE = 16 * 1024
WAVE_HEAD = 44


@dataclass
class FileOfPieces:
    """A file read by pieces, and which of them somebody has asked for."""

    data: bytes
    pieces: set[int] = field(default_factory=set)
    opened: int = 0
    open: int = 0

    def source(self) -> Source:
        return Source(self.reader, len(self.data))

    def reader(self, start: int, stop: int) -> PiecesReader:
        self.opened += 1
        self.open += 1
        return PiecesReader(self, start, stop)


@dataclass
class PiecesReader:
    file: FileOfPieces
    start: int
    stop: int
    closed: bool = False

    async def next(self) -> memoryview | None:
        await asyncio.sleep(0)
        assert not self.closed
        if self.start >= self.stop:
            return None
        piece = self.start // PIECE
        self.file.pieces.add(piece)
        stop = min((piece + 1) * PIECE, self.stop)
        data = memoryview(self.file.data)[self.start : stop]
        self.start = stop
        return data

    def close(self) -> None:
        if not self.closed:
            self.file.open -= 1
        self.closed = True


async def cut_of(file: FileOfPieces, path: str, start: int, stop: int | None) -> Cut:
    source = file.source()
    divisible = await source.answer(read_divisible(path, len(file.data)))
    source.close()
    return await make_cut(divisible, file.source, start, stop)


async def read(cut: Cut, start: int = 0, stop: int | None = None) -> bytes:
    reader = cut.open(start, cut.size if stop is None else stop)
    parts = []
    while (part := await reader.next()) is not None:
        parts.append(bytes(part))
    reader.close()
    return b"".join(parts)


def run(work):
    return asyncio.run(asyncio.wait_for(work, 60))


def _possible(name: str, quality: Quality = CD) -> Quality:
    """GStreamer's encoder of WavPack takes 32 bits only."""
    return replace(quality, bits=32) if name == "wv" else quality


FORMATS = ["flac", "flac-no-table", "flac-points", "wav", "wv"]
QUALITIES = [CD, Quality(96_000, 2, 24), Quality(48_000, 1, 16)]


@pytest.mark.parametrize("quality", QUALITIES, ids=str)
@pytest.mark.parametrize("name", FORMATS)
def test_parts_in_a_row_are_the_whole(
    name: str, quality: Quality, tmp_path: Path
) -> None:
    if name == "wv" and quality.channels == 1:
        pytest.skip("GStreamer's encoder of WavPack spoils one channel of 32 bits")
    quality = _possible(name, quality)
    pcm = make_pcm(9, quality)
    path = encode(pcm, tmp_path, name, quality)
    file = FileOfPieces(path.read_bytes())
    marks = [0, 7, 180, 181, 433, 600]

    async def parts() -> list[bytes]:
        cuts = [
            await cut_of(file, path.name, start, stop)
            for start, stop in zip(marks, [*marks[1:], None], strict=True)
        ]
        return [await read(cut) for cut in cuts]

    made = run(parts())
    sounds = [part[part.index(b"data") + 8 :] for part in made]
    assert [len(sound) for sound in sounds[:-1]] == [
        (b - a) * quality.rate // 75 * quality.frame_bytes
        for a, b in itertools.pairwise(marks)
    ]
    assert b"".join(sounds) == pcm
    assert file.open == 0


@pytest.mark.parametrize("name", FORMATS)
def test_any_range_of_a_part_is_what_the_part_holds_there(
    name: str, tmp_path: Path
) -> None:
    quality = _possible(name)
    width = quality.frame_bytes
    pcm = make_pcm(20, quality)
    path = encode(pcm, tmp_path, name, quality)
    file = FileOfPieces(path.read_bytes())
    rng = random.Random(name)
    expected = pcm[5 * 44100 * width : 15 * 44100 * width]

    async def look() -> None:
        cut = await cut_of(file, path.name, 5 * 75, 15 * 75)
        assert cut.size == WAVE_HEAD + len(expected)
        whole = await read(cut)
        assert whole[WAVE_HEAD:] == expected
        for _ in range(8):
            start = rng.randrange(cut.size)
            stop = min(start + rng.randrange(1, 300_000), cut.size)
            assert await read(cut, start, stop) == whole[start:stop]
        assert await read(cut, 10, 50) == whole[10:50]
        assert await read(cut, 0, 20) == whole[:20]

    run(look())


@pytest.mark.parametrize("name", FORMATS)
def test_a_part_needs_its_own_pieces_only(name: str, tmp_path: Path) -> None:
    quality = _possible(name)
    width = quality.frame_bytes
    pcm = make_pcm(60, quality)
    path = encode(pcm, tmp_path, name, quality)
    file = FileOfPieces(path.read_bytes())

    async def begin() -> bytes:
        cut = await cut_of(file, path.name, 40 * 75, 42 * 75)
        return await read(cut)

    assert run(begin()).endswith(pcm[40 * 44100 * width : 42 * 44100 * width])
    share = len(file.pieces) * PIECE / len(file.data)
    assert share < 0.2, (share, sorted(file.pieces))
    assert file.opened < 20


def test_monkeys_audio_is_cut_like_the_others() -> None:
    pcm = ape_pcm()
    file = FileOfPieces(APE.read_bytes())
    marks = [0, 1, 125, 126, 250, 299]

    async def parts() -> list[bytes]:
        ends = [*itertools.pairwise(marks), (marks[-1], None)]
        return [await read(await cut_of(file, "x.ape", *end)) for end in ends]

    assert b"".join(part[WAVE_HEAD:] for part in run(parts())) == pcm

    async def ranges() -> None:
        cut = await cut_of(file, "x.ape", 0, None)
        whole = await read(cut)
        for start in (100, 73728 * 4 + WAVE_HEAD, 73728 * 4 + WAVE_HEAD - 1, 600_001):
            assert await read(cut, start, start + 999) == whole[start : start + 999]

    run(ranges())


def test_the_end_of_monkeys_audio_needs_neither_middle_nor_tag() -> None:
    whole = APE.read_bytes()
    file = FileOfPieces(whole + b"APETAGEX" + bytes(100_000))

    async def end() -> bytes:
        return await read(await cut_of(file, "x.ape", 275, None))

    assert run(end()).endswith(ape_pcm()[275 * 588 * 4 :])
    frames = 73728 * 2 / (4 * 44100)
    before = int(len(whole) * frames) // PIECE
    assert not file.pieces & set(range(1, before))
    assert max(file.pieces) <= len(whole) // PIECE


@pytest.mark.parametrize("encoder", ["cbr=true", "cbr=false target=quality quality=4"])
def test_the_parts_of_an_mp3_are_its_bytes(encoder: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    pcm = album.make_pcm(30, seed=5)
    album._ENCODERS["test"] = f"lamemp3enc {encoder} ! xingmux ! id3v2mux"
    album.encode(pcm, path, "test", {"title": "x" * 5000})
    data = path.read_bytes()
    marks = [0, 500, 1111, 1500]

    async def parts() -> list[bytes]:
        file = FileOfPieces(data)
        ends = [*itertools.pairwise(marks), (marks[-1], None)]
        cuts = [await cut_of(file, path.name, *end) for end in ends]
        assert {cut.content_type for cut in cuts} == {"audio/mpeg"}
        return [await read(cut) for cut in cuts]

    made = run(parts())
    assert data.endswith(b"".join(made))
    assert all(part[0] == 0xFF and part[1] >> 5 == 7 for part in made)
    assert b"Xing" not in made[0] and b"Info" not in made[0]
    for part, (start, stop) in zip(
        made, itertools.pairwise([*marks, 30 * 75]), strict=True
    ):
        (tmp_path / "part.mp3").write_bytes(part)
        seconds = len(album.pcm_of(tmp_path / "part.mp3")) / 4 / 44100
        assert abs(seconds - (stop - start) / 75) < 0.5


def test_a_wave_file_says_what_it_holds(tmp_path: Path) -> None:
    path = encode(make_pcm(3), tmp_path, "flac")
    file = FileOfPieces(path.read_bytes())

    async def head() -> bytes:
        return await read(await cut_of(file, path.name, 75, 150), 0, WAVE_HEAD)

    length = 44100 * 4
    assert run(head()) == struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + length, b"WAVE", b"fmt ", 16, 1, 2, 44100, 44100 * 4, 4, 16),
        *(b"data", length),
    )


def test_a_table_that_lies_is_not_believed(tmp_path: Path) -> None:
    pcm = make_pcm(20)
    data = bytearray(encode(pcm, tmp_path, "flac-points").read_bytes())
    at = 4
    while data[at] & 0x7F != 3:
        at += 4 + int.from_bytes(data[at + 1 : at + 4], "big")
    entries = int.from_bytes(data[at + 1 : at + 4], "big") // 18
    for entry in range(entries):
        place = at + 4 + entry * 18 + 8
        offset = int.from_bytes(data[place : place + 8], "big")
        data[place : place + 8] = (offset + 1000).to_bytes(8, "big")
    file = FileOfPieces(bytes(data))

    async def part() -> bytes:
        return await read(await cut_of(file, "a.flac", 11 * 75, 12 * 75))

    assert run(part()).endswith(pcm[11 * 44100 * 4 : 12 * 44100 * 4])


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_ends_in_an_error_and_not_in_silence(
    name: str, tmp_path: Path
) -> None:
    if name == "wav":
        pytest.skip("any bytes are samples")
    data = bytearray(
        encode(
            make_pcm(8, _possible(name)), tmp_path, name, _possible(name)
        ).read_bytes()
    )
    data[len(data) // 2 : len(data) // 2 + 20_000] = bytes(20_000)
    file = FileOfPieces(bytes(data))

    async def part() -> bytes:
        return await read(await cut_of(file, f"a.{name[:2]}", 75, None))

    with pytest.raises(VozduxanError, match="damaged"):
        run(part())

    async def middle() -> bytes:
        return await read(await cut_of(file, f"a.{name[:2]}", 75, 7 * 75))

    with pytest.raises(VozduxanError, match="damaged"):
        run(middle())


@pytest.mark.parametrize("name", FORMATS)
def test_a_part_beyond_the_end_is_an_error(name: str, tmp_path: Path) -> None:
    path = encode(make_pcm(2, _possible(name)), tmp_path, name, _possible(name))
    file = FileOfPieces(path.read_bytes())
    with pytest.raises(VozduxanError, match="ends before"):
        run(cut_of(file, path.name, 200, None))


@pytest.mark.parametrize("name", FORMATS)
def test_a_broken_head_is_an_error(name: str, tmp_path: Path) -> None:
    path = encode(make_pcm(2, _possible(name)), tmp_path, name, _possible(name))
    whole = path.read_bytes()
    rng = random.Random(1)

    async def look(data: bytes) -> None:
        file = FileOfPieces(data)
        try:
            cut = await cut_of(file, path.name, 0, 75)
            await read(cut)
        except VozduxanError:
            pass

    run(look(whole[:20]))
    for _ in range(30):
        data = bytearray(whole)
        for _ in range(3):
            data[rng.randrange(80)] = rng.randrange(256)
        run(look(bytes(data)))


HEADS = st.sampled_from([b"fLaC", b"RIFF1234WAVE", b"wvpk", b"MAC \x96\x0f", b"ID3"])


@given(HEADS, st.binary(max_size=400), st.sampled_from(["a.mp3", "a.flac"]))
def test_no_head_does_worse_than_being_refused(
    head: bytes, rest: bytes, path: str
) -> None:
    data = head + rest
    reading = read_divisible(path, len(data))
    try:
        span = next(reading)
        while True:
            wanted = span.clipped(len(data))
            span = reading.send(data[wanted.start : wanted.stop])
    except (VozduxanError, StopIteration):
        pass


def test_a_decoder_that_nobody_waits_for_any_more_is_closed(tmp_path: Path) -> None:
    path = encode(make_pcm(3), tmp_path, "flac")
    file = FileOfPieces(path.read_bytes())

    async def give_up() -> None:
        for turns in range(12):
            cut = await cut_of(file, path.name, 0, None)
            reader = cut.open(0, cut.size)
            await reader.next()
            work = asyncio.ensure_future(reader.next())
            for _ in range(turns):
                await asyncio.sleep(0)
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            reader.close()
        assert file.open == 0

    run(give_up())
