"""A DHT on loopback: one node to begin with, and the settings of those that join.

Not a test. libtorrent keeps loopback addresses out of its DHT unless told otherwise.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import libtorrent as lt

from tests.rig.seeder import SETTINGS as OFFLINE

HOST = "127.0.0.9"
SETTINGS: dict[str, Any] = {
    "enable_dht": True,
    "dht_enforce_node_id": False,
    "dht_ignore_dark_internet": False,
    "dht_prefer_verified_node_ids": False,
    "dht_restrict_routing_ips": False,
    "dht_restrict_search_ips": False,
}


@contextmanager
def dht() -> Iterator[dict[str, Any]]:
    """Run the first node; yield libtorrent's settings for the others."""
    listening = {"listen_interfaces": f"{HOST}:0", "dht_bootstrap_nodes": ""}
    session = lt.session(OFFLINE | SETTINGS | listening)
    while not (port := session.listen_port()):
        session.wait_for_alert(1000)
        session.pop_alerts()
    yield SETTINGS | {"dht_bootstrap_nodes": f"{HOST}:{port}"}
    session.pause()


def environment(settings: Mapping[str, Any]) -> dict[str, str]:
    """What has Mopidy processes join: their config can only turn the DHT on."""
    path = str(Path(__file__).with_name("joined"))
    return {
        "PYTHONPATH": os.pathsep.join([path, os.environ.get("PYTHONPATH", "")]),
        "LIBTORRENT_SETTINGS": json.dumps(settings),
    }
