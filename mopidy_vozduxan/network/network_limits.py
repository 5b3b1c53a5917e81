"""How much of the network torrents may use. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class NetworkLimits:
    """Rates in bytes/s, 0 for none; they hold for all peers, also local ones.

    ``connections`` count in all swarms together, ``torrent_connections`` in one of
    them; ``upload_slots`` are the peers that we upload to at a time.
    """

    download: int = 0
    upload: int = 0
    connections: int = 200
    torrent_connections: int = 100
    upload_slots: int = 8

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """Return the limits in our section of the configuration."""
        return cls(
            download=config["download_limit"],
            upload=config["upload_limit"],
            connections=config["connections_limit"],
            torrent_connections=config["torrent_connections_limit"],
            upload_slots=config["upload_slots"],
        )
