"""How many of a swarm's pieces are wanted at one time, the most urgent first.

The next seek waits for the outstanding requests, so they should be few. But if nothing
is left to request from a peer, we have to tell it so.
"""

from __future__ import annotations

KIB, MIB = 1024, 1024 * 1024

#: While the music is far ahead, we want what the swarm delivers in this time, and at
#: least this many bytes. A seek then waits for little.
AT_EASE_S = 0.2
AT_EASE_BYTES = 128 * KIB
#: How much is wanted of a seed that is, or may be, alone. libtorrent requests a second
#: of it at a time. On loopback, 16 MiB ran out before the next plan.
ALONE_BYTES = 64 * MIB
#: With two, one may come, and the other is still missing.
LEAST = 2


def at_ease(rate: int, piece_length: int) -> int:
    """Return how many pieces to want while there is no hurry."""
    return _pieces(max(AT_EASE_BYTES, rate * AT_EASE_S), piece_length)


def alone(piece_length: int) -> int:
    """Return how many pieces to want of a lone seed."""
    return _pieces(ALONE_BYTES, piece_length)


def _pieces(size: float, piece_length: int) -> int:
    return max(LEAST, -int(-size // piece_length))
