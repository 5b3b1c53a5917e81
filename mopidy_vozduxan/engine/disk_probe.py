"""Whether a folder can be written to now, and a sentence if not. Blocks."""

from __future__ import annotations

import errno
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})
_ABSENT = frozenset(
    {errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.ENODEV, errno.ENXIO}
)
_CHUNK = bytes(256 * 1024)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a disk: a sentence without its end, for listeners.

    ``full`` says that room would help, ``away`` that there may be another disk later.
    """

    sentence: str
    full: bool = False
    away: bool = False


def trouble_of(folder: Path, room: int = 0, file: str = "") -> Trouble | None:
    """Return what prevents writing ``room`` bytes to a folder, which it makes.

    ``file`` is one that could not be written before, or "". Leaves nothing behind. It
    writes only if the file system says that there is room.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check_room(folder, room)
        with tempfile.TemporaryFile(dir=folder) as probe:
            for start in range(0, room, len(_CHUNK)):
                probe.write(_CHUNK[: room - start])
            probe.flush()
            if room:
                os.fsync(probe.fileno())  # some errors come as late as this
        if file and os.path.exists(file):
            os.close(os.open(file, os.O_WRONLY))
    except OSError as exc:
        return described(exc.errno or 0, os.strerror(exc.errno or 0), folder)
    return None


def described(number: int, message: str, folder: Path) -> Trouble:
    """Return the trouble that a system error means for a folder."""
    if number in _FULL:
        return Trouble(f"The disk is full ({folder})", full=True)
    if number == errno.EROFS:
        return Trouble(f"The disk is read-only ({folder})")
    if number in _FORBIDDEN:
        return Trouble(f"Mopidy may not write to {folder}")
    if number in _ABSENT:
        sentence = f"The folder {folder} is not there, and cannot be made"
        return Trouble(sentence, away=True)
    return Trouble(f"The disk fails ({folder}): {message}")


def _check_room(folder: Path, room: int) -> None:
    numbers = os.statvfs(folder)
    free = numbers.f_bfree if os.geteuid() == 0 else numbers.f_bavail
    if room and free * numbers.f_frsize < room:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
