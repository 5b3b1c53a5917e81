"""libtorrent's settings for a proxy: everything goes through it, or not at all.

Nothing of UDP is left: an HTTP proxy passes none, few SOCKS5 proxies do, and local
discovery and port mapping talk to the local network themselves.
"""

from __future__ import annotations

from typing import Any

import libtorrent as lt

from mopidy_vozduxan.network.proxying import Proxy

_KINDS = {
    ("socks5", False): lt.proxy_type_t.socks5,
    ("socks5", True): lt.proxy_type_t.socks5_pw,
    ("http", False): lt.proxy_type_t.http,
    ("http", True): lt.proxy_type_t.http_pw,
}
_UDP = (
    *("enable_dht", "enable_lsd", "enable_upnp", "enable_natpmp"),
    *("enable_outgoing_utp", "enable_incoming_utp"),
)


def settings_of(proxy: Proxy | None) -> dict[str, Any]:
    """Return the settings for a proxy; none without one."""
    if proxy is None:
        return {}
    return {
        "proxy_type": int(_KINDS[proxy.kind, bool(proxy.user)]),
        "proxy_hostname": proxy.host,
        "proxy_port": proxy.port,
        "proxy_username": proxy.user,
        "proxy_password": proxy.password,
        "proxy_hostnames": True,
        "proxy_peer_connections": True,
        "proxy_tracker_connections": True,
        **dict.fromkeys(_UDP, False),
    }
