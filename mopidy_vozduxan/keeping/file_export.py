"""Exports one file: linked if that is safe, else copied, and every byte proven.

The bytes come from the swarm's pieces, which are hashed whenever they are read. They
are written, or compared with what is there: a file that is linked, or was there before,
is believed only if all its bytes are the same.

Design notes
------------
- *A linked file is shared with our cache.* We never write to it again: see
  :mod:`~mopidy_vozduxan.engine.shared_files`.
- *What libtorrent has not written yet* makes a linked file differ. If that takes long,
  the file is copied.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from pathlib import Path

from mopidy_vozduxan.keeping.target_folder import Place, Taken

#: When to look whether libtorrent has written all of a file: it may have come just now.
WRITTEN_S = (0.0, 0.5)
Parts = Callable[[], AsyncIterator[memoryview]]


class Outcome(StrEnum):
    """How the export of a file ended."""

    LINKED = "linked"
    COPIED = "copied"
    #: The same file was there before.
    PRESENT = "present"
    #: Another file is there, and stays.
    CONFLICT = "conflict"
    #: Not all of it is here yet.
    MISSING = "missing"
    FAILED = "failed"


async def export_file(
    place: Place, size: int, parts: Parts, source: Path | None
) -> Outcome:
    """Export a file of ``size`` bytes, which ``parts`` yields.

    ``source`` is the file to link. Raises :class:`OSError`, and what ``parts`` raises.
    """
    try:
        there = await asyncio.to_thread(place.size)
        if there is not None:
            if there != size:
                return Outcome.CONFLICT
            same = await _is_same(await asyncio.to_thread(place.read), parts)
            return Outcome.PRESENT if same else Outcome.CONFLICT
        if source and await _link(place, size, parts, source):
            outcome = Outcome.LINKED
        else:
            await _copy(place, parts)
            outcome = Outcome.COPIED
        await asyncio.to_thread(place.publish)
    except Taken:
        return Outcome.CONFLICT
    return outcome


async def _link(place: Place, size: int, parts: Parts, source: Path) -> bool:
    for wait_s in WRITTEN_S:
        await asyncio.sleep(wait_s)
        linked = await asyncio.to_thread(place.link, source, size)
        if linked is None:
            return False
        if await _is_same(linked, parts):
            return True
    return False


async def _is_same(file: int, parts: Parts) -> bool:
    """Return whether an open file has exactly these bytes; closes it."""
    with open(file, "rb", buffering=0) as there:
        async for part in parts():
            if not await asyncio.to_thread(_continues, there.fileno(), part):
                return False
        return not await asyncio.to_thread(os.read, there.fileno(), 1)


def _continues(file: int, part: memoryview) -> bool:
    at = 0
    while at < len(part):
        read = os.read(file, len(part) - at)
        if not read or read != part[at : at + len(read)]:
            return False
        at += len(read)
    return True


async def _copy(place: Place, parts: Parts) -> None:
    file = await asyncio.to_thread(place.create)
    with open(file, "wb", buffering=0) as draft:
        async for part in parts():
            await asyncio.to_thread(_write, draft.fileno(), part)
        await asyncio.to_thread(os.fsync, draft.fileno())


def _write(file: int, part: memoryview) -> None:
    at = 0
    while at < len(part):
        at += os.write(file, part[at:])
