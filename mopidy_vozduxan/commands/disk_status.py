"""How the disks stand, as values for JSON. Every call blocks."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.engine.disk import DiskStore
from mopidy_vozduxan.exceptions import StorageFailed

if TYPE_CHECKING:
    from mopidy_vozduxan.catalog.inventory import InventoryLine


def disk_row(
    disk: DiskStore, catalog: Catalog, swarms: Iterable[str]
) -> dict[str, object]:
    """Return where data is kept, what is free there, and what is wrong now.

    ``swarms`` are the sentences of swarms whose disk fails. ``trouble`` has those, and
    the ones for all data and for the catalog, or is ``None``.
    """
    data = disk.trouble()
    found = [*swarms, data.sentence if data else None, catalog.trouble]
    sentences = dict.fromkeys(one for one in found if one)
    return {
        "cacheDir": str(disk.data_dir.parent),
        "freeBytes": _free(disk),
        "trouble": " ".join(f"{one}." for one in sentences) or None,
    }


def entries_of(catalog: Catalog) -> list[InventoryLine]:
    """Return the library's torrents; none while the catalog cannot be read."""
    try:
        return list(catalog.collection.inventory())
    except StorageFailed:
        return []


def _free(disk: DiskStore) -> int | None:
    try:
        return shutil.disk_usage(disk.data_dir).free
    except OSError:
        return None
