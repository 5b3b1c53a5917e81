"""One call in the future, on a thread of its own; never more than one is pending."""

from __future__ import annotations

import threading
from typing import Any


class Alarm:
    """One call in the future; setting it again replaces it."""

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None

    def set(self, seconds: float, call: Any, *args: object) -> None:
        """Call ``call(*args)`` after ``seconds``, on a thread of its own."""
        self.cancel()
        self._timer = threading.Timer(seconds, call, args)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """Cancel the call."""
        if self._timer:
            self._timer.cancel()
