"""A small file by which programs of the same user find the running server.

It holds the address and the key of the private door's API, so only its owner may read
it. A killed server leaves it behind, so the address may be dead.
"""

from __future__ import annotations

import json
import logging
import os
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
    """Write the file atomically. A failing disk is logged."""
    path = folder / NAME
    draft = path.with_suffix(".new")
    try:
        draft.unlink(missing_ok=True)
        # Never readable by others, not even for a moment.
        number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "w") as file:
            json.dump(asdict(address), file)
        draft.replace(path)
    except OSError as exc:
        logger.info("Vozduxan: The command line will not find Mopidy: %s", exc)


def remove(folder: Path, address: ServerAddress) -> None:
    """Remove the file, unless another server has written it since."""
    if read(folder) == address:
        with suppress(OSError):  # the disk may be read-only by now
            (folder / NAME).unlink(missing_ok=True)


def read(folder: Path) -> ServerAddress | None:
    """Return the content of the file; ``None`` if it is missing or invalid."""
    try:
        said = json.loads((folder / NAME).read_text("utf-8"))
        return ServerAddress(str(said["url"]), str(said["key"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None
