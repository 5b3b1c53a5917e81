"""What the C library is told, in processes of their own."""

import subprocess
import sys

import pytest

#: 24 threads free blocks, each of which another thread holds the end of.
ARENAS = """
import ctypes, re, threading
from mopidy_vozduxan.allocator import give_back, keep_little
keep_little()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
places, all_there = set(), threading.Barrier(24)
def take():
    places.add(libc.malloc(1000) >> 26)
    all_there.wait()
threads = [threading.Thread(target=take) for _ in range(24)]
for thread in threads: thread.start()
for thread in threads: thread.join()
give_back()
print(len(places))
"""


def places(**env):
    """Return in how many stretches of 64 MiB the blocks of 24 threads are."""
    ran = subprocess.run(
        [sys.executable, "-c", ARENAS],
        env={"PYTHONPATH": ".", **env},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(ran.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's own calls")
def test_threads_share_an_arena_unless_the_user_decided():
    assert places() == 1
    assert places(MALLOC_ARENA_MAX="8") > 4
