"""Files whose head is right and rare: the numbers in it are put in by hand."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from mopidy_vozduxan.exceptions import VozduxanError
from tests.cue.files import Quality, encode, make_pcm
from tests.cue.test_cutter import FileOfPieces, cut_of, read, run

EXTENSIBLE, PCM, FLOAT, MP3 = 0xFFFE, 1, 3, 0x55
SUBTYPE_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def extensible(pcm: bytes, kind: int, *, rate: int = 48_000, bits: int = 24) -> bytes:
    """A WAV file of two channels whose kind stands behind the usual numbers."""
    size = 2 * bits // 8
    form = struct.pack("<HHIIHH", EXTENSIBLE, 2, rate, rate * size, size, bits)
    form += struct.pack("<HHIH", 22, bits, 3, kind) + SUBTYPE_TAIL
    chunks = b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(pcm)) + pcm
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


@pytest.mark.parametrize(("kind", "bits"), [(PCM, 24), (FLOAT, 32)])
def test_a_wav_file_of_the_extensible_kind_is_cut(kind: int, bits: int) -> None:
    pcm = make_pcm(3, Quality(48_000, 2, bits))
    data = extensible(pcm, kind, bits=bits)
    file = FileOfPieces(data)

    async def part() -> bytes:
        return await read(await cut_of(file, "a.wav", 75, 150))

    cut, second = run(part()), 48_000 * 2 * bits // 8
    # The head says the same of its samples, whatever is said of them.
    assert cut[: cut.index(b"data")][8:] == data[: data.index(b"data")][8:]
    assert cut[cut.index(b"data") + 8 :] == pcm[second : 2 * second]


@pytest.mark.parametrize("length", [40, 24])
def test_an_extensible_wav_file_of_another_kind_is_refused(length: int) -> None:
    """Also one that ends before it says of which kind it is."""
    data = extensible(bytes(48_000 * 6), MP3)
    if length < 40:
        data = data[: 20 + length] + data[60:]
        data = data[:16] + struct.pack("<I", length) + data[20:]
    with pytest.raises(VozduxanError, match="of this kind"):
        run(cut_of(FileOfPieces(data), "a.wav", 0, 75))


def test_wavpack_of_an_unusual_rate_is_refused(tmp_path: Path) -> None:
    """The code 15 says that the rate stands elsewhere, where we do not look."""
    quality = Quality(bits=32)
    data = encode(make_pcm(3, quality), tmp_path, "wv", quality).read_bytes()
    (flags,) = struct.unpack_from("<I", data, 24)
    unusual = data[:24] + struct.pack("<I", flags | 15 << 23) + data[28:]
    assert run(cut_of(FileOfPieces(data), "a.wv", 0, 75))
    with pytest.raises(VozduxanError, match="does not describe"):
        run(cut_of(FileOfPieces(unusual), "a.wv", 0, 75))
