"""What the player gets of a whole file: its bytes, or WAV of what it would hang on."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import pytest

from mopidy_vozduxan.audio.id3 import tag_size
from mopidy_vozduxan.audio.mpeg import read
from mopidy_vozduxan.cue.source import Source
from mopidy_vozduxan.decoding import demuxed, served
from tests.audio.test_mpeg_table import frames
from tests.cue.files import encode, make_pcm
from tests.rig.containers import aiff, behind_id3v2, dff, dsf, tta
from tests.web.fakes import WAIT

TOKEN = "tok-EN_1"
PATH = f"/vozduxan/stream/{TOKEN}"
HEAD = 44
PCM = make_pcm(3)
MPC = Path(__file__).parents[1] / "decoding" / "noise.mpc"


def _add(streams, data: bytes, name: str = "x.mp3"):
    stream = streams.add(TOKEN, len(data))
    info = dataclasses.replace(stream.info, name=name)
    streams.change(TOKEN, data=data, info=info)
    return stream


@pytest.mark.parametrize("made", [tta, aiff])
@pytest.mark.parametrize("tag", [0, 100, 40_000])
def test_what_libav_demuxes_comes_as_its_samples(
    streams, reading_door, made, tag
) -> None:
    data = made(PCM)
    _add(streams, behind_id3v2(data, tag) if tag else data)
    reply = reading_door.get(PATH)
    assert reply.status == 200
    assert reply.headers["content-type"] == "audio/wav"
    assert reply.body[HEAD:] == PCM


@pytest.mark.parametrize("begin", [0, 20, HEAD, HEAD + 1, HEAD + 400_002])
def test_a_seek_is_a_range_of_them(streams, reading_door, begin) -> None:
    _add(streams, tta(PCM))
    reply = reading_door.get(PATH, Range=f"bytes={begin}-")
    assert reply.status == 206
    assert reply.body[max(0, HEAD - begin) :] == PCM[max(0, begin - HEAD) :]


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_dsd_sounds_the_same_in_both_containers(
    streams, reading_door, channels
) -> None:
    _add(streams, dsf(1.0, channels))
    one = reading_door.get(PATH).body
    streams.release(TOKEN)
    _add(streams, dff(1.0, channels))
    streams.change(TOKEN, info=dataclasses.replace(streams.known(TOKEN), etag="2"))
    other = reading_door.get(PATH).body
    assert one == other
    head = len(one) - 352_800 * 4 * channels
    assert 0 < head < 100  # exactly a second
    assert one[head:].strip(b"\0")


def test_musepack_comes_whole(streams, reading_door) -> None:
    _add(streams, MPC.read_bytes())
    body = reading_door.get(PATH).body
    assert len(body) == HEAD + 179 * 1152 * 4  # 204,800 samples, and the delay


def test_a_tag_before_a_container_is_left_out(streams, reading_door, tmp_path) -> None:
    ogg = encode(PCM, tmp_path, "wav").read_bytes()
    _add(streams, behind_id3v2(ogg))
    assert reading_door.get(PATH).body == ogg


def test_all_else_comes_as_it_is(streams, reading_door, tmp_path) -> None:
    data = encode(PCM, tmp_path, "flac").read_bytes()
    _add(streams, behind_id3v2(data))
    assert reading_door.get(PATH).body == behind_id3v2(data)


@pytest.mark.parametrize("sign", [b"TTA1", b"MAC ", b"MP+\7", b"MPCK"])
def test_garbage_behind_a_signature_is_told_of(streams, reading_door, sign) -> None:
    _add(streams, sign + bytes(range(1, 255)) * 1000)
    with reading_door.client() as client:
        client.send(PATH)
        token, error = streams.failed.get(timeout=2 * WAIT)
        assert token == TOKEN
        assert error.startswith("GStreamer ")


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demuxed, "ANSWERS_S", 4.0)


def test_a_file_cut_short_ends_with_a_sentence(streams, reading_door) -> None:
    _add(streams, tta(PCM)[:200_000])
    with reading_door.client() as client:
        client.send(PATH)
        client.head()
        assert client.file.read(HEAD + 44_100)[HEAD:] == PCM[:44_100]
        assert streams.failed.get(timeout=2 * WAIT)[0] == TOKEN


@pytest.mark.parametrize("tag", [0, 30_000])
def test_a_variable_bit_rate_comes_with_the_header_that_it_lacks(
    streams, reading_door, tag
) -> None:
    varied = frames([9, 14, 1] * 600)
    data = behind_id3v2(varied, tag) if tag else varied
    _add(streams, data)
    body = reading_door.get(PATH).body
    start = tag_size(data)
    said = read(body, start, len(body))
    assert said and abs(said.length_ms - 1800 * 1152 / 44.1) < 60
    assert body.startswith(data[:start])
    assert body.endswith(varied)
    assert len(body) - len(data) < 1500  # one frame
    for begin in (0, 5, start + 7, start + 1040, start + 1050, 40_000):
        rest = reading_door.get(PATH, Range=f"bytes={begin}-{begin + 3000}").body
        assert body[begin : begin + 3001] == rest


def test_a_header_that_takes_too_long_is_made_for_the_next_request(
    streams, reading_door, monkeypatch
) -> None:
    varied = frames([9, 14, 1] * 600)
    _add(streams, varied)

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(served, "_IMPROVING_S", 0.01)
    monkeypatch.setattr(Source, "answer", never)
    assert reading_door.get(PATH).body == varied
    monkeypatch.undo()
    assert len(reading_door.get(PATH).body) > len(varied)


def test_a_constant_bit_rate_comes_as_it_is(streams, reading_door) -> None:
    constant = frames([9] * 600)
    _add(streams, constant)
    assert reading_door.get(PATH).body == constant
