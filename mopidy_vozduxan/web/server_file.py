"""Where programs of the same user find the running server: a small file.

It holds the address of the private door's API and the key to it, so only its
owner may read it. A server that was killed leaves it behind: whoever reads it
must be ready to find nobody there.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path

logger = logging.getLogger(__name__)

NAME = "server.json"


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """``url`` is what commands' names are put behind; ``key`` opens the door."""

    url: str
    key: str


def write(folder: Path, address: ServerAddress) -> None:
    """Say where the server is, in one step. A disk that fails is logged."""
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
        logger.warning("Vozduxan: The command line will not find us: %s", exc)


def remove(folder: Path, address: ServerAddress) -> None:
    """Say that the server is gone, unless another has said where it is since."""
    if read(folder) == address:
        (folder / NAME).unlink(missing_ok=True)


def read(folder: Path) -> ServerAddress | None:
    """Return what the file says; ``None`` where there is none to believe."""
    try:
        said = json.loads((folder / NAME).read_text("utf-8"))
        return ServerAddress(str(said["url"]), str(said["key"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None
