"""The types of the settings about the network, for Mopidy's schema."""

from __future__ import annotations

import re

from mopidy import config

from mopidy_vozduxan.network import extra_trackers, rates
from mopidy_vozduxan.network.interfaces import check_host, interfaces_of
from mopidy_vozduxan.network.proxying import OF_MOPIDY, Proxy


class ListenInterfaces(config.String):
    """libtorrent's list of interfaces: ``address:port,device:port,...``."""

    def deserialize(self, value: str) -> str:
        """The value unchanged; ValueError if it names nothing to listen on."""
        interfaces: str = super().deserialize(value)
        interfaces_of(interfaces)
        return interfaces


class OneInterface(config.String):
    """An address or a device of this machine, or nothing."""

    def __init__(self) -> None:
        super().__init__(optional=True)

    def deserialize(self, value: str) -> str | None:
        """The value unchanged, None if empty; ValueError if it can be neither."""
        host: str | None = super().deserialize(value)
        if host:
            check_host(host)
        return host


class Trackers(config.List):
    """Trackers' URLs, and files that have one on each line."""

    def __init__(self) -> None:
        super().__init__(optional=True)

    def deserialize(self, value: str) -> tuple[str, ...]:
        """The entries; ValueError if one is neither a URL nor a path."""
        entries = tuple(map(str, super().deserialize(value)))
        for entry in entries:
            extra_trackers.check(entry)
        return entries


class ProxyUrl(config.String):
    """A proxy's URL, or ``mopidy``; shown without its password."""

    def __init__(self) -> None:
        super().__init__(optional=True)

    def deserialize(self, value: str) -> str | None:
        """The value unchanged; ValueError if it names no proxy."""
        proxy: str | None = super().deserialize(value)
        if proxy and proxy != OF_MOPIDY:
            Proxy.of(proxy)
        return proxy

    def serialize(self, value: object, display: bool = False) -> str:
        """The value; passwords are not displayed."""
        text = str(value or "")
        return re.sub(r":[^:/@]*@", ":********@", text) if display else text


class Rate(config.ConfigValue):
    """A rate with its unit, as bytes/s; 0 is no limit."""

    def deserialize(self, value: str) -> int:
        """The bytes/s; ValueError if the value is no rate."""
        text = value if isinstance(value, str) else value.decode()
        return rates.rate_of(text)

    def serialize(self, value: object, display: bool = False) -> str:
        """A text that means the same."""
        return rates.text_of(value) if isinstance(value, int) else ""
