"""What all our traffic is bound to, by the configuration; unbound where it is not.

The engine, our own fetches and ``status`` ask it. It holds to no state: it looks at
the machine's devices anew each time, which takes less than a millisecond.
"""

from __future__ import annotations

from mopidy_vozduxan.network import devices
from mopidy_vozduxan.network.interfaces import interfaces_of, named_in
from mopidy_vozduxan.network.ways import Standing, standing_of


class Binding:
    """Made of what ``listen_interfaces`` says. Raises ValueError for nonsense."""

    def __init__(self, listen_interfaces: str) -> None:
        self._named = named_in(interfaces_of(listen_interfaces))

    @property
    def named(self) -> tuple[str, ...]:
        """The devices and addresses that traffic is bound to; none: it is not."""
        return tuple(interface.host for interface in self._named)

    def standing(self) -> Standing:
        """Return how they stand now."""
        return standing_of(self._named, devices.look() if self._named else {})
