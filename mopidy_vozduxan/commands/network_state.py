"""What torrents may use of the network: shown by ``status``, changed by a command."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from mopidy_vozduxan.commands import arguments
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.network import rates
from mopidy_vozduxan.network.binding import Binding
from mopidy_vozduxan.network.network_limits import NetworkLimits
from mopidy_vozduxan.network.proxying import Proxy

Row = dict[str, object]

#: The arguments of ``torrent_limits``: the limit's name, its least and highest value.
_RATES = {"downloadLimit": "download", "uploadLimit": "upload"}
_COUNTS = {
    "connectionsLimit": ("connections", 2, 65_535),
    "torrentConnectionsLimit": ("torrent_connections", 2, 65_535),
    "uploadSlots": ("upload_slots", 1, 1000),
}


class NetworkState:
    """Knows binding, limits and proxy; ``apply`` is called with other limits."""

    def __init__(
        self,
        binding: Binding,
        limits: NetworkLimits,
        apply: Callable[[NetworkLimits], None],
        proxy: Proxy | None = None,
    ) -> None:
        self._proxy = proxy
        self._binding = binding
        self._limits = limits
        self._apply = apply

    def row(self) -> Row:
        """Return what traffic is bound to, what is wrong, and the limits."""
        now = self._binding.standing()
        return {
            "boundTo": list(self._binding.named),
            "devices": list(now.devices),
            "trouble": now.sentence,
            "proxy": self._proxy.text if self._proxy else None,
            "limits": self.limits_row(),
        }

    def limits_row(self) -> Row:
        """Return the limits in force; rates are in bytes/s, 0 is none."""
        names = {**_RATES, **{name: of for name, (of, *_) in _COUNTS.items()}}
        return {name: getattr(self._limits, of) for name, of in names.items()}

    def change_limits(self, given: Mapping[str, object]) -> None:
        """Change those that are given, at once; ``None`` leaves one alone.

        Raises :class:`BadInput`, and changes nothing then.
        """
        changes: dict[str, int] = {}
        for name, of in _RATES.items():
            if given[name] is not None:
                changes[of] = _rate(name, given[name])
        for name, (of, least, most) in _COUNTS.items():
            if given[name] is not None:
                changes[of] = _count(name, given[name], least, most)
        if changes:
            self._limits = replace(self._limits, **changes)
            self._apply(self._limits)


def _rate(name: str, value: object) -> int:
    """Return the bytes/s; a number means bytes/s, a text has its unit."""
    text = value if isinstance(value, str) else f"{arguments.number(name, value)} B/s"
    try:
        return rates.rate_of("0" if text == "0 B/s" else text)
    except ValueError as exc:
        raise BadInput(f"{name} {exc}.") from exc


def _count(name: str, value: object, least: int, most: int) -> int:
    count = arguments.number(name, value)
    if not least <= count <= most:
        raise BadInput(f"{name} must be from {least} to {most}.")
    return count
