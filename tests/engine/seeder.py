"""A seed in a process of its own, libtorrent as it comes. Not a test.

``seeder.py TORRENT FOLDER ADDRESS [SETTING=VALUE ...]`` prints its port once it
seeds, and ends with its standard input.
"""

from __future__ import annotations

import sys
import time

import libtorrent as lt

OFFLINE = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
}


def main(torrent: str, folder: str, address: str, *settings: str) -> None:
    """Seed until standard input ends."""
    params = lt.session_params()
    extra = {name: int(value) for name, value in (s.split("=") for s in settings)}
    params.settings = {
        **OFFLINE,
        "listen_interfaces": f"{address}:0",
        **extra,
    }
    session = lt.session(params)
    with open(torrent, "rb") as file:
        added = lt.load_torrent_buffer(file.read())
    added.save_path = folder
    added.trackers = []
    # A seed that is told its own address calls itself, notices, and bans the
    # caller: 127.0.0.1, where the engine lives too.
    added.flags |= lt.torrent_flags.disable_pex
    handle = session.add_torrent(added)
    # Alerts would tell, but ``wait_for_alert`` of 2.0.8 looks at one while others
    # come in, and crashes once in a hundred times.
    while not (handle.status().is_seeding and session.listen_port()):
        time.sleep(0.01)
    print(session.listen_port(), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
