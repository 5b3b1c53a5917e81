"""A terminal without a window: a program in tmux, keys in, the screen as text out.

The server is one of its own, with no configuration, and ends with the program.
"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

COLUMNS, LINES = 88, 27


class Terminal:
    """A context manager around one program; its files go to ``folder``."""

    def __init__(self, folder: Path, *command: str) -> None:
        self._tmux = ("tmux", "-S", str(folder / "tmux"), "-f", "/dev/null")
        self._command = command

    def __enter__(self) -> Self:
        size = ("-x", str(COLUMNS), "-y", str(LINES))
        # Readline, within Python, leaves its own idea of the size to all children.
        told = ("-e", f"COLUMNS={COLUMNS}", "-e", f"LINES={LINES}")
        self._run("-u", "new-session", "-d", *size, *told, *self._command)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            print(self.screen)
        self._run("kill-server")

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names for them: ``Enter``, ``Down``, ``a``."""
        self._run("send-keys", *keys)

    def type(self, text: str) -> None:
        self._run("send-keys", "-l", text)

    @property
    def screen(self) -> str:
        """What is shown, without the spaces at the ends of lines."""
        lines = self._run("capture-pane", "-p").splitlines()
        return "\n".join(line.rstrip() for line in lines)

    def wait_for(self, *texts: str, timeout: float = 40) -> str:
        """The screen that shows all of these texts; TimeoutError."""
        deadline = time.monotonic() + timeout
        while not all(text in (screen := self.screen) for text in texts):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no {texts} on the screen:\n{screen}")
            time.sleep(0.05)
        return screen

    def _run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._tmux, *arguments], capture_output=True, text=True, timeout=20
        )
        if done.returncode:
            raise RuntimeError(f"tmux {arguments}: {done.stderr}")
        return done.stdout
