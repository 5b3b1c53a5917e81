"""A disk whose power can be cut: ext4 on a loop device, shut down without a flush.

What the kernel had not written is gone, as after a real power cut. Needs root.
"""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

_SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
_NO_FLUSH = struct.pack("I", 2)  # EXT4_GOING_FLAGS_NOLOGFLUSH


class PoweredDisk:
    """A context manager: a file system of ``size`` bytes, mounted at ``path``."""

    def __init__(self, path: Path, size: int = 400_000_000) -> None:
        self.path = path
        self._image = path.with_suffix(".0.img")
        self._size = size
        self._starts = 0

    def cut(self) -> None:
        """Lose all that is not on the disk; every write fails from now on."""
        folder = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, _SHUTDOWN, _NO_FLUSH)
        finally:
            os.close(folder)

    def restart(self) -> None:
        """Have power again. Processes that used the disk must have ended.

        Another mount namespace may still hold the old file system, so a copy of the
        image takes its place.
        """
        _run("umount", self.path)
        self._starts += 1
        copy = self.path.with_suffix(f".{self._starts}.img")
        _run("cp", "--sparse=always", self._image, copy)
        self._image.unlink()
        self._image = copy
        self._mount()

    def _mount(self) -> None:
        _run("mount", "-o", "loop", self._image, self.path)

    def __enter__(self) -> Self:
        self.path.mkdir(parents=True, exist_ok=True)
        with self._image.open("wb") as file:
            file.truncate(self._size)
        _run("mkfs.ext4", "-q", "-F", self._image)
        self._mount()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _run("umount", "--lazy", self.path)
        self._image.unlink()


def _run(*command: object) -> None:
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
