"""Keeps a session within its limits, and its uploads out of a listener's way.

A saturated uplink delays our own requests and acknowledgements: see
``docs/network.rst`` for the figures. So while what plays is in need, all uploads
together get no more than :data:`YIELDING_BYTES_PER_S`. libtorrent's limit also delays
our requests, by up to a tick, so it is set only if we do upload.
"""

from __future__ import annotations

from typing import Any

import libtorrent as lt

from mopidy_vozduxan.engine.members import Members
from mopidy_vozduxan.network.network_limits import NetworkLimits

#: A third of an uplink of 1 Mbit/s, and enough for peers to go on trading with us.
YIELDING_BYTES_PER_S = 40_000
#: Slower uploads are in nobody's way.
NOTICED_BYTES_PER_S = 20_000

_GLOBAL, _LOCAL = lt.session.global_peer_class_id, lt.session.local_peer_class_id


def settings_of(limits: NetworkLimits, *, yielding: bool = False) -> dict[str, Any]:
    """Return libtorrent's settings for the limits."""
    upload = limits.upload
    if yielding:
        upload = min(upload or YIELDING_BYTES_PER_S, YIELDING_BYTES_PER_S)
    return {
        "download_rate_limit": limits.download,
        "upload_rate_limit": upload,
        "connections_limit": limits.connections,
        "unchoke_slots_limit": limits.upload_slots,
    }


class Limiter:
    """Applies ``limits`` to the session of ``members``."""

    def __init__(self, members: Members, limits: NetworkLimits) -> None:
        self._members = members
        self.limits = limits
        self._needed = False
        self._yielding = False
        _limit_local_peers(members.session)

    def set(self, limits: NetworkLimits) -> None:
        """Apply other limits, at once."""
        self.limits = limits
        self._apply()
        for swarm in self._members.swarms.values():
            if swarm.handle and not swarm.leaving:
                swarm.handle.set_max_connections(limits.torrent_connections)

    def yield_uploads(self, on: bool) -> None:
        """Upload little, or as much as the limits allow."""
        self._needed = on
        self.look()

    def look(self) -> None:
        """Look at the upload rate; call this whenever it may have changed."""
        yielding = self._needed and (self._yielding or self._uploads())
        if yielding != self._yielding:
            self._yielding = yielding
            self._apply()

    def _uploads(self) -> bool:
        swarms = self._members.swarms.values()
        rate = sum(swarm.statistics.upload_rate for swarm in swarms)
        return rate >= NOTICED_BYTES_PER_S

    def _apply(self) -> None:
        settings = settings_of(self.limits, yielding=self._yielding)
        self._members.session.apply_settings(settings)


def _limit_local_peers(session: Any) -> None:
    """Apply limits to peers in the local network, which libtorrent exempts."""
    everyone = lt.ip_filter()
    everyone.add_rule("0.0.0.0", "255.255.255.255", 1 << _GLOBAL)
    everyone.add_rule("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1 << _GLOBAL)
    session.set_peer_class_filter(everyone)
    by_type: Any = lt.peer_class_type_filter()
    for kind in (by_type.tcp_socket, by_type.ssl_tcp_socket, by_type.i2p_socket):
        by_type.add(kind, lt.session.tcp_peer_class_id)  # as by default
    for kind in (
        by_type.tcp_socket,
        by_type.utp_socket,
        by_type.ssl_tcp_socket,
        by_type.ssl_utp_socket,
        by_type.i2p_socket,
    ):
        by_type.disallow(kind, _LOCAL)
    session.set_peer_class_type_filter(by_type)
