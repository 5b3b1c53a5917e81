"""The progress bar, on standard error, if that is a terminal."""

from __future__ import annotations

import shutil
import sys
from types import TracebackType
from typing import Self

from mopidy_vozduxan.cli.show import plain
from mopidy_vozduxan.cli.show import size as amount

_CELLS = 20
_CLEAR = "\r\x1b[K"


class Bar:
    """A context manager that clears the bar when it ends."""

    def __init__(self) -> None:
        self._is_seen = sys.stderr.isatty()
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.clear()

    def show(self, name: str, peers: int, passed_s: float, most_s: float) -> None:
        """Show how much of the waiting time for metadata has passed."""
        share = min(1.0, passed_s / most_s) if most_s else 1.0
        numbers = f"{passed_s:.0f}/{most_s:.0f} s, {_peers(peers)}"
        self._show("Metadata", share, numbers, name)

    def _show(self, what: str, share: float, numbers: str, name: str) -> None:
        if not self._is_seen:
            return
        full = round(share * _CELLS)
        bar = "#" * full + "-" * (_CELLS - full)
        line = f"{what} [{bar}] {numbers}"
        room = shutil.get_terminal_size().columns - len(line) - 3
        _draw(f"{_CLEAR}{line}  {plain(name)[: max(0, room)]}")
        self._drawn = True

    def show_bytes(self, name: str, done: int, size: int) -> None:
        """Show how many bytes are done."""
        share = min(1.0, done / size) if size else 0.0
        self._show("Exporting", share, f"{amount(done)}/{amount(size)}", name)

    def clear(self) -> None:
        """Clear the line for other output."""
        if self._drawn:
            _draw(_CLEAR)
            self._drawn = False


def _draw(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _peers(count: int) -> str:
    return "1 peer" if count == 1 else f"{count} peers"
