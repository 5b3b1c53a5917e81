"""One walk through folders: the torrent files below them, as they are now.

Opens no file. Every folder is walked once, even if several links lead to it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from mopidy_vozduxan.catalog import FoundAt


class FolderWalk:
    """What was found below ``dirs``; ends early once ``stop`` is set.

    ``files`` are in the order they were found; ``devices`` are those of their
    folders. ``folders`` were walked; ``filled`` ones are not empty. ``links`` are the
    targets of linked folders, by their own paths. ``unreadable`` has the reasons.
    """

    def __init__(self, dirs: Iterable[Path], stop: threading.Event) -> None:
        self.files: dict[Path, FoundAt] = {}
        self.devices: dict[Path, int] = {}
        self.folders: set[Path] = set()
        self.filled: set[Path] = set()
        self.links: set[Path] = set()
        self.unreadable: dict[Path, OSError] = {}
        self._seen: set[tuple[int, int]] = set()
        waiting = list(dirs)[::-1]
        while waiting and not stop.is_set():
            waiting += self._walk(waiting.pop())

    def _walk(self, folder: Path) -> list[Path]:
        """Note the content of a folder; return the folders in it."""
        folders = []
        try:
            stat = folder.stat()
            entries = self._entries(folder, stat)
            self.folders.add(folder)
        except OSError as exc:
            self.unreadable[folder] = exc
            return []
        for entry in entries:
            if _answers(entry.is_dir):
                folders.append(Path(entry.path))
                if entry.is_symlink():
                    self.links.add(Path(os.path.realpath(entry.path)))
            elif entry.name.lower().endswith(".torrent") and _answers(entry.is_file):
                self._note(entry, stat.st_dev)
        return folders

    def _entries(self, folder: Path, stat: os.stat_result) -> list[os.DirEntry[str]]:
        if (stat.st_dev, stat.st_ino) in self._seen:
            return []
        self._seen.add((stat.st_dev, stat.st_ino))
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        if found:
            self.filled.add(folder)
        return found

    def _note(self, entry: os.DirEntry[str], device: int) -> None:
        try:
            stat = entry.stat()
        except OSError:  # removed meanwhile
            return
        path = Path(entry.path)
        self.files[path] = FoundAt(path, stat.st_mtime_ns, stat.st_size)
        self.devices[path] = device


def _answers(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except OSError:  # a dangling link, or a circle of links
        return False
