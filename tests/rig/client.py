"""The smallest libtorrent downloader, to try the rig itself. Knows no streaming."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import libtorrent as lt

SETTINGS: dict[str, Any] = {
    "listen_interfaces": "127.0.0.1:0",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "tick_interval": 50,
    "alert_mask": lt.alert.category_t.status_notification
    | lt.alert.category_t.error_notification
    | lt.alert.category_t.storage_notification,
}


def download(
    torrent: bytes | str,
    folder: Path,
    peers: Iterable[tuple[str, int]] = (),
    *,
    timeout: float = 60,
    **settings: object,
) -> float:
    """Fetch everything of a torrent (or magnet) into `folder`; seconds it took."""
    session = lt.session(SETTINGS | settings)
    if isinstance(torrent, str):
        parameters = lt.parse_magnet_uri(torrent)
    else:
        parameters = lt.load_torrent_buffer(torrent)
    parameters.save_path = str(folder)
    parameters.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    parameters.peers = [*parameters.peers, *peers]
    begin = time.monotonic()
    handle = session.add_torrent(parameters)
    _wait_for(session, lt.torrent_finished_alert, begin + timeout)
    took = time.monotonic() - begin
    handle.flush_cache()
    _wait_for(session, lt.cache_flushed_alert, begin + timeout)
    session.remove_torrent(handle)
    return took


def _wait_for(session: Any, kind: type, deadline: float) -> None:
    while (left := deadline - time.monotonic()) > 0:
        session.wait_for_alert(int(left * 1000) + 1)
        for alert in session.pop_alerts():
            if isinstance(alert, kind):
                return
            if isinstance(alert, lt.torrent_error_alert | lt.file_error_alert):
                raise RuntimeError(alert.message())
    raise TimeoutError(kind.__name__)
