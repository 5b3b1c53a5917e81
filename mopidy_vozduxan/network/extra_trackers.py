"""The trackers that the configuration adds to public torrents."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

logger = logging.getLogger(__name__)

_SCHEMES = ("http", "https", "udp")


def check(entry: str) -> None:
    """Raise ValueError unless it is a tracker's URL, or the path of a file."""
    if "://" not in entry:
        if not Path(entry).expanduser().is_absolute():
            raise ValueError(f"must be URLs, or the path of a file, not {entry!r}")
    elif not _is_tracker(entry):
        raise ValueError(f"must be http, https or udp URLs, not {entry!r}")


class ExtraTrackers:
    """``entries`` are URLs, and files that have one URL on each line."""

    def __init__(self, entries: Sequence[str] = ()) -> None:
        self._entries = entries

    def urls(self) -> list[str]:
        """Return all URLs, without those that are no trackers; blocks."""
        return list(dict.fromkeys(filter(_is_tracker, self._all())))

    def _all(self) -> Iterator[str]:
        for entry in self._entries:
            if "://" in entry:
                yield entry
            else:
                yield from _lines(Path(entry).expanduser())


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError as exc:
        logger.warning("Vozduxan: Cannot read the trackers in %s: %s", path, exc)
        return []
    return [line.strip() for line in lines]


def _is_tracker(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
