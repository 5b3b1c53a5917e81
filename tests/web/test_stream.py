"""Streams on the wire, at both doors: what holds for every client."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import queue
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from urllib.parse import quote

import pytest

from mopidy_vozduxan.exceptions import Cancelled, SwarmFailed
from mopidy_vozduxan.web.stream_handler import WRITE_BYTES, RemoteReader, _first_of
from tests.web.fakes import PIECE, WAIT, content

PATH = "/vozduxan/stream/tok-EN_1"
TOKEN = "tok-EN_1"
SIZE = 3 * PIECE + 100
LARGE = 16 << 20  #: more than the kernel buffers on loopback (4 MB by default)


@pytest.fixture(autouse=True)
def _quiet_log(caplog):
    """No test here may leave a warning, an error or a traceback in the log."""
    caplog.set_level(logging.DEBUG)
    yield
    loud = [
        r
        for r in caplog.get_records("call") + caplog.get_records("teardown")
        if (r.levelno >= logging.WARNING and r.name != "tornado.access") or r.exc_info
    ]
    assert loud == []


def test_the_whole_stream_is_a_200(door, streams):
    streams.add(TOKEN, SIZE)
    reply = door.get(PATH)
    assert (reply.status, reply.body) == (200, content(SIZE))
    assert reply.headers["content-length"] == str(SIZE)
    assert reply.headers["accept-ranges"] == "bytes"
    assert reply.headers["etag"] == '"ab12-3"'
    assert reply.headers["content-type"] == "audio/flac"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"].startswith("private")
    assert "content-range" not in reply.headers
    assert not [name for name in reply.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("field", "start", "stop"),
    [
        ("bytes=0-", 0, SIZE),
        ("bytes=5-5", 5, 6),
        (f"bytes={PIECE - 3}-{PIECE + 3}", PIECE - 3, PIECE + 4),
        ("bytes=-100", SIZE - 100, SIZE),
        (f"bytes=70000-{SIZE * 2}", 70000, SIZE),
    ],
)
def test_a_range_is_a_206_with_exactly_its_bytes(door, streams, field, start, stop):
    streams.add(TOKEN, SIZE)
    reply = door.get(PATH, Range=field)
    assert reply.status == 206
    assert reply.body == content(SIZE)[start:stop]
    assert reply.headers["content-range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert reply.headers["content-length"] == str(stop - start)


def test_several_ranges_are_one_200(door, streams):
    streams.add(TOKEN, SIZE)
    reply = door.get(PATH, Range="bytes=0-1,5-6")
    assert (reply.status, reply.body) == (200, content(SIZE))


@pytest.mark.parametrize("size", [0, SIZE])
def test_an_offset_past_the_end_is_a_416_that_names_the_size(door, streams, size):
    stream = streams.add(TOKEN, size)
    reply = door.get(PATH, Range=f"bytes={size}-")
    # The player asks so when somebody seeks beyond the end of a track whose length
    # was guessed; of an error it would not recover.
    assert (reply.status, reply.body) == (206 if door.player else 416, b"")
    assert reply.headers["content-range"] == f"bytes */{size}"
    assert stream.opened.empty()


def test_an_empty_stream_is_an_empty_200(door, streams):
    streams.add(TOKEN, 0)
    reply = door.get(PATH)
    assert (reply.status, reply.headers["content-length"]) == (200, "0")


def test_conditions_are_answered_without_a_reader(door, streams):
    stream = streams.add(TOKEN, SIZE)
    with door.client() as client:
        unchanged = client.get(PATH, If_None_Match='"ab12-3"')
        assert (unchanged.status, unchanged.headers["etag"]) == (304, '"ab12-3"')
        assert client.get(PATH, If_Match='"other"').status == 412
        assert stream.opened.empty()
        whole = client.get(PATH, Range="bytes=5-", If_Range='"other"')
        assert (whole.status, len(whole.body)) == (200, SIZE)


def test_a_connection_is_used_again_after_a_complete_body(door, streams):
    streams.add(TOKEN, SIZE)
    with door.client() as client:
        for _ in range(3):
            assert client.get(PATH, Range="bytes=1-9").body == content(SIZE)[1:10]


def test_head_answers_from_memory(door, streams):
    stream = streams.add(TOKEN, SIZE, held=False)
    reply = door.get(PATH, "HEAD", Range="bytes=5-6")
    assert reply.status == 200
    assert reply.headers["content-length"] == str(SIZE)
    assert reply.headers["content-type"] == "audio/flac"
    assert reply.headers["etag"] == '"ab12-3"'
    assert door.get(PATH, "HEAD", If_None_Match="*").status == 304
    assert (stream.touched, stream.opened.empty()) == (0, True)


def test_head_before_the_metadata_is_a_503_that_asks_to_come_back(door, streams):
    stream = streams.add(TOKEN, SIZE)
    streams.change(TOKEN, metadata=False)
    reply = door.get(PATH, "HEAD")
    assert (reply.status, reply.headers["retry-after"]) == (503, "2")
    assert stream.touched == 0


def test_a_get_waits_for_the_metadata(door, streams):
    streams.add(TOKEN, SIZE)
    streams.change(TOKEN, metadata=False)
    with door.client() as client:
        client.send(PATH)
        streams.change(TOKEN, metadata=True)
        assert client.head()[0] == 200
        assert client.file.read(SIZE) == content(SIZE)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_unknown_token_is_a_404(door, streams, method):
    with door.client() as client:
        reply = client.get("/vozduxan/stream/nobody", method)
        assert reply.status == 404
        assert reply.headers["cache-control"] == "no-store"
        if method == "GET":
            error = json.loads(reply.body)["error"]
            assert error == {"code": "NO_SUCH_STREAM", "message": "No such stream."}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(door, streams, method):
    streams.add(TOKEN, SIZE)
    reply = door.get(PATH, method, Content_Length="0")
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")
    assert json.loads(reply.body)["error"]["code"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("declared", "sent"),
    [
        ("audio/ogg", "audio/ogg"),
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("audio/x\r\nSet-Cookie: a=b", "application/octet-stream"),
    ],
)
def test_only_media_keeps_its_content_type(door, streams, declared, sent):
    streams.add(TOKEN, 10, content_type=declared)
    reply = door.get(PATH)
    assert reply.headers["content-type"] == sent
    assert "set-cookie" not in reply.headers


@pytest.mark.parametrize(
    "name",
    [
        "Жар-птица 01.flac",
        'a"; filename="evil.exe',
        "line\r\nSet-Cookie: a=b",
        "lone \udcff surrogate",
        "../../etc/passwd",
        "..\\..\\boot.ini",
        "",
    ],
)
def test_no_name_breaks_out_of_its_header(door, streams, name):
    streams.add(TOKEN, 10, name=name)
    reply = door.get(PATH)
    disposition = reply.headers["content-disposition"]
    last = name.replace("\\", "/").split("/")[-1].encode("utf-8", "replace")
    assert disposition.startswith('inline; filename="')
    assert disposition.count('"') == 2
    assert disposition.endswith(f"filename*=UTF-8''{quote(last, safe='')}")
    assert "set-cookie" not in reply.headers


def test_readers_of_one_stream_do_not_disturb_each_other(door, streams):
    stream = streams.add(TOKEN, SIZE, held=False)

    def fetch(start: int) -> bool:
        reply = door.get(PATH, Range=f"bytes={start}-")
        return reply.complete and reply.body == content(SIZE)[start:]

    starts = [0, 1, PIECE, PIECE + 1, 2 * PIECE + 7, SIZE - 1] * 4
    with ThreadPoolExecutor(len(starts)) as pool, door.client() as leaver:
        leaver.send(PATH)
        fetching = [pool.submit(fetch, start) for start in starts]
        readers = [stream.opened.get(timeout=WAIT) for _ in range(len(starts) + 1)]
        leaver.close()
        for piece in (3, 0, 2, 1):
            streams.change(TOKEN, pieces=stream.pieces | {piece})
        assert all(future.result(WAIT) for future in fetching)
    assert all(reader.closed.wait(WAIT) for reader in readers)


def test_a_client_that_stops_reading_stops_the_reading_of_pieces(door, streams):
    stream = streams.add(TOKEN, LARGE)
    with door.client(receive_buffer=64 * 1024) as client:
        client.send(PATH)
        client.head()
        reader = stream.opened.get(timeout=WAIT)
        _until_reads_pause(stream)
        assert reader.reads * PIECE < LARGE / 2
        assert client.file.read(LARGE) == content(LARGE)
    assert reader.closed.wait(WAIT)


def _until_reads_pause(stream) -> None:
    """Return when the handler asked for nothing during half a second."""
    with suppress(queue.Empty):
        while True:
            stream.reads.get(timeout=0.5)


def test_nothing_is_read_ahead_of_the_client(door, streams):
    stream = streams.add(TOKEN, SIZE, held=False)
    with door.client() as client:
        client.send(PATH)
        for piece in range(3):
            assert stream.reads.get(timeout=WAIT) == piece
            assert stream.reads.empty()
            streams.change(TOKEN, pieces=stream.pieces | {piece})
            if piece == 0:
                client.head()
            assert len(client.file.read(PIECE)) == PIECE


@pytest.mark.parametrize("abruptly", [False, True])
def test_a_disconnect_while_waiting_closes_the_reader(door, streams, abruptly):
    stream = streams.add(TOKEN, SIZE, held=False)
    streams.change(TOKEN, pieces={0})
    with door.client() as client:
        client.send(PATH)
        client.head()
        client.file.read(PIECE)
        reader = stream.opened.get(timeout=WAIT)
        assert (stream.reads.get(timeout=WAIT), stream.reads.get(timeout=WAIT)) == (
            0,
            1,
        )
        if abruptly:
            _reset(client)
    assert reader.closed.wait(WAIT)


def test_a_disconnect_before_the_first_byte_closes_the_reader(door, streams):
    stream = streams.add(TOKEN, SIZE, held=False)
    with door.client() as client:
        client.send(PATH)
        reader = stream.opened.get(timeout=WAIT)
    assert reader.closed.wait(WAIT)


@pytest.mark.parametrize("abruptly", [False, True])
def test_a_disconnect_while_writing_closes_the_reader(door, streams, abruptly):
    stream = streams.add(TOKEN, LARGE)
    with door.client(receive_buffer=64 * 1024) as client:
        client.send(PATH)
        client.head()
        reader = stream.opened.get(timeout=WAIT)
        _until_reads_pause(stream)
        if abruptly:
            _reset(client)
    assert reader.closed.wait(WAIT)


def _reset(client) -> None:
    linger = struct.pack("ii", 1, 0)
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def test_a_disconnect_while_waiting_for_metadata_ends_the_wait(door, streams, bridge):
    stream = streams.add(TOKEN, SIZE)
    waiting, ended = threading.Event(), threading.Event()
    describe = streams.describe

    async def observed(token: str):
        waiting.set()
        try:
            return await describe(token)
        finally:
            ended.set()

    streams.describe = observed
    streams.change(TOKEN, metadata=False)
    with door.client() as client:
        client.send(PATH)
        assert waiting.wait(WAIT)
    assert ended.wait(WAIT)
    assert stream.opened.empty()


def test_many_clients_that_come_and_go_leave_no_reader_behind(door, streams):
    stream = streams.add(TOKEN, SIZE, held=False)

    def probe(number: int) -> None:
        with door.client() as client:
            client.send(PATH, Range=f"bytes={number}-")
            if number % 3:
                client.socket.settimeout(0.001 * (number % 7) + 0.001)
                with suppress(TimeoutError):
                    client.socket.recv(10)

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(probe, range(200)))
    streams.change(TOKEN, held=True)
    assert door.get(PATH).complete  # comes after all of them on the same loops
    readers = [stream.opened.get_nowait() for _ in range(stream.opened.qsize())]
    assert all(reader.closed.wait(WAIT) for reader in readers)


def test_a_failure_after_the_first_byte_never_looks_complete(public_door, streams):
    stream = streams.add(TOKEN, SIZE, held=False)
    streams.change(TOKEN, pieces={0})
    with public_door.client() as client:
        client.send(PATH)
        assert client.head()[1]["content-length"] == str(SIZE)
        assert client.file.read(PIECE) == content(PIECE)
        streams.change(TOKEN, failure=SwarmFailed("gone"))
        assert client.ended_silently()
    assert stream.opened.get(timeout=WAIT).closed.wait(WAIT)


def test_a_reader_that_ends_early_never_looks_complete(public_door, streams):
    streams.add(TOKEN, SIZE, held=True)
    open_reader = streams.open_reader
    streams.open_reader = lambda token, start, stop, *, player: open_reader(
        token, start, stop - 50, player=player
    )
    reply = public_door.get(PATH)
    assert not reply.complete
    assert reply.body == content(SIZE)[: SIZE - 50]


def test_a_release_ends_a_response_that_waits(door, streams):
    stream = streams.add(TOKEN, SIZE, held=False)
    streams.change(TOKEN, pieces={0})
    with door.client() as client:
        client.send(PATH)
        client.head()
        client.file.read(PIECE)
        streams.release(TOKEN)
        assert client.ended_silently()
    assert stream.opened.get(timeout=WAIT).closed.wait(WAIT)


def test_a_release_ends_a_response_whose_client_does_not_read(door, streams):
    stream = streams.add(TOKEN, LARGE)
    with door.client(receive_buffer=64 * 1024) as client:
        client.send(PATH)
        client.head()
        reader = stream.opened.get(timeout=WAIT)
        _until_reads_pause(stream)
        streams.release(TOKEN)
        assert reader.closed.wait(WAIT)
        assert len(client.file.read()) < stream.info.size


def test_a_reader_closed_before_it_opened_never_opens(bridge, streams):
    stream = streams.add(TOKEN, SIZE)
    opened = partial(streams.open_reader, TOKEN, 0, SIZE, player=False)
    reader = RemoteReader(bridge, opened)
    reader.close()
    with pytest.raises(Cancelled):
        asyncio.run(reader.next())
    assert stream.opened.empty()


def test_a_reader_that_is_released_after_its_client_left_leaves_no_complaint(caplog):
    async def reader():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise Cancelled("The stream was released.") from None

    async def client():
        await asyncio.sleep(0)

    async def run():
        assert await _first_of(reader(), client()) == 1
        for _ in range(3):  # the reader's task ends, and who waits for it is told
            await asyncio.sleep(0)
        gc.collect()

    asyncio.run(run())
    assert not [r for r in caplog.records if r.levelno > logging.DEBUG]


def test_pieces_are_written_in_small_portions():
    assert WRITE_BYTES <= 64 * 1024
