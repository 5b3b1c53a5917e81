"""Which host names are ours.

A site on the internet can point its own name at an address in the listener's network
("DNS rebinding"). The browser then takes its requests to us for requests to its own
origin; only ``Host`` still shows the name. So we answer to addresses, to names that no
public name server knows, and to names from the configuration or the machine's own
network.
"""

from __future__ import annotations

import re
import socket
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

#: Used in local networks, and delegated to nobody: RFC 6761, 6762 (appendix G), 8375.
_LOCAL = (
    *("corp", "home", "home.arpa", "internal", "intranet", "lan"),
    *("local", "localdomain", "localhost", "private"),
)

RESOLV_CONF = Path("/etc/resolv.conf")

_LABEL = re.compile(r"[a-z0-9_-]*")


def name_in(netloc: str) -> str:
    """Return the name or address in a ``Host`` header, or in an origin's netloc."""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").rstrip(".")
    except ValueError:
        return netloc


def is_local(name: str) -> bool:
    """Whether no site on the internet can have this name; no browser sends ""."""
    return bool(_LABEL.fullmatch(name) or _is_address(name) or name.endswith(_ENDINGS))


@cache
def own_names() -> frozenset[str]:
    """Return this machine's own names; may wait for a name server.

    Many routers put its host name below a domain that is only in ``resolv.conf``, such
    as ``fritz.box``.
    """
    short = socket.gethostname().partition(".")[0]
    names = [short, socket.getfqdn(), *(f"{short}.{d}" for d in _search_domains())]
    return frozenset(name.lower().rstrip(".") for name in names)


def _search_domains() -> list[str]:
    try:
        lines = [line.split() for line in RESOLV_CONF.read_text().splitlines()]
    except (OSError, UnicodeDecodeError):
        return []
    words = [line for line in lines if line and line[0] in ("search", "domain")]
    return [domain for _, *domains in words for domain in domains if domain != "."]


_ENDINGS = tuple(f".{ending}" for ending in _LOCAL)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
