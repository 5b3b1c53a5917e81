"""The types of the settings about the network, for Mopidy's schema."""

from __future__ import annotations

from mopidy import config

from mopidy_vozduxan.network import rates
from mopidy_vozduxan.network.interfaces import interfaces_of


class ListenInterfaces(config.String):
    """libtorrent's list of interfaces: ``address:port,device:port,...``."""

    def deserialize(self, value: str) -> str:
        """The value unchanged; ValueError if it names nothing to listen on."""
        interfaces: str = super().deserialize(value)
        interfaces_of(interfaces)
        return interfaces


class Rate(config.ConfigValue):
    """A rate with its unit, as bytes/s; 0 is no limit."""

    def deserialize(self, value: str) -> int:
        """The bytes/s; ValueError if the value is no rate."""
        text = value if isinstance(value, str) else value.decode()
        return rates.rate_of(text)

    def serialize(self, value: object, display: bool = False) -> str:
        """A text that means the same."""
        return rates.text_of(value) if isinstance(value, int) else ""
