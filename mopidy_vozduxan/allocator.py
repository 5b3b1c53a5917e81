"""What the C library keeps of memory that was freed (glibc; others keep less).

glibc gives every thread an arena of its own, up to eight for each processor, and an
arena keeps what its thread has freed. Blocks and pieces pass through the threads of
libtorrent and ours, so every arena kept some: a bulk read of 309 MB left 45-80 MB, and
11-30 MB with one arena for all, at the same speed (``docs/decisions.rst``).
"""

from __future__ import annotations

import ctypes
import os

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8

_MIB = 1024 * 1024
#: Blocks from this size on get pages of their own, which a free gives back. New pages
#: take 0.17 s for 300 MB on a slow virtual machine, so only our copy of a piece of 16
#: MiB gets them. It is 33 bytes larger than libtorrent's two, which are freed at once
#: and use the same place again.
_OWN_PAGES = 16 * _MIB + 32
#: Give back the end of the arena if this much of it is free.
_SPARE = 32 * _MIB


def keep_little() -> None:
    """Have threads that start from now on share one arena, and large blocks leave.

    Does nothing if the user has set anything of that.
    """
    if not any(name.startswith(("MALLOC_", "GLIBC_TUN")) for name in os.environ):
        _call("mallopt", _M_ARENA_MAX, 1)
        _call("mallopt", _M_TRIM_THRESHOLD, _SPARE)
        _call("mallopt", _M_MMAP_THRESHOLD, _OWN_PAGES)


def give_back() -> None:
    """Give freed memory back to the system. Takes 1 to 16 ms: not for a loop."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    function = getattr(ctypes.CDLL(None), name, None)
    if function:
        function(*arguments)
