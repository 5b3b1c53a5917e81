"""On PYTHONPATH: this Python finds no host but loopback ones. Sends nothing.

Iris asks PyPI for its newest version as soon as a browser connects.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

_getaddrinfo = socket.getaddrinfo


def _loopback_only(host: Any, *arguments: Any, **options: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    try:
        allowed = name in (None, "", "localhost") or _is_local(name)
    except ValueError:
        allowed = False
    if not allowed:
        raise socket.gaierror(socket.EAI_NONAME, f"{name} is not on this machine")
    return _getaddrinfo(host, *arguments, **options)


def _is_local(name: str) -> bool:
    address = ipaddress.ip_address(name.partition("%")[0])
    return address.is_loopback or address.is_unspecified


socket.getaddrinfo = _loopback_only
