"""What runs on this machine."""

from __future__ import annotations

from pathlib import Path


def children(pid: int) -> dict[int, str]:
    """Processes below one, and what each is doing."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state = folder.joinpath("stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(state[1]) == pid and state[0] != "Z":
            found[int(folder.name)] = state[0]
    return found
