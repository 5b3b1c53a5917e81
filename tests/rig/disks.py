"""Small file systems that can be filled, grown, made read-only, and that fail.

Needs root, whom permissions do not stop: hence real read-only mounts, immutable files,
and a disk whose blocks are gone. Everything is unmounted in the end.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

THROTTLE = Path("/sys/fs/cgroup/blkio")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts need root")
needs_ext4 = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("mkfs.ext4"), reason="e2fsprogs is missing"
)
needs_throttle = pytest.mark.skipif(
    not THROTTLE.is_dir(), reason="there is no cgroup v1 that slows a disk"
)


class Disk:
    """A mounted file system at ``path``."""

    def __init__(self, path: Path, image: Path | None = None) -> None:
        self.path = path
        self._image = image

    def grow(self, size: int) -> None:
        """Give a tmpfs that many bytes in all."""
        self._remount(f"size={size}")

    def fill(self) -> Path:
        """Leave no room; return the file that takes it, which may be deleted."""
        filler = self.path / "filler"
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass
        return filler

    def read_only(self, there: bool = True) -> None:
        """Make it read-only, or writable again; no file may be open for writing."""
        self._remount("ro" if there else "rw")

    def forbid_changes(self, there: bool = True) -> None:
        """Make all that lies on it immutable, for root too."""
        _run("chattr", "-R", "+i" if there else "-i", self.path)

    @contextlib.contextmanager
    def failing(self) -> Iterator[None]:
        """Take an image's blocks away: reads of the files are EIO.

        Only the files leave the memory: ext4 does not forgive it if its own tables
        cannot be read.
        """
        assert self._image
        aside = self._image.with_suffix(".aside")
        _run("sync", "--file-system", self.path)
        _run("cp", "--sparse=always", self._image, aside)
        files = [file for file in self.path.rglob("*") if file.is_file()]
        os.truncate(self._image, 0)
        for file in files:
            _forget(file)
        try:
            yield
        finally:
            blocks = (f"if={aside}", f"of={self._image}", "bs=64K", "status=none")
            _run("dd", *blocks, "conv=notrunc,sparse")
            os.truncate(self._image, aside.stat().st_size)

    @contextlib.contextmanager
    def slow(self, rate: int) -> Iterator[None]:
        """Let an image's device read and write so many bytes/s each (cgroup v1)."""
        device = subprocess.check_output(
            ["findmnt", "--noheadings", "--output", "MAJ:MIN", self.path], text=True
        ).strip()
        names = ("read", "write")
        limits = [THROTTLE / f"blkio.throttle.{name}_bps_device" for name in names]
        for limit in limits:
            limit.write_text(f"{device} {rate}")
        try:
            yield
        finally:
            for limit in limits:
                limit.write_text(f"{device} 0")

    def _remount(self, options: str) -> None:
        _run("mount", "-o", f"remount,{options}", self.path)


@contextlib.contextmanager
def small_disk(path: Path, size: int) -> Iterator[Disk]:
    """Mount a tmpfs of ``size`` bytes at ``path``, for the length of a block."""
    path.mkdir(parents=True, exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path)
    with _unmounted(path):
        yield Disk(path)


@contextlib.contextmanager
def ext4_disk(path: Path, size: int) -> Iterator[Disk]:
    """Mount an ext4 in an image of ``size`` bytes beside ``path``."""
    path.mkdir(parents=True, exist_ok=True)
    image = path.with_suffix(".img")
    with image.open("wb") as file:
        file.truncate(size)
    _run("mkfs.ext4", "-q", "-O", "^has_journal", image)
    _run("mount", "-o", "loop", image, path)
    with _unmounted(path):
        yield Disk(path, image)


@contextlib.contextmanager
def _unmounted(path: Path) -> Iterator[None]:
    try:
        yield
    finally:
        _run("umount", "--lazy", path)


def _forget(file: Path) -> None:
    """Have the kernel drop a file's bytes from memory."""
    descriptor = os.open(file, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def _run(*command: object) -> None:
    subprocess.run([str(word) for word in command], check=True)
