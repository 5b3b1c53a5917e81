"""Web seeds some of whose files are not what they were: the others are fetched."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from mopidy_vozduxan.engine.protocol import PieceFinished, PieceOffered, PieceWrong
from mopidy_vozduxan.planning.plan import Changes, Urgency
from tests.engine.conftest import (
    LOOPBACK,
    Album,
    Rig,
    Seeds,
    make_album,
    on_loop,
    plan_of,
)
from tests.engine.test_loopback import everything
from tests.rig.webserver import WebServer

#: Of 64 KiB pieces, with padding: each file has five of its own.
SIZES = [300_000, 300_000, 300_000]
SECOND = range(5, 10)
CHANGED = "/music/album/02 track.bin"
ATTEMPTS = 3


@pytest.fixture
def web() -> Iterator[WebServer]:
    with WebServer() as web:
        yield web


@pytest.fixture
def album(tmp_path: Path, web: WebServer) -> Album:
    seed = web.url("/music/")
    album = make_album(tmp_path, SIZES, 65536, "hybrid", web_seed=seed)
    for file in (album.folder / "album").iterdir():
        web.routes[f"/music/album/{file.name}"] = file.read_bytes()
    return album


@asynccontextmanager
async def joined(tmp_path: Path, album: Album, *peers) -> AsyncIterator[Rig]:
    """Want everything, and give a piece up when it has come wrong three times."""
    async with Rig(tmp_path, LOOPBACK) as rig:
        rig.engine.watch(frozenset([album.infohash]), waiting=True)
        source = replace(album.source, magnet=album.magnet(*peers).magnet)
        rig.engine.add(source, plan_of(album, everything(album)))
        yield rig


def finished(rig: Rig) -> set[int]:
    return {event.piece for event in rig.all(PieceFinished)}


def change(web: WebServer, at: slice) -> None:
    body = bytearray(web.routes[CHANGED])
    body[at] = bytes(byte ^ 0xFF for byte in body[at])
    web.routes[CHANGED] = bytes(body)


def give_up(rig: Rig, album: Album, *pieces: int) -> None:
    urgencies = tuple((piece, Urgency.NONE) for piece in pieces)
    rig.engine.apply(album.infohash, Changes(urgencies))


@on_loop
async def test_of_a_file_with_one_wrong_piece_the_others_come(
    tmp_path: Path, web: WebServer, album: Album
) -> None:
    change(web, slice(140_000, 140_001))
    async with joined(tmp_path, album) as rig:
        await rig.until(lambda: len(rig.all(PieceWrong)) == ATTEMPTS)
        assert {wrong.piece for wrong in rig.all(PieceWrong)} == {7}
        assert not any(wrong.elsewhere for wrong in rig.all(PieceWrong))
        give_up(rig, album, 7)
        await rig.until(lambda: len(finished(rig)) == album.piece_count - 1)
    assert len(web.requests) <= 10 * ATTEMPTS


@on_loop
async def test_a_changed_file_takes_no_other_with_it(
    tmp_path: Path, web: WebServer, album: Album
) -> None:
    change(web, slice(None))
    async with joined(tmp_path, album) as rig:
        others = set(range(album.piece_count)) - set(SECOND)
        await rig.until(lambda: len(rig.all(PieceWrong)) >= ATTEMPTS * len(SECOND))
        give_up(rig, album, *SECOND)
        await rig.until(lambda: finished(rig) == others)


@on_loop
async def test_a_file_that_is_refused_holds_up_the_others_for_a_moment(
    tmp_path: Path, web: WebServer, album: Album
) -> None:
    """libtorrent rests the whole server for 30 s otherwise."""
    del web.routes[CHANGED]
    async with joined(tmp_path, album) as rig:
        others = set(range(album.piece_count)) - set(SECOND)
        async with asyncio.timeout(15):
            await rig.until(lambda: finished(rig) == others)


@on_loop
async def test_a_peer_has_what_the_server_has_changed(
    tmp_path: Path, web: WebServer, album: Album, seeds: Seeds
) -> None:
    change(web, slice(None))
    peers = seeds.start(album, 1)
    async with joined(tmp_path, album, *peers) as rig:
        await rig.until(lambda: len(finished(rig)) == album.piece_count)


@on_loop
async def test_a_peer_that_comes_later_offers_what_was_given_up(
    tmp_path: Path, web: WebServer, album: Album, seeds: Seeds
) -> None:
    change(web, slice(0, 1))
    del web.routes["/music/album/03 track.bin"]  # so that somebody is still wanted
    async with joined(tmp_path, album) as rig:
        await rig.until(lambda: len(rig.all(PieceWrong)) == ATTEMPTS)
        give_up(rig, album, 5)
        await rig.until(lambda: len(finished(rig)) == len(SIZES[:2]) * len(SECOND) - 1)
        assert not rig.all(PieceOffered)
        peers = seeds.start(album, 1)
        rig.engine.add(album.magnet(*peers), None)
        await rig.next(PieceOffered, piece=5)
        rig.engine.apply(album.infohash, Changes(((5, Urgency.LATER),)))
        await rig.next(PieceFinished, piece=5)
