"""How much of a lone seed is wanted at one time.

A peer with nothing left to be asked for is told so, and may choke us. Counted in
pieces; the most urgent ones come first.
"""

from __future__ import annotations

MIB = 1024 * 1024

#: What is wanted of a seed that is, or may be, alone. libtorrent asks for a second of
#: it at a time; 16 MiB ran out on loopback before the next plan.
ALONE_BYTES = 64 * MIB
#: One may come, and the other is still missing.
LEAST = 2


def alone(piece_length: int) -> int:
    """Return how many pieces are wanted of a seed that is alone."""
    return max(LEAST, ALONE_BYTES // piece_length)
