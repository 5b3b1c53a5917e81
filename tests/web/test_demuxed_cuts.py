"""Parts of files that GStreamer's demuxers cut: lossless ones to the sample."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from mopidy_vozduxan.audio.formats import is_divisible
from tests.rig import album
from tests.rig.containers import aiff, behind_id3v2, tta
from tests.web.conftest import Door
from tests.web.fakes import FakeStreams

TOKEN = "tok-EN_1"
HEAD = 44
RATE = 44_100
SECONDS = 9
#: In CUE frames; one of them is no frame of any codec.
MARKS = (0, 7, 180, 181, 433, 600)
LOSSLESS: dict[str, Callable[[bytes], bytes] | str] = {
    "tta": tta,
    "aiff": aiff,
    "m4a": "avenc_alac ! mp4mux",
}
_OPUS = "audioresample ! audio/x-raw,rate=48000 ! opusenc bitrate=128000"
LOSSY = {
    "m4a": "avenc_aac aac-pns=false bitrate=192000 ! aacparse ! mp4mux",
    "m4b": "avenc_aac aac-pns=false ! aacparse ! mp4mux faststart=true",
    "ogg": "vorbisenc quality=0.5 ! oggmux",
    "opus": f"{_OPUS} ! oggmux",
}


@pytest.fixture
def parts(streams: FakeStreams, reading_door: Door):
    """Serve a file; its parts."""

    def get(ending: str, data: bytes, *marks: int) -> list[bytes]:
        stream = streams.add(TOKEN, len(data))
        info = dataclasses.replace(stream.info, name=f"x.{ending}")
        streams.change(TOKEN, data=data, info=info)
        ends = [*itertools.pairwise(marks), (marks[-1], "")]
        paths = [f"/vozduxan/stream/{TOKEN}/cut/{a}-{b}" for a, b in ends]
        replies = [reading_door.get(path) for path in paths]
        assert {reply.headers["content-type"] for reply in replies} == {"audio/wav"}
        return [reply.body[HEAD:] for reply in replies]

    return get


def made(folder: Path, encoder: Callable[[bytes], bytes] | str, pcm: bytes) -> bytes:
    if not isinstance(encoder, str):
        return encoder(pcm)
    album._ENCODERS["demuxed"] = encoder
    path = folder / "x"
    album.encode(pcm, path, "demuxed")
    return path.read_bytes()


@pytest.mark.parametrize("tag", [0, 3000])
@pytest.mark.parametrize("ending", LOSSLESS)
def test_parts_in_a_row_are_the_whole(
    parts, ending: str, tag: int, tmp_path: Path
) -> None:
    pcm = album.make_pcm(SECONDS, seed=8)
    data = made(tmp_path, LOSSLESS[ending], pcm)
    assert is_divisible(f"x.{ending}")
    found = parts(ending, behind_id3v2(data, tag) if tag else data, *MARKS)
    assert [len(part) for part in found[:-1]] == [
        (b * RATE // 75 - a * RATE // 75) * 4 for a, b in itertools.pairwise(MARKS)
    ]
    assert b"".join(found) == pcm


@pytest.mark.parametrize("ending", LOSSY)
def test_parts_of_a_lossy_file_are_where_they_belong(
    parts, ending: str, tmp_path: Path
) -> None:
    pcm = album.make_pcm(SECONDS, seed=8)
    data = made(tmp_path, LOSSY[ending], pcm)
    assert is_divisible(f"x.{ending}")
    (whole,) = parts(ending, data, 0)
    found = parts(ending, data, *MARKS)
    assert b"".join(found) == whole
    rate = 48_000 if ending == "opus" else RATE
    width = len(whole) / rate / SECONDS
    assert min(abs(width - 4), abs(width - 8)) < 0.05  # AAC ends with a whole frame
