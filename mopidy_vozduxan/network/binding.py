"""What the configuration binds all our traffic to, if anything.

The engine, our own fetches and ``status`` use it. It keeps no state: each call looks
at the machine's devices, which takes less than a millisecond.
"""

from __future__ import annotations

from mopidy_vozduxan.network import devices
from mopidy_vozduxan.network.interfaces import interfaces_of, named_in
from mopidy_vozduxan.network.ways import Standing, standing_of


class Binding:
    """The binding in :func:`interfaces.listening_of`. Raises ValueError if invalid."""

    def __init__(self, listen_interfaces: str) -> None:
        self._named = named_in(interfaces_of(listen_interfaces))

    @property
    def named(self) -> tuple[str, ...]:
        """The devices and addresses that traffic is bound to; empty if unbound."""
        return tuple(interface.host for interface in self._named)

    def standing(self) -> Standing:
        """Return which of them exist now, and what is wrong."""
        return standing_of(self._named, devices.look() if self._named else {})
