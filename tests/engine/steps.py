"""What many tests of the engine do first: join a swarm, put pieces in by hand."""

from __future__ import annotations

from mopidy_vozduxan.engine.protocol import (
    PieceFinished,
    PiecesHeld,
)
from mopidy_vozduxan.planning.plan import Urgency
from tests.engine.conftest import (
    Album,
    Rig,
    plan_of,
)

VERSIONS = ["v1", "hybrid", "v2"]


async def joined(rig: Rig, album: Album, *pieces: int) -> None:
    """Join the album's swarm and put those pieces in."""
    before = len(rig.events)
    rig.engine.add(album.source, plan_of(album, {0: Urgency.NOW}))
    await rig.next(PiecesHeld, after=before)
    await put(rig, album, *pieces)


async def put(rig: Rig, album: Album, *pieces: int) -> None:
    """Put those pieces in as peers would."""
    before = len(rig.events)
    for piece in pieces:
        rig.put_piece(album, piece)
    for piece in pieces:
        await rig.next(PieceFinished, after=before, piece=piece)
