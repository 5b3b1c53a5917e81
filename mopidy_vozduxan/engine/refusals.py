"""Remembers swarms whose metadata was refused, and why, so as not to ask them again.

The files are beside the resume data, and are deleted with it. They are read once,
before the event loop needs them.
"""

from __future__ import annotations

import logging
from pathlib import Path

from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.version import __version__

logger = logging.getLogger(__name__)


class Refusals:
    """The refusals in ``folder``, by infohash. Blocks while it reads them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._reasons = dict(filter(_ours, map(_read, _files_in(folder))))

    def check(self, infohash: str) -> None:
        """Raise :class:`BadInput` if this version refused its metadata."""
        if infohash in self._reasons:
            raise BadInput(self._reasons[infohash])

    def note(self, infohash: str, reason: str) -> None:
        """Refuse a swarm's metadata from now on; :meth:`write` saves that."""
        self._reasons[infohash] = reason

    def write(self, infohash: str, reason: str) -> None:
        """Write a refusal to disk. Blocks; a full disk is logged, not raised."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = self._folder / f"{infohash}.refused"
            file.write_text(f"{__version__}\n{reason}")
        except OSError as exc:
            logger.warning("Vozduxan: Cannot save %s: %s", infohash, exc)

    def forget(self, infohash: str) -> None:
        """Ask the swarm again at the next join; its file is deleted elsewhere."""
        self._reasons.pop(infohash, None)


def _files_in(folder: Path) -> list[Path]:
    try:
        return list(folder.glob("*.refused"))
    except OSError:
        return []  # its disk fails


def _read(file: Path) -> tuple[str, str]:
    """Return an infohash and the reason, which is "" if it no longer counts."""
    try:
        version, _, reason = file.read_text().partition("\n")
    except (OSError, ValueError):
        return file.stem, ""
    return file.stem, reason if version == __version__ else ""


def _ours(refusal: tuple[str, str]) -> bool:
    return bool(refusal[1])
