"""How many pieces to want of a lone seed at one time, the most urgent first.

If nothing is left to request from a peer, libtorrent tells it so, and it may choke us.
"""

from __future__ import annotations

MIB = 1024 * 1024

#: How much to want of a seed that is, or may be, alone. libtorrent requests a second of
#: it at a time. On loopback, 16 MiB ran out before the next plan.
ALONE_BYTES = 1024 * MIB
#: With two, one may come, and the other is still missing.
LEAST = 2


def alone(piece_length: int) -> int:
    """Return how many pieces to want of a lone seed."""
    return max(LEAST, ALONE_BYTES // piece_length)
