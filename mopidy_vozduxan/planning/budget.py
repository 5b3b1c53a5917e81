"""How much of a swarm is wanted at one time.

What is outstanding at its peers is what the next seek waits for; a peer with nothing
left to be asked for has to be told so. Counted in pieces, of which the most urgent
come first.
"""

from __future__ import annotations

KIB, MIB = 1024, 1024 * 1024

#: What is wanted of a swarm while the music is far ahead: what it delivers in this
#: time, and so much at least. A seek then waits for little.
AT_EASE_S = 0.2
AT_EASE_BYTES = 128 * KIB
#: What is wanted of a seed that is, or may be, alone. libtorrent asks for a second of
#: it at a time; 16 MiB ran out on loopback before the next plan.
ALONE_BYTES = 64 * MIB
#: One may come, and the other is still missing.
LEAST = 2


def at_ease(rate: int, piece_length: int) -> int:
    """Return how many pieces are wanted while there is no hurry."""
    return _pieces(max(AT_EASE_BYTES, rate * AT_EASE_S), piece_length)


def alone(piece_length: int) -> int:
    """Return how many pieces are wanted of a seed that is alone."""
    return _pieces(ALONE_BYTES, piece_length)


def _pieces(size: float, piece_length: int) -> int:
    return max(LEAST, -int(-size // piece_length))
