"""A copy of the project, to change one module and run its tests."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

#: Not copied, because no test imports it, and some of it is large.
_LEFT_OUT = shutil.ignore_patterns(".*", "docs", "*.egg-info", "__pycache__", "build")


class Trial:
    """Tests of one module, in a copy of the project in *folder*."""

    def __init__(
        self, clone: Path, folder: Path, module: Path, tests: Sequence[str]
    ) -> None:
        self._folder = folder / "project"
        shutil.copytree(clone, self._folder, ignore=_LEFT_OUT, symlinks=True)
        self._module = self._folder / module
        self._tests = tests

    def passes(self, source: str, timeout: float) -> bool:
        """Whether the tests pass with the module as in *source*; a time-out is no."""
        self._module.write_text(source)
        command = [sys.executable, "-m", "pytest", "-qx", "-p", "no:cacheprovider"]
        try:
            run = subprocess.run(
                [*command, "-m", "not alone", *self._tests],
                cwd=self._folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=timeout,
            )
        except subprocess.TimeoutExpired:
            return False
        return run.returncode == 0

    def seconds(self, source: str) -> float | None:
        """How long the tests take with the module as it is; None if they fail."""
        start = time.monotonic()
        return time.monotonic() - start if self.passes(source, 600) else None
