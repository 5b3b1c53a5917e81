"""Swarms of real libtorrent seeders, in one process of their own.

Each seeder is a session on its own loopback address (127.0.0.2, .3, …), so a client
meets them as different hosts. Their rate limits hold on loopback, their tick is 20 ms
(with the default of 500 ms the limiter hands out bandwidth in half-second steps), and
DHT, LSD, UPnP and NAT-PMP are off. With a delay, clients are pointed at relays.

The process obeys JSON lines on its stdin and ends when that closes, so it does not
outlive the parent. It never writes into the data it seeds.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import libtorrent as lt

from tests.rig.relay import start_relay

ROOT = Path(__file__).parents[2]
FIRST_HOST = 2  # 127.0.0.2 and up; relays of the same number on 127.0.1.x
TRICKLE = 1  # bytes/s; 0 would mean "no limit"

SETTINGS: dict[str, Any] = {
    "tick_interval": 20,
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "allow_multiple_connections_per_ip": True,  # all clients are 127.0.0.1
    "alert_mask": lt.alert.category_t.status_notification
    | lt.alert.category_t.error_notification,
}

#: Settings with which seeders remember every block that they send.
TELLS_BLOCKS: dict[str, Any] = {
    "alert_mask": int(SETTINGS["alert_mask"] | lt.alert.category_t.upload_notification),
    "alert_queue_size": 1_000_000,
}


class Swarm:
    """A context manager over one process of `seeders` seeders of one torrent.

    `data` is the folder that holds the torrent's file or folder. `rate` is bytes/s of
    each seeder (0: no limit), `delay_ms` one way. `pieces` gives, per seeder, the
    pieces it has (None: all). `settings` go to every seeder's session. With `host` all
    are there instead, in a network namespace that has it.
    """

    def __init__(
        self,
        torrent: bytes,
        data: Path,
        *,
        seeders: int = 1,
        rate: int = 0,
        delay_ms: float = 0,
        utp: bool = True,
        pieces: Sequence[Iterable[int] | None] | None = None,
        settings: Mapping[str, object] | None = None,
        host: str | None = None,
    ) -> None:
        have = [sorted(p) if p is not None else None for p in pieces or ()]
        self._orders = {
            "torrent": base64.b64encode(torrent).decode(),
            "data": str(data),
            "rate": rate,
            "delay": delay_ms / 1000,
            "utp": utp,
            "pieces": have or [None] * seeders,
            "settings": dict(settings or {}),
            "host": host,
        }
        self.peers: list[tuple[str, int]] = []
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.rig.seeder"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        answer = self._ask(self._orders)
        self.peers = [(host, port) for host, port in answer["peers"]]

    def limit(self, rate: int, seeder: int | None = None) -> None:
        """New upload limit in bytes/s, of one seeder or of each."""
        self._ask({"do": "limit", "rate": rate, "seeder": seeder})

    def stall(self, seeder: int | None = None) -> None:
        """Send nothing more, and keep every connection open and unchoked."""
        self._ask({"do": "limit", "rate": TRICKLE, "seeder": seeder})

    def leave(self, seeder: int | None = None) -> None:
        """Hang up and refuse every connection, until `back`."""
        self._ask({"do": "leave", "seeder": seeder})

    def back(self, seeder: int | None = None) -> None:
        self._ask({"do": "back", "seeder": seeder})

    def uploaded(self) -> list[int]:
        """Payload bytes that each seeder has sent."""
        return [int(sent) for sent in self._ask({"do": "uploaded"})["uploaded"]]

    def blocks(self) -> list[tuple[int, int]]:
        """Piece and block of all that was sent since the last call.

        `settings` must have :data:`TELLS_BLOCKS`.
        """
        return [(p, b) for p, b in self._ask({"do": "blocks"})["blocks"]]

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def _ask(self, order: Mapping[str, object]) -> dict[str, Any]:
        process = self._process
        assert process is not None, "the swarm is not running"
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the seeders' process ended with {process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Seeder:
    """One session that seeds; lives in the separate process."""

    def __init__(self, number: int, orders: dict[str, Any]) -> None:
        self.host = orders["host"] or f"127.0.0.{FIRST_HOST + number}"
        settings = SETTINGS | {
            "listen_interfaces": f"{self.host}:0",
            "enable_incoming_utp": orders["utp"],
            "enable_outgoing_utp": orders["utp"],
        }
        self._session = lt.session(settings | orders["settings"])
        self._limit_local_peers()
        self._handle = self._session.add_torrent(self._parameters(number, orders))
        self.limit(orders["rate"])
        self.port = self._listening()

    def limit(self, rate: int) -> None:
        self._session.apply_settings({"upload_rate_limit": rate})

    def leave(self) -> None:
        self._session.pause()

    def back(self) -> None:
        self._session.resume()

    def uploaded(self) -> int:
        return int(self._handle.status().total_payload_upload)

    def blocks(self) -> list[tuple[int, int]]:
        return [
            (int(alert.piece_index), int(alert.block_index))
            for alert in self._session.pop_alerts()
            if isinstance(alert, lt.block_uploaded_alert)
        ]

    def _limit_local_peers(self) -> None:
        everyone = lt.ip_filter()
        everyone.add_rule("0.0.0.0", "255.255.255.255", 1)  # 1: the global class
        self._session.set_peer_class_filter(everyone)
        by_type = lt.peer_class_type_filter()
        for kind in (by_type.tcp_socket, by_type.utp_socket):
            by_type.disallow(kind, lt.session.local_peer_class_id)
        self._session.set_peer_class_type_filter(by_type)

    def _parameters(self, number: int, orders: dict[str, Any]) -> Any:
        parameters = lt.load_torrent_buffer(base64.b64decode(orders["torrent"]))
        parameters.save_path = orders["data"]
        have = orders["pieces"][number]
        flags = lt.torrent_flags
        parameters.flags &= ~(flags.auto_managed | flags.paused)
        # A seeder that learns its own address calls itself, and then bans
        # 127.0.0.1: every client of the test.
        parameters.flags |= flags.disable_pex
        if have is None:
            parameters.flags |= flags.seed_mode
        else:
            pieces = _piece_count(parameters)
            parameters.have_pieces = [index in set(have) for index in range(pieces)]
            parameters.flags |= flags.upload_mode  # never fetches what it lacks
        return parameters

    def _listening(self) -> int:
        deadline = time.monotonic() + 20
        # ``wait_for_alert`` of 2.0.8 crashes when other alerts come in meanwhile.
        while time.monotonic() < deadline:
            for alert in self._session.pop_alerts():
                if isinstance(alert, lt.listen_failed_alert):
                    raise OSError(alert.message())
                if isinstance(alert, lt.listen_succeeded_alert):
                    return int(alert.port)
            time.sleep(0.01)
        raise TimeoutError(f"no port on {self.host}")


def _piece_count(parameters: Any) -> int:
    return int(parameters.ti.num_pieces())


async def serve(lines: asyncio.StreamReader) -> None:
    """First line: what to seed. Further lines: orders. Ends with the input."""
    orders = json.loads(await lines.readline())
    seeders = [Seeder(n, orders) for n in range(len(orders["pieces"]))]
    peers = [await _address(n, s, orders["delay"]) for n, s in enumerate(seeders)]
    _say({"peers": peers})
    while line := await lines.readline():
        order = json.loads(line)
        chosen = order.get("seeder")
        _say(_obey(order, seeders if chosen is None else [seeders[chosen]]))


async def _address(number: int, seeder: Seeder, delay: float) -> tuple[str, int]:
    if not delay:
        return seeder.host, seeder.port
    host = f"127.0.1.{FIRST_HOST + number}"
    server, port = await start_relay(host, (seeder.host, seeder.port), delay)
    _servers.append(server)
    return host, port


_servers: list[asyncio.Server] = []


def _obey(order: dict[str, Any], seeders: list[Seeder]) -> dict[str, Any]:
    match order["do"]:
        case "limit":
            for seeder in seeders:
                seeder.limit(order["rate"])
        case "leave":
            for seeder in seeders:
                seeder.leave()
        case "back":
            for seeder in seeders:
                seeder.back()
        case "uploaded":
            return {"uploaded": [seeder.uploaded() for seeder in seeders]}
        case "blocks":
            return {"blocks": [block for s in seeders for block in s.blocks()]}
    return {}


def _say(answer: Mapping[str, object]) -> None:
    print(json.dumps(answer), flush=True)


async def _main() -> None:
    lines = asyncio.StreamReader(limit=64 << 20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin.buffer
    )
    await serve(lines)


if __name__ == "__main__":
    asyncio.run(_main())
    os._exit(0)  # nothing to save; sessions would say goodbye for seconds
