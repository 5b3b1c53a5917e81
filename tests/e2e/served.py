"""What our public door serves, asked for without Mopidy's player."""

from __future__ import annotations

import base64
import json
import urllib.request

from tests.e2e.stage import PATIENCE_S, Album, Listener

#: Opens loopback addresses also where the environment names a proxy.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def public_url(listener: Listener, one: Album, uri: str) -> str:
    """Have a stream made without the player, which would read it too."""
    arguments = {
        "torrentFileB64": base64.b64encode(one.torrent).decode(),
        "fileIdx": int(uri.rpartition(":")[2]),
    }
    request = urllib.request.Request(
        f"{listener.mopidy.url}/vozduxan/api/torrent_prepare_stream",
        json.dumps(arguments).encode(),
        {"Content-Type": "application/json"},
    )
    with DIRECT.open(request, timeout=PATIENCE_S) as response:
        token = json.load(response)["token"]
    return f"{listener.mopidy.url}/vozduxan/stream/{token}"
