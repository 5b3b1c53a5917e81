"""Kills a process that plays, again and again: what is served, what is fetched again.

The process has our engine and manager on a real swarm, and reads like a player. It
reports each piece that passed its hash check, and the digest of all bytes it was
served. The seeders report each block that they send.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.rig.seeder import TELLS_BLOCKS, Swarm
from tests.rig.torrents import Version, make_torrent

ROOT = Path(__file__).parents[2]
BLOCK = 16 * 1024
KIB = 1024
LOOPBACK = {
    "listen_interfaces": "127.0.0.1:0",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
}
#: A start must have delivered by then, on a busy machine too.
PATIENCE_S = 60.0


@dataclass
class Result:
    """Bytes that were verified, served and fetched again, all cycles together.

    ``sounds`` are the seconds from the request to the first byte, one per cycle.
    """

    verified: int = 0
    served: int = 0
    again: int = 0
    sent: int = 0
    wrong: int = 0
    sounds: list[float] = field(default_factory=list)
    log: str = ""

    @property
    def share(self) -> float:
        """How much of what was verified was fetched again."""
        return self.again / max(1, self.verified)


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process like ``kill -9``."""
    process.send_signal(signal.SIGKILL)


@dataclass
class Kills:
    """``die`` ends the process; ``between`` is called between two lives.

    It gets the process's folder, ``home``, and the number of the life that ended.
    """

    folder: Path
    version: Version = "v1"
    piece_length: int = 256 * KIB
    files: int = 8
    file_size: int = 8_000_003
    rate: int = 1_500_000  # of each seeder
    seeders: int = 2
    life_s: tuple[float, float] = (0.1, 1.5)  # after the first byte
    die: Callable[[subprocess.Popen[bytes]], None] = kill
    between: Callable[[Path, int], None] = lambda *_: None

    def __post_init__(self) -> None:
        noise = random.Random(f"{self.version}{self.piece_length}")
        album = self.folder / "seed" / "Album"
        album.mkdir(parents=True)
        for number in range(self.files):
            body = noise.randbytes(self.file_size + number)
            (album / f"{number}.bin").write_bytes(body)
        self.torrent = make_torrent(
            album, piece_length=self.piece_length, version=self.version
        )
        (self.folder / "a.torrent").write_bytes(self.torrent)
        self._bodies = [path.read_bytes() for path in sorted(album.iterdir())]
        self.home = self.folder / "home"

    def run(self, cycles: int) -> Result:
        """Live and die that often."""
        result, verified, chance = Result(), set[int](), random.Random(1)
        with Swarm(
            self.torrent,
            self.folder / "seed",
            seeders=self.seeders,
            rate=self.rate,
            settings=TELLS_BLOCKS,
        ) as swarm:
            for cycle in range(cycles):
                before = set(verified)
                self._live(swarm, chance, result, verified)
                blocks = swarm.blocks()
                result.sent += len(blocks) * BLOCK
                result.again += sum(piece in before for piece, _ in blocks) * BLOCK
                self.between(self.home, cycle)
        result.verified = len(verified) * self.piece_length
        result.log = (self.folder / "log").read_text("utf-8")
        return result

    def _live(
        self, swarm: Swarm, chance: random.Random, result: Result, verified: set[int]
    ) -> None:
        peers = [f"{host}:{port}" for host, port in swarm.peers]
        first, at = chance.randrange(self.files), chance.random()
        command = [sys.executable, "-m", "tests.rig.kills", self.folder]
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [*command, str(first), str(at), *peers],
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
            )
        life_s = chance.uniform(*self.life_s)
        killed: threading.Timer | None = None
        late = threading.Timer(PATIENCE_S, process.kill)
        late.start()
        sounds = len(result.sounds)
        assert process.stdout
        for line in process.stdout:
            if not line.endswith(b"\n"):
                break
            self._note(json.loads(line), result, verified)
            if killed is None and len(result.sounds) > sounds:
                killed = threading.Timer(life_s, self.die, (process,))
                killed.start()
        process.wait()
        late.cancel()
        log = (self.folder / "log").read_text("utf-8")
        assert killed, f"it served nothing, status {process.returncode}: {log}"
        killed.cancel()
        killed.join()

    def _note(self, said: dict[str, Any], result: Result, verified: set[int]) -> None:
        match said:
            case {"piece": piece}:
                verified.add(piece)
            case {"sound": seconds}:
                result.sounds.append(seconds)
            case {"file": file, "start": start, "size": size, "digest": digest}:
                right = self._bodies[file][start : start + size]
                result.served += size
                result.wrong += hashlib.sha1(right).hexdigest() != digest


def say(**fact: object) -> None:
    """Tell the parent; a line is whole even if we are killed."""
    os.write(1, json.dumps(fact).encode() + b"\n")


async def live(folder: Path, first: int, at: float, peers: list[str]) -> None:
    """Read from a place on, round and round, until somebody kills us."""
    from mopidy_vozduxan.engine.parsing import read_with_magnet
    from mopidy_vozduxan.engine.protocol import Event, PieceFinished, PiecesHeld
    from mopidy_vozduxan.engine.session import LibtorrentEngine
    from mopidy_vozduxan.streaming.limits import Limits
    from mopidy_vozduxan.streaming.manager import Manager
    from mopidy_vozduxan.streaming.target import Target
    from mopidy_vozduxan.torrent.metainfo import TorrentSource

    bare, metainfo = read_with_magnet((folder / "a.torrent").read_bytes())
    kind = "btih" if len(bare.infohash) == 40 else "btmh:1220"
    met = "".join(f"&x.pe={peer}" for peer in peers)
    magnet = f"magnet:?xt=urn:{kind}:{bare.infohash}{met}".replace("1220:", "1220")
    source = TorrentSource(bare.infohash, bare.torrent, magnet, "Album")
    home, loop = folder / "home", asyncio.get_running_loop()
    engine = LibtorrentEngine(home / "data", home / "resume", LOOPBACK)
    manager = Manager(
        engine, Limits(), loop.time, lambda *_: os._exit(3), lambda _: None
    )

    def on_event(event: Event) -> None:
        if isinstance(event, PieceFinished):
            say(piece=event.piece)
        if isinstance(event, PiecesHeld):
            for piece in event.held:
                say(piece=piece)
        manager.on_event(event)

    engine.start(loop, on_event)
    asked, heard = time.monotonic(), False
    files = [file for file in metainfo.files if not file.padding]
    for number in itertools.count(first):
        file = files[number % len(files)]
        offset = 0 if heard else int(file.size * at)
        token = await manager.prepare(Target(source, metainfo, file.index))
        reader = manager.serving.open_reader(token, offset, file.size, player=True)
        while (part := await reader.next()) is not None:
            if not heard:
                heard = True
                say(sound=time.monotonic() - asked)
            digest = hashlib.sha1(part).hexdigest()
            number = files.index(file)
            say(file=number, start=offset, size=len(part), digest=digest)
            offset += len(part)
        reader.close()


if __name__ == "__main__":
    _folder, _first, _at, *_peers = sys.argv[1:]
    asyncio.run(live(Path(_folder), int(_first), float(_at), _peers))
