"""Pieces that came and did not match their hash, and who else has them.

libtorrent requests such a piece forever, or bans a web seed for all files of a torrent
because of one. So it bans none here. Our side decides how often to request a piece, by
what is reported here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Set
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.joined_swarm import JoinedSwarm
from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.engine.protocol import PieceOffered, PieceWrong
from mopidy_vozduxan.engine.web_seeds import WebSeeds

#: The addresses of the peers that have a piece; web seeds are not peers.
Addresses = frozenset[tuple[str, int]]


class WrongPieces:
    """Looks at peers on other threads, because libtorrent answers late."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._web_seeds = WebSeeds(members)

    def came(self, swarm: JoinedSwarm, piece: int) -> None:
        """Report a piece that came wrong."""
        self._web_seeds.renew_soon(swarm)

        def tell(found: Mapping[int, Addresses]) -> None:
            swarm.wrong[piece] = found[piece]
            elsewhere = bool(found[piece])
            self._members.emit(PieceWrong(swarm.infohash, piece, elsewhere))

        self._look(swarm, {piece}, tell)

    def look_around(self, swarm: JoinedSwarm) -> None:
        """Report wrong pieces that a new peer has.

        The number of peers is no help: web seeds count in it, too.
        """

        def tell(found: Mapping[int, Addresses]) -> None:
            for piece, addresses in found.items():
                if addresses - swarm.wrong.get(piece, addresses):
                    del swarm.wrong[piece]
                    self._members.emit(PieceOffered(swarm.infohash, piece))

        self._look(swarm, set(swarm.wrong), tell)

    def _look(
        self,
        swarm: JoinedSwarm,
        pieces: Set[int],
        found: Callable[[Mapping[int, Addresses]], None],
    ) -> None:
        def take(asked: asyncio.Future[Mapping[int, Addresses]]) -> None:
            gone = self._members.present(swarm.infohash) is not swarm
            if not (gone or asked.cancelled() or asked.exception()):
                found(asked.result())

        asked = self._members.loop.run_in_executor(
            None, peers_with, swarm.handle, pieces
        )
        asked.add_done_callback(take)


def peers_with(handle: Any, pieces: Set[int]) -> Mapping[int, Addresses]:
    """Return who has each of the pieces; blocks."""
    peers = [
        peer
        for peer in handle.get_peer_info()
        if peer.connection_type == lt.peer_info.standard_bittorrent
    ]
    return {
        piece: frozenset(peer.ip for peer in peers if _has(peer.pieces, piece))
        for piece in pieces
    }


def _has(pieces: Any, piece: int) -> bool:
    # A peer that has not yet said what it has, has an empty list.
    return piece < len(pieces) and bool(pieces[piece])
