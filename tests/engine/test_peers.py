"""Peers that forget what they were asked, and those that only let us wait."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from mopidy_vozduxan.engine.peers import owed_for_s
from mopidy_vozduxan.engine.protocol import PieceFinished, StatisticsChanged
from mopidy_vozduxan.planning.plan import Urgency
from tests.engine.conftest import (
    LOOPBACK,
    Album,
    Rig,
    make_album,
    on_loop,
    plan_of,
)

BITFIELD, UNCHOKE, REQUEST, PIECE = 5, 1, 6, 7


class Peer:
    """A seed of a v1 torrent, written out so that it can behave badly.

    The first connection is ignored, or choked; later ones get what they ask for.
    It hangs up on the first ``away``.
    """

    def __init__(
        self,
        album: Album,
        *,
        chokes: bool = False,
        away: int = 0,
        name: bytes = b"-XX0001-",
        host: str = "127.0.0.2",
    ) -> None:
        self.met = 0
        self.asked = threading.Event()
        self._album, self._chokes, self._name = album, chokes, name
        self._away = away
        self._server = socket.create_server((host, 0))
        self.address = self._server.getsockname()
        threading.Thread(target=self._meet, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _meet(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=[connection], daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as stream:
            start = stream.read(68)
            if not start.startswith(b"\x13BitTorrent protocol"):
                return  # it is encrypted; without, it is tried at once
            self.met += 1
            if self.met <= self._away:
                return
            badly = self.met == 1
            connection.sendall(
                start[:20] + bytes(8) + start[28:48] + self._name.ljust(20)
            )
            count = self._album.piece_count
            field = bytearray(-(-count // 8))
            for piece in range(count):
                field[piece // 8] |= 0x80 >> piece % 8
            send(connection, BITFIELD, bytes(field))
            if not (badly and self._chokes):
                send(connection, UNCHOKE)
            while size := stream.read(4):
                message = stream.read(int.from_bytes(size, "big"))
                if message[:1] == bytes([REQUEST]):
                    self.asked.set()
                    if not badly:
                        self._answer(connection, *struct.unpack("!3I", message[1:]))

    def _answer(
        self, connection: socket.socket, piece: int, start: int, size: int
    ) -> None:
        data = self._album.piece(piece)[start : start + size]
        send(connection, PIECE, struct.pack("!2I", piece, start) + data)


def send(connection: socket.socket, kind: int, payload: bytes = b"") -> None:
    connection.sendall(struct.pack("!IB", 1 + len(payload), kind) + payload)


@pytest.fixture
def album(tmp_path) -> Album:
    return make_album(tmp_path, [200_000])


@pytest.fixture
def peers() -> Iterator[Callable[..., Peer]]:
    with contextlib.ExitStack() as stack:
        yield lambda *args, **how: stack.enter_context(
            contextlib.closing(Peer(*args, **how))
        )


async def met(rig: Rig, album: Album, peer: Peer) -> None:
    """Join, want all of it, and wait until the peer was told so."""
    rig.engine.watch(frozenset([album.infohash]), waiting=True)
    wanted = dict.fromkeys(range(album.piece_count), Urgency.NOW)
    source = replace(album.magnet(peer.address), torrent=album.torrent)
    rig.engine.add(source, plan_of(album, wanted))
    await rig.until(
        lambda: any(e.statistics.num_peers for e in rig.all(StatisticsChanged))
    )


@on_loop
async def test_who_ignores_us_is_met_anew(tmp_path, album, peers) -> None:
    peer = peers(album)
    async with Rig(tmp_path, LOOPBACK) as rig:
        await met(rig, album, peer)
        await asyncio.to_thread(peer.asked.wait, 30)
        rig.engine.reconnect(album.infohash)
        await rig.until(lambda: len(rig.all(PieceFinished)) == album.piece_count)
        assert peer.met == 2
        # What it forgot may have been cancelled: that must not happen to it again.
        assert rig.engine._members.swarms[album.infohash].may_cancel is False


@on_loop
async def test_who_was_away_is_called_as_often_as_peers_are_looked_for(
    tmp_path, album, peers
) -> None:
    """libtorrent gives a peer up after three calls, 10 and 20 s apart."""
    peer = peers(album, away=4)
    async with Rig(tmp_path, LOOPBACK) as rig:
        wanted = dict.fromkeys(range(album.piece_count), Urgency.NOW)
        source = replace(album.magnet(peer.address), torrent=album.torrent)
        rig.engine.add(source, plan_of(album, wanted))
        while not rig.all(PieceFinished):
            rig.engine.meet(album.infohash)
            with contextlib.suppress(TimeoutError):
                await rig.until(lambda: bool(rig.all(PieceFinished)), 1)
        assert peer.met == 5


@on_loop
async def test_who_chokes_us_is_waited_for(tmp_path, album, peers) -> None:
    peer = peers(album, chokes=True)
    async with Rig(tmp_path, LOOPBACK) as rig:
        await met(rig, album, peer)
        assert owed_for_s(rig.engine._members.swarms[album.infohash].handle) is None
