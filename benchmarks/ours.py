"""Our streaming path as the backend wires it, without Mopidy: a contestant."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from benchmarks.contestants import OFFLINE, obey
from benchmarks.networks import BYTES_PER_S
from mopidy_vozduxan.assembly import Streaming
from mopidy_vozduxan.decoding.registry import get_ready_for
from mopidy_vozduxan.engine.parsing import read_with_magnet
from mopidy_vozduxan.engine.session import LibtorrentEngine
from mopidy_vozduxan.running import StreamsHere
from mopidy_vozduxan.streaming.limits import Limits
from mopidy_vozduxan.streaming.target import Target
from mopidy_vozduxan.web.door import PlayerDoor


class Ours:
    """Bridge, engine, manager and the player's door."""

    def __init__(self, torrent: bytes, folder: Path, settings: dict[str, Any]) -> None:
        self._source, self._metainfo = read_with_magnet(torrent)
        engine = LibtorrentEngine(
            folder / "data", folder / "resume", OFFLINE | settings
        )
        streaming = Streaming.of(engine, Limits(), lambda _: None, _failed)
        self._bridge, self._manager = streaming.bridge, streaming.manager
        self._door = PlayerDoor(StreamsHere(self._bridge, self._manager.serving))
        streaming.start()
        self._door.start()
        get_ready_for("")  # as in a Mopidy that has run for a while
        self._token = ""

    def answer(self, order: dict[str, Any]) -> dict[str, Any]:
        """Obey one order."""
        if order["do"] == "forecast":
            forecast = self._manager.forecast
            self._bridge.tell(forecast, self._token, order["position_ms"])
            return {}
        old = self._token
        self._token = self._bridge.ask(self._play(order["index"])).result(10)
        if old:
            self._bridge.tell(self._manager.release, old)
        return {"url": self._door.url_for(self._token)}

    async def _play(self, index: int) -> str:
        size = self._metainfo.files[index].size
        length_ms = size * 1000 // BYTES_PER_S
        target = Target(self._source, self._metainfo, index, length_ms)
        return self._manager.play(target, "")


def _failed(token: str, uri: str, reason: str) -> None:
    print("the stream failed:", reason, file=sys.stderr)


if __name__ == "__main__":
    if os.environ.get("VOZDUXAN_DEBUG"):
        logging.basicConfig(
            level=logging.DEBUG, format="%(relativeCreated)d %(name)s %(message)s"
        )
    _orders = json.loads(sys.argv[1])
    obey(
        Ours(
            Path(_orders["torrent"]).read_bytes(),
            Path(_orders["folder"]),
            _orders["settings"],
        ).answer
    )
