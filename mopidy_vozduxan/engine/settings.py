"""How libtorrent is set up, every value with its reason. Never decides what to fetch.

Numbers were measured with libtorrent 2.0.8 and 2.1.1 on loopback swarms unless
another source is named. "First byte" is the time from joining to the first piece.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.parsing import MAX_PIECES
from mopidy_vozduxan.torrent.metainfo import MAX_TORRENT_BYTES

#: Half-second steps (the default) put 0.5 s before the first byte; 50 ms steps
#: take 35 ms. They cost some CPU, so only while somebody waits.
TICK_WAITING_MS = 50
TICK_IDLE_MS = 250

#: What a swarm may fetch while it holds nothing but an anchor: enough to stay a
#: downloader in the eyes of its peers, too little to fill the disk.
TRICKLE_BYTES_PER_S = 16 * 1024

#: A swarm somebody waits for that found no peer over TCP in this time tries uTP.
UTP_AFTER_S = 5.0

#: What libtorrent tells us: no peer, DHT or log chatter, which could flood the
#: queue and wakes the loop for nothing.
ALERT_MASK = int(
    lt.alert_category.error
    | lt.alert_category.status
    | lt.alert_category.storage
    | lt.alert_category.piece_progress
)


def _version() -> str:
    try:
        return metadata.version("Mopidy-Vozduxan")
    except metadata.PackageNotFoundError:
        return "0.0.0"


def _fingerprint() -> str:
    numbers = [int(n) if n.isdigit() else 0 for n in _version().split(".")[:3]]
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return str(lt.generate_fingerprint("VZ", major, minor, patch, 0))


#: Our settings; names the installed libtorrent lacks are still in it.
PROFILE: Mapping[str, Any] = {
    "user_agent": f"Mopidy-Vozduxan/{_version()}",
    "peer_fingerprint": _fingerprint(),
    "alert_mask": ALERT_MASK,
    # The default 2000 overflows when a burst of small pieces comes in.
    "alert_queue_size": 20_000,
    # -- first byte and seeks --
    "tick_interval": TICK_IDLE_MS,
    # Requests queued at a peer arrive before what a seek asks for: 1 s
    # instead of 3 s halves the seek on slow seeds.
    "request_queue_time": 1,
    "max_out_request_queue": 250,
    # 0: the first pieces are those we ask for, not random ones.
    "initial_picker_threshold": 0,
    # 0: a piece is split over all peers; whole pieces wait for the slowest.
    "whole_pieces_threshold": 0,
    "prioritize_partial_pieces": False,
    # A block that is late on one peer is asked of another.
    "strict_end_game_mode": True,
    "piece_timeout": 10,  # 4 s snubs honest slow peers, 20 s stalls music
    "request_timeout": 20,
    # -- staying with the swarm --
    # True drops every seed once all that is wanted is there, and the next
    # track then finds nobody for 75-150 s.
    "close_redundant_connections": False,
    # -- meeting peers --
    # 500 hung for 30 s (libtorrent issue 3699); 100 did not.
    "connection_speed": 100,
    "torrent_connect_boost": 50,
    "smooth_connects": False,
    "peer_connect_timeout": 7,
    "min_reconnect_time": 10,
    "max_failcount": 3,
    "connections_limit": 200,
    # libtorrent asks over uTP first and waits 3 s before TCP: 4.6 s to the
    # first byte with TCP-only peers instead of 0.17 s. So TCP first; uTP
    # goes out when TCP finds nobody (UTP_AFTER_S), and always comes in.
    "enable_outgoing_utp": False,
    "utp_connect_timeout": 1500,
    "mixed_mode_algorithm": int(lt.bandwidth_mixed_algo_t.prefer_tcp),
    # -- metadata from a swarm: libtorrent reads it before we see it, on the thread
    # that all swarms share. As much as 60,000 files take; 2.5 million by default.
    "metadata_token_limit": 600_000,
    "max_metadata_size": MAX_TORRENT_BYTES,
    "max_piece_count": MAX_PIECES,
    # -- web seeds --
    # True bans a server for a whole torrent because of one changed file. We count
    # what came wrong ourselves (wrong_pieces.py).
    "ban_web_seeds": False,
    # A refusal (403, 404, 503) of one file rests the whole server for so long, 30 s
    # by default, and that file is asked of it no more: so it costs one request.
    "urlseed_wait_retry": 2,
    # -- manners --
    # Somebody who uploads nothing is unchoked last.
    "unchoke_slots_limit": 8,
    "announce_to_all_tiers": True,
    "announce_to_all_trackers": True,
    # -- leaving --
    # Closing waits for the trackers' goodbye; 5 s is the default.
    "stop_tracker_timeout": 1,
    # -- queueing is ours, not libtorrent's --
    "active_downloads": -1,
    "active_seeds": -1,
    "active_limit": -1,
    "active_checking": 4,
    # -- disk --
    "no_atime_storage": True,
    "file_pool_size": 40,
    # Files are read and written, never mapped: as fast, 70 instead of 210 MB for
    # 150 MB fetched (2.1.1), and 32-bit address space does not run out. A file cut
    # short is then "too short" for every version, not an error of the disk.
    "mmap_file_size_cutoff": 2**31 - 1,
    # -- privacy: 2.1 asks a Google server for our address by default --
    "webtorrent_stun_server": "",
    "max_webtorrent_offers": 0,
}

#: Our config keys and libtorrent's names for them.
CONFIG_NAMES = {
    "listen_interfaces": "listen_interfaces",
    "dht": "enable_dht",
    "lsd": "enable_lsd",
    "upnp": "enable_upnp",
    "natpmp": "enable_natpmp",
}


def settings_from(config_values: Mapping[str, object]) -> dict[str, object]:
    """Return the overrides that our config's values mean; others are left out."""
    return {
        name: config_values[key]
        for key, name in CONFIG_NAMES.items()
        if config_values.get(key) is not None
    }


def settings_for(overrides: Mapping[str, object]) -> dict[str, Any]:
    """Return the whole set for the installed libtorrent, overrides applied."""
    wanted = {**PROFILE, **overrides}
    unknown = set(unknown_settings(wanted))
    return {name: value for name, value in wanted.items() if name not in unknown}


def session_params(settings: Mapping[str, Any]) -> Any:
    """Return what a session starts with: these settings, and 2.0's disk backend.

    2.1's own one may hash a piece while its torrent goes, and then the process dies
    (2.1.1; ``docs/decisions.rst``).
    """
    params: Any = lt.session_params()
    params.settings = settings
    if hasattr(params, "disk_io_constructor"):
        params.disk_io_constructor = "mmap_disk_io_constructor"
    return params


def unknown_settings(names: Iterable[str]) -> list[str]:
    """Return the names the installed libtorrent does not know.

    ``default_settings()`` leaves out those whose default is empty, so each is
    tried where there is doubt.
    """
    known = lt.default_settings()
    return [name for name in names if name not in known and not _accepted(name)]


def _accepted(name: str) -> bool:
    try:
        params: Any = lt.session_params()
        params.settings = {name: ""}
    except KeyError:
        return False
    except TypeError:
        return True
    return True
