"""By which names a browser may reach us.

A page of any site can have its own name lead to an address in the listener's
network ("DNS rebinding"). To the browser its requests to us are then of its own
origin; only ``Host`` still says by what name it came. So we answer to addresses, to
names that no public name server gives out, and to those that the configuration or
the machine's own network names.
"""

from __future__ import annotations

import re
import socket
from functools import cache
from ipaddress import ip_address
from urllib.parse import urlsplit

#: Used in local networks, and delegated to nobody: RFC 6761, 6762 (appendix G), 8375.
_LOCAL = (
    *("corp", "home", "home.arpa", "internal", "intranet", "lan"),
    *("local", "localdomain", "localhost", "private"),
)

_LABEL = re.compile(r"[a-z0-9_-]*")


def name_in(netloc: str) -> str:
    """Return the name or address in a ``Host`` header, or in an origin's netloc."""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").rstrip(".")
    except ValueError:
        return netloc


def is_local(name: str) -> bool:
    """Whether no site of the internet can have that name; "" is no browser's."""
    return bool(_LABEL.fullmatch(name) or _is_address(name) or name.endswith(_ENDINGS))


@cache
def own_names() -> frozenset[str]:
    """Return the names this machine has for itself; may wait for a name server."""
    return frozenset({socket.gethostname().lower(), socket.getfqdn().lower()})


_ENDINGS = tuple(f".{ending}" for ending in _LOCAL)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
