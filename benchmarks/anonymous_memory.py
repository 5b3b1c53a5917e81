"""Samples the anonymous memory of a process, and of those it has started.

It is what the kernel cannot drop. Pages that processes share are divided among them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.rig.processes import children

MB = 10**6
SAMPLE_S = 0.05
#: Looking for processes takes longer than sampling one.
_LOOK_EVERY = 20

_PAGES = re.compile(r"^Pss_Anon:\s+(\d+) kB$", re.MULTILINE)


class Seen:
    """What was seen of a scene, in MB: of the process, and of others below it."""

    def __init__(self) -> None:
        self.least = float("inf")
        self.most = 0.0
        self.others_most = 0.0

    def see(self, mb: float, others_mb: float = 0.0) -> None:
        """Take one sample."""
        self.least, self.most = min(self.least, mb), max(self.most, mb)
        self.others_most = max(self.others_most, others_mb)


class Sampler:
    """A context manager: samples a process every 50 ms from a thread of its own."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._scene = Seen()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    @contextmanager
    def scene(self) -> Iterator[Seen]:
        """Yield what is seen while the context lasts."""
        self._scene = seen = Seen()
        seen.see(memory_mb(self._pid))
        yield seen
        seen.see(memory_mb(self._pid))
        self._scene = Seen()

    def _sample(self) -> None:
        others: list[int] = []
        number = 0
        while not self._ended.wait(SAMPLE_S):
            if number % _LOOK_EVERY == 0:
                others = _descendants(self._pid)
            number += 1
            self._scene.see(memory_mb(self._pid), sum(map(memory_mb, others)))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()


def memory_mb(pid: int) -> float:
    """Return the anonymous memory of a process now, in MB; 0 if it has ended."""
    try:
        found = _PAGES.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
    except OSError:  # it has ended
        return 0.0
    return int(found[1]) * 1024 / MB if found else 0.0


def _descendants(pid: int) -> list[int]:
    below = list(children(pid))
    return below + [one for child in below for one in _descendants(child)]
