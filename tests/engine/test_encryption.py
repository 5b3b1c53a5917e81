"""Encrypted connections to peers: who is met under which setting."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from mopidy_vozduxan.engine.protocol import PieceFinished
from mopidy_vozduxan.engine.settings import settings_from
from tests.engine.conftest import (
    LOOPBACK,
    Rig,
    Seeds,
    Tracker,
    make_album,
    on_loop,
    plan_of,
)
from tests.engine.test_loopback import everything

#: libtorrent's numbers of its policies, for seeds.
FORCED = ("in_enc_policy=0", "out_enc_policy=0", "allowed_enc_level=2")
DISABLED = ("in_enc_policy=2", "out_enc_policy=2")


@pytest.mark.parametrize(
    ("choice", "seed", "meets"),
    [
        ("allowed", FORCED, True),
        ("allowed", DISABLED, True),
        ("preferred", FORCED, True),
        ("preferred", DISABLED, True),
        ("required", FORCED, True),
        ("required", DISABLED, False),
        ("off", FORCED, False),
        ("off", DISABLED, True),
    ],
)
@on_loop
async def test_who_is_met(
    tmp_path: Path,
    tracker: Tracker,
    seeds: Seeds,
    choice: str,
    seed: tuple[str, ...],
    meets: bool,
) -> None:
    album = make_album(tmp_path, [300_000], tracker=tracker.url)
    tracker.peers = seeds.start(album, 1, *seed)
    settings = LOOPBACK | settings_from({"encryption": choice})
    async with Rig(tmp_path / "rig", settings) as rig:
        rig.engine.watch(frozenset([album.infohash]), waiting=True)
        rig.engine.add(album.source, plan_of(album, everything(album)))
        if meets:
            await rig.next(PieceFinished)
            return
        assert await asyncio.to_thread(tracker.announced.wait, 20)
        await asyncio.sleep(4)
        assert not rig.all(PieceFinished)
