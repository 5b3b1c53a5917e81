"""A part of a stream is served as a file of its own, by the rules of streams."""

from __future__ import annotations

import dataclasses
import queue

import pytest

from mopidy_vozduxan.exceptions import SwarmFailed
from tests.cue.files import encode, make_pcm
from tests.web.fakes import WAIT

TOKEN = "tok-EN_1"
PART = f"/vozduxan/stream/{TOKEN}/cut/150-375"
HEAD = 44
START, STOP = 150 * 588 * 4, 375 * 588 * 4


@pytest.fixture(scope="module")
def pcm() -> bytes:
    return make_pcm(8)


@pytest.fixture(scope="module")
def flac(pcm: bytes, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return encode(pcm, tmp_path_factory.mktemp("cut"), "flac").read_bytes()


@pytest.fixture
def stream(streams, flac: bytes):
    return _add(streams, flac)


def _add(streams, data: bytes, *, held: bool = True):
    stream = streams.add(TOKEN, len(data), held=held)
    info = dataclasses.replace(stream.info, name="Image.flac")
    streams.change(TOKEN, data=data, info=info)
    return stream


def test_a_part_is_a_wave_file_of_its_samples(stream, player_door, pcm) -> None:
    reply = player_door.get(PART)
    assert reply.status == 200
    assert reply.headers["content-type"] == "audio/wav"
    assert int(reply.headers["content-length"]) == HEAD + STOP - START
    assert reply.body[HEAD:] == pcm[START:STOP]


def test_the_last_part_ends_with_the_file(stream, player_door, pcm) -> None:
    reply = player_door.get(f"/vozduxan/stream/{TOKEN}/cut/375-")
    assert reply.body[HEAD:] == pcm[STOP:]


@pytest.mark.parametrize("begin", [0, 20, HEAD, HEAD + 1, HEAD + 400_002])
def test_a_seek_is_a_range_of_the_part(stream, player_door, pcm, begin) -> None:
    whole = player_door.get(PART).body
    reply = player_door.get(PART, Range=f"bytes={begin}-")
    assert reply.status == 206
    assert (
        reply.headers["content-range"] == f"bytes {begin}-{len(whole) - 1}/{len(whole)}"
    )
    assert reply.body == whole[begin:]


def test_parts_of_one_stream_are_different_things(stream, player_door) -> None:
    other = player_door.get(f"/vozduxan/stream/{TOKEN}/cut/0-150", Range="bytes=0-1")
    assert (
        player_door.get(PART, Range="bytes=0-1").headers["etag"]
        != other.headers["etag"]
    )


def test_only_the_players_door_serves_parts(stream, public_door) -> None:
    assert public_door.get(PART).status == 404


@pytest.mark.parametrize("path", ["cut/", "cut/-", "cut/a-b", "cut/1", "cut/-5", "cut"])
def test_what_names_no_part_is_not_found(stream, player_door, path) -> None:
    assert player_door.get(f"/vozduxan/stream/{TOKEN}/{path}").status == 404


def test_an_unknown_token_is_not_found(streams, player_door) -> None:
    assert player_door.get("/vozduxan/stream/nobody/cut/0-75").status == 404


def test_a_client_that_goes_takes_every_reader_with_it(stream, player_door) -> None:
    with player_door.client(receive_buffer=4096) as client:
        client.send(PART)
        client.head()
    for reader in _readers(stream):
        assert reader.closed.wait(WAIT)


def test_a_release_breaks_the_part_off(stream, streams, player_door) -> None:
    with player_door.client(receive_buffer=4096) as client:
        client.send(PART)
        _, headers = client.head()
        streams.release(TOKEN)
        assert len(client.file.read()) < int(headers["content-length"])
    for reader in _readers(stream):
        assert reader.closed.wait(WAIT)


def test_a_player_is_kept_waiting_for_a_swarm_that_broke(
    streams, player_door, flac
) -> None:
    stream = _add(streams, flac, held=False)
    streams.change(TOKEN, failure=SwarmFailed("It broke."))
    with player_door.client() as client:
        client.send(PART)
        stream.opened.get(timeout=WAIT)
        streams.release(TOKEN)
        assert client.head()[0] == 404


def test_a_file_that_cannot_be_cut_is_told_of(streams, player_door) -> None:
    _add(streams, b"no sound at all" * 1000)
    with player_door.client() as client:
        client.send(PART)
        token, error = streams.failed.get(timeout=WAIT)
        assert (token, error) == (TOKEN, "Files of this kind cannot be cut.")
        streams.failed.get(timeout=WAIT)  # for as long as it is


def _readers(stream):
    readers = [stream.opened.get(timeout=WAIT)]
    while True:
        try:
            readers.append(stream.opened.get_nowait())
        except queue.Empty:
            return readers
