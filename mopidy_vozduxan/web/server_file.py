"""A small file by which programs of the same user find the running server.

It holds the address and the key of the private door's API, so only its owner may read
it. A killed server leaves it behind, so the address may be dead.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

logger = logging.getLogger(__name__)

NAME = "server.json"


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """``url`` is the prefix of the commands' URLs; ``key`` gives access to them."""

    url: str
    key: str


def write(folder: Path, address: ServerAddress) -> None:
    """Write the file atomically; elsewhere if the folder cannot be written now."""
    try:
        _write(folder / NAME, address)
        _elsewhere(folder).unlink(missing_ok=True)
    except OSError as exc:
        logger.debug("Cannot write the address of the server: %s", exc)
        try:
            elsewhere = _elsewhere(folder)
            elsewhere.parent.mkdir(mode=0o700, exist_ok=True)
            if not _is_ours(elsewhere.parent):
                raise PermissionError(f"{elsewhere.parent} is not only ours")
            _write(elsewhere, address)
        except OSError as exc:
            logger.info("Vozduxan: The command line will not find Mopidy: %s", exc)


def _write(path: Path, address: ServerAddress) -> None:
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    # Never readable by others, not even for a moment.
    number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(number, "w") as file:
        json.dump(asdict(address), file)
    draft.replace(path)


def remove(folder: Path, address: ServerAddress) -> None:
    """Remove the file, unless another server has written it since."""
    for path in _paths(folder):
        if _read(path) == address:
            with suppress(OSError):  # the disk may be read-only by now
                path.unlink(missing_ok=True)


def read(folder: Path) -> ServerAddress | None:
    """Return the content of the file; ``None`` if it is missing or invalid."""
    found = (_read(path) for path in _paths(folder))
    return next((address for address in found if address), None)


def _read(path: Path) -> ServerAddress | None:
    try:
        said = json.loads(path.read_text("utf-8"))
        return ServerAddress(str(said["url"]), str(said["key"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _paths(folder: Path) -> list[Path]:
    """Return where the file may be; what is elsewhere is newer."""
    elsewhere = _elsewhere(folder)
    return [elsewhere] * _is_ours(elsewhere.parent) + [folder / NAME]


def _elsewhere(folder: Path) -> Path:
    """Return the file's place in memory or among temporary files."""
    name = hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:16]
    return Path(tempfile.gettempdir(), f"vozduxan-{os.geteuid()}", f"{name}.json")


def _is_ours(folder: Path) -> bool:
    """Return whether nobody else can write there: others may make such folders."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    mine = found.st_uid == os.geteuid() and not found.st_mode & 0o077
    return stat.S_ISDIR(found.st_mode) and mine
