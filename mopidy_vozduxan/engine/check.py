"""Checks that a usable libtorrent is installed; never starts a session."""

from __future__ import annotations

from itertools import takewhile

from mopidy_vozduxan.exceptions import EngineUnavailable

MINIMUM_VERSION = (2, 0, 8)  # Debian 12's python3-libtorrent
_REMEDY = "install Debian's python3-libtorrent, or libtorrent from PyPI"


def check_libtorrent() -> None:
    """Raise EngineUnavailable unless libtorrent imports and is new enough."""
    try:
        import libtorrent
    except ImportError as exc:
        raise EngineUnavailable(
            f"libtorrent cannot be imported ({exc}); {_REMEDY}."
        ) from exc
    if parse_version(libtorrent.__version__) < MINIMUM_VERSION:
        minimum = ".".join(map(str, MINIMUM_VERSION))
        raise EngineUnavailable(
            f"libtorrent {libtorrent.__version__} is too old, "
            f"{minimum} or later is needed; {_REMEDY}."
        )


def parse_version(text: str) -> tuple[int, ...]:
    """``"2.0.8.0"`` gives ``(2, 0, 8, 0)``; ends at the first part with letters."""
    return tuple(map(int, takewhile(str.isdecimal, text.split("."))))
