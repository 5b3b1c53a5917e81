"""DTS that seems to be WAV or FLAC is played as DTS, and never as noise."""

from __future__ import annotations

import dataclasses
import random
import re
from array import array
from pathlib import Path

import pytest

from mopidy_vozduxan.audio.dts import is_dts
from mopidy_vozduxan.audio.formats import by_signature
from tests.cue.files import encode, make_pcm
from tests.rig import album

TOKEN = "tok-EN_1"
PATH = f"/vozduxan/stream/{TOKEN}"
SECONDS = 3
FORMATS = ("wav", "flac")


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A stream of DTS, as a CD has it."""
    encoder = "audioresample ! audio/x-raw,rate=44100 ! avenc_dca strict=experimental"
    album._ENCODERS["dts-of-a-cd"] = f"{encoder} bitrate=1411200"
    path = tmp_path_factory.mktemp("dts") / "x.dts"
    album.encode(album.make_pcm(SECONDS, seed=2), path, "dts-of-a-cd")
    return path.read_bytes()


def words16(data: bytes) -> bytes:
    words = array("H", data)
    words.byteswap()
    return words.tobytes()


def words14(data: bytes) -> bytes:
    """Each frame in words of 14 bits, whose sign fills the rest."""
    parts = []
    for frame in re.split(b"(?=\x7f\xfe\x80\x01)", data)[1:]:
        bits = "".join(f"{byte:08b}" for byte in frame)
        bits += "0" * (-len(bits) % 28)
        numbers = (int(bits[i : i + 14], 2) for i in range(0, len(bits), 14))
        parts.append(array("h", (n - (n >> 13 << 14) for n in numbers)).tobytes())
    return b"".join(parts)


@pytest.mark.parametrize("packed", [words16, words14])
@pytest.mark.parametrize("format", FORMATS)
def test_it_comes_as_frames_without_a_header(
    streams, reading_door, frames: bytes, packed, format: str, tmp_path: Path
) -> None:
    pcm = packed(frames)
    assert is_dts(pcm)
    data = encode(pcm, tmp_path, format).read_bytes()
    stream = streams.add(TOKEN, len(data))
    info = dataclasses.replace(stream.info, name=f"x.{format}")
    streams.change(TOKEN, data=data, info=info)
    reply = reading_door.get(PATH)
    assert reply.headers["content-type"] == "audio/vnd.dts"
    assert reply.body == pcm
    served = tmp_path / "served"
    served.write_bytes(reply.body)
    assert len(album.pcm_of(served)) > SECONDS * 44_100 * 4 * 0.8  # it is understood
    start = 75 * 588 * 4
    assert reading_door.get(f"{PATH}/cut/75-").body == pcm[start:]


@pytest.mark.parametrize("format", FORMATS)
def test_loud_music_stays_what_it_is(
    streams, reading_door, format: str, tmp_path: Path
) -> None:
    pcm = random.Random(3).randbytes(SECONDS * 44_100 * 4)
    assert not is_dts(pcm)
    assert not is_dts(make_pcm(SECONDS))
    data = encode(pcm, tmp_path, format).read_bytes()
    container = by_signature(data)
    assert container.may_hide
    assert container.may_hide(data[:16384], 0, len(data)) is (format == "flac")
    streams.add(TOKEN, len(data))
    streams.change(TOKEN, data=data)
    assert reading_door.get(PATH).body == data
