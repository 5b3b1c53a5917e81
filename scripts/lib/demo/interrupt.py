"""Ctrl-C, which reaches only the demo, and only while it waits.

A terminal sends SIGINT to all processes in its foreground. A blocked signal stays
blocked in children, so Mopidy and the seeders run until they are told to end, in order.
A signal that comes while the demo works is kept for its next wait.
"""

from __future__ import annotations

import signal

ENDINGS = (signal.SIGTERM, signal.SIGHUP)


def take_signals() -> None:
    """Call before any thread or process is started."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    for ending in ENDINGS:
        signal.signal(ending, _end)


def pause(seconds: float) -> None:
    """Wait; raise KeyboardInterrupt as soon as Ctrl-C comes, or if it came before."""
    if signal.sigtimedwait({signal.SIGINT}, seconds) is not None:
        raise KeyboardInterrupt


def _end(number: int, frame: object) -> None:
    for ending in ENDINGS:  # one is enough: what we started must still be ended
        signal.signal(ending, signal.SIG_IGN)
    raise SystemExit(128 + number)
