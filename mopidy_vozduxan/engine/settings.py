"""libtorrent's settings, each value with its reason. Never decides what to fetch.

Numbers were measured with libtorrent 2.0.8 and 2.1.1 on loopback swarms, unless another
source is named. "First byte" is the time from joining to the first piece.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.parsing import MAX_PIECES
from mopidy_vozduxan.network.interfaces import listening_of
from mopidy_vozduxan.torrent.metainfo import MAX_TORRENT_BYTES

MIB = 1024 * 1024

#: Ticks of half a second (the default) delay the first byte by 0.5 s, ticks of 50 ms by
#: 35 ms. Fast ticks cost some CPU, so we use them only while somebody waits.
TICK_WAITING_MS = 50
TICK_IDLE_MS = 250

#: The rate of a swarm that wants nothing but anchors: enough to stay a downloader in
#: the eyes of its peers, too little to fill the disk.
TRICKLE_BYTES_PER_S = 16 * 1024

#: When to try uTP in a swarm that somebody waits for and that has no peer over TCP.
UTP_AFTER_S = 5.0

#: What libtorrent reports to us. Messages about peers, the DHT and its log could flood
#: the queue, and would wake the loop for nothing.
ALERT_MASK = int(
    lt.alert_category.error
    | lt.alert_category.status
    | lt.alert_category.storage
    | lt.alert_category.piece_progress
    | lt.alert_category.tracker
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


#: Our settings, including those that the installed libtorrent lacks.
PROFILE: Mapping[str, Any] = {
    "user_agent": f"Mopidy-Vozduxan/{_version()}",
    "peer_fingerprint": _fingerprint(),
    "alert_mask": ALERT_MASK,
    # The default 2000 overflows when a burst of small pieces comes in.
    "alert_queue_size": 20_000,
    # -- first byte and seeks --
    "tick_interval": TICK_IDLE_MS,
    # Requests queued at a peer are answered before those of a seek: 1 s instead of 3 s
    # halves the time of a seek with slow seeds.
    "request_queue_time": 1,
    "max_out_request_queue": 250,
    # 0: the first pieces are the ones we want, not random ones.
    "initial_picker_threshold": 0,
    # 0: a piece is split over all peers; whole pieces would wait for the slowest.
    "whole_pieces_threshold": 0,
    "prioritize_partial_pieces": False,
    # A block that is late at one peer is requested from another.
    "strict_end_game_mode": True,
    "piece_timeout": 10,  # 4 s snubs honest slow peers, 20 s stalls music
    "request_timeout": 20,
    # -- staying with the swarm --
    # True drops every seed once everything wanted is here, and the next track then
    # finds nobody for 75-150 s.
    "close_redundant_connections": False,
    # -- meeting peers --
    # 500 hung for 30 s (libtorrent issue 3699); 100 did not.
    "connection_speed": 100,
    "torrent_connect_boost": 50,
    "smooth_connects": False,
    "peer_connect_timeout": 7,
    "min_reconnect_time": 10,
    "max_failcount": 3,
    # libtorrent tries uTP first, and waits 3 s before TCP: 4.6 s to the first byte with
    # TCP-only peers instead of 0.17 s. So we use TCP first. We call over uTP when TCP
    # finds nobody (UTP_AFTER_S), and always accept it.
    "enable_outgoing_utp": False,
    "utp_connect_timeout": 1500,
    "mixed_mode_algorithm": int(lt.bandwidth_mixed_algo_t.prefer_tcp),
    # -- metadata from a swarm: libtorrent reads it before we see it, on the thread that
    # all swarms share. Enough for 60,000 files; the default is 2.5 million.
    "metadata_token_limit": 600_000,
    "max_metadata_size": MAX_TORRENT_BYTES,
    "max_piece_count": MAX_PIECES,
    # -- web seeds --
    # True bans a server for a whole torrent because of one changed file. We count wrong
    # pieces ourselves (wrong_pieces.py).
    "ban_web_seeds": False,
    # After it refuses one file (403, 404, 503), a server rests for this long, 30 s by
    # default. That file is not requested from it again, so this costs one request.
    "urlseed_wait_retry": 2,
    # -- manners --
    # True counts the acknowledgements of what we fetch as uploads: an upload limit then
    # slows downloads.
    "rate_limit_ip_overhead": False,
    # Private torrents have one tracker at a time (trackers.py).
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
    # Files are read and written, never mapped: as fast, 70 instead of 210 MB for 150 MB
    # fetched (2.1.1), and 32-bit address space does not run out. A file that is cut
    # short is then "too short" in every version, not a disk error.
    "mmap_file_size_cutoff": 2**31 - 1,
    # What waits to be written is in memory. The default of 2.1 is 100 MiB, and no
    # faster; that of 2.0 is 1 MiB.
    "max_queued_disk_bytes": MIB,
    # libtorrent reads a socket empty before it looks at that limit. With the kernel's
    # own buffers (up to 32 MB for a peer), 17 to 82 MB waited to be written; with 1 MiB
    # it was 8 at most. But see `settings_for`.
    "recv_socket_buffer_size": MIB,
    # Ten threads (the default) are no faster than two, and free blocks in as many
    # places.
    "aio_threads": 2,
    # -- privacy: 2.1 asks a Google server for our address by default --
    "webtorrent_stun_server": "",
    "max_webtorrent_offers": 0,
}

_NAMELESS = {"user_agent": "", "peer_fingerprint": ""}

#: Our config keys and libtorrent's names for them.
CONFIG_NAMES = {
    "listen_interfaces": "listen_interfaces",
    "dht": "enable_dht",
    "lsd": "enable_lsd",
    "upnp": "enable_upnp",
    "natpmp": "enable_natpmp",
    "anonymous_mode": "anonymous_mode",
}


_FORCED, _ENABLED, _DISABLED = (
    int(policy)
    for policy in (
        lt.enc_policy.pe_forced,
        lt.enc_policy.pe_enabled,
        lt.enc_policy.pe_disabled,
    )
)
_BOTH, _RC4 = int(lt.enc_level.both), int(lt.enc_level.rc4)
#: Our choices: the policy for calls in and out, the level, and whether RC4 is preferred
#: to an encrypted handshake alone.
ENCRYPTION = {
    "allowed": (_ENABLED, _BOTH, False),
    "preferred": (_ENABLED, _BOTH, True),
    "required": (_FORCED, _RC4, True),
    "off": (_DISABLED, _BOTH, False),
}


def _encryption(choice: object) -> dict[str, object]:
    policy, level, prefer = ENCRYPTION[str(choice)]
    return {
        "in_enc_policy": policy,
        "out_enc_policy": policy,
        "allowed_enc_level": level,
        "prefer_rc4": prefer,
    }


def settings_from(config_values: Mapping[str, object]) -> dict[str, object]:
    """Return libtorrent's settings for our config's values; others are left out."""
    values = dict(config_values)
    if values.get("interface"):
        values["listen_interfaces"] = listening_of(values)
    choice = values.get("encryption")
    return {
        name: values[key]
        for key, name in CONFIG_NAMES.items()
        if values.get(key) is not None
    } | (_encryption(choice) if choice else {})


def settings_for(overrides: Mapping[str, object]) -> dict[str, Any]:
    """Return all settings for the installed libtorrent, with overrides applied.

    A kernel that allows no receive buffers of the size we want finds a size itself: a
    smaller one would slow down a lone seed that is far away.
    """
    wanted = {**PROFILE, **overrides}
    if wanted.get("anonymous_mode"):
        wanted |= _NAMELESS  # libtorrent keeps the peer id's beginning (2.1.1)
    if _largest_receive_buffer() < MIB:
        wanted.pop("recv_socket_buffer_size")
    unknown = set(unknown_settings(wanted))
    return {name: value for name, value in wanted.items() if name not in unknown}


def _largest_receive_buffer() -> int:
    try:
        return int(Path("/proc/sys/net/core/rmem_max").read_text())
    except (OSError, ValueError):
        return 0


def session_params(settings: Mapping[str, Any]) -> Any:
    """Return a session's parameters: these settings, and 2.0's disk backend.

    2.1's own one may hash a piece of a torrent that is being removed, and then the
    process dies (2.1.1; ``docs/decisions.rst``).
    """
    params: Any = lt.session_params()
    params.settings = settings
    if hasattr(params, "disk_io_constructor"):
        params.disk_io_constructor = "mmap_disk_io_constructor"
    return params


def unknown_settings(names: Iterable[str]) -> list[str]:
    """Return the names that the installed libtorrent does not know.

    ``default_settings()`` omits settings with an empty default, so doubtful ones are
    tried one by one.
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
