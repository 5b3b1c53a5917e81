"""The proxy that torrents use, as the configuration names it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import unquote, urlsplit

#: Mopidy's own ``[proxy]`` section.
OF_MOPIDY = "mopidy"
_PORTS = {"socks5": 1080, "socks5h": 1080, "http": 8080}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A SOCKS5 or HTTP proxy.

    ``url`` is for our own requests; it is empty if Mopidy's section names it.
    """

    url: str
    kind: str
    host: str
    port: int
    user: str = ""
    password: str = ""

    @property
    def text(self) -> str:
        """What to show of it: neither user nor password."""
        return f"{self.kind}://{self.host}:{self.port}"

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the proxy that a URL names. Raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(
                "must be socks5://host:port or http://host:port,"
                f" with user:password@ if needed, or {OF_MOPIDY}"
            )
        kind = "socks5" if parts.scheme == "socks5h" else parts.scheme
        port = parts.port or _PORTS[parts.scheme]
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        own = f"{kind}{url[len(parts.scheme) :]}"
        return cls(own, kind, parts.hostname, port, user, password)


def proxy_of(setting: str | None, section: Mapping[str, Any]) -> Proxy | None:
    """Return the proxy of our setting; ``section`` is Mopidy's. Raises ValueError."""
    if not setting:
        return None
    if setting != OF_MOPIDY:
        return Proxy.of(setting)
    if not section.get("hostname"):
        raise ValueError("names Mopidy's proxy, but [proxy] has no hostname")
    kind = section.get("scheme") or "http"
    host, port = section["hostname"], section.get("port")
    user, password = section.get("username") or "", section.get("password") or ""
    known = Proxy.of(f"{kind}://{host}" + (f":{port}" if port else ""))
    return Proxy("", known.kind, known.host, known.port, user, password)
