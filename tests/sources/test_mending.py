"""The catalog is mended before folders are looked at."""

from __future__ import annotations

import logging
import threading

import pytest

from mopidy_vozduxan.exceptions import StorageFailed
from mopidy_vozduxan.sources.mending import Mender


class Catalog:
    def __init__(self, recovered: int = 0, fails: bool = False) -> None:
        self.calls: list[tuple[str, object]] = []
        self._recovered, self._fails = recovered, fails

    def complete(self, stop: threading.Event) -> None:
        if self._fails:
            raise StorageFailed("The disk is full.")
        self.calls.append(("complete", stop))

    def recover(self, read: object) -> int:
        self.calls.append(("recover", read))
        return self._recovered

    def done(self) -> None:
        self.calls.append(("done", None))


def mend(catalog: Catalog) -> threading.Event:
    stop = threading.Event()
    Mender(catalog, len, stop, catalog.done).mend()  # type: ignore[arg-type]
    return stop


def test_what_older_versions_left_out_comes_first_then_damage_then_the_lists(caplog):
    catalog = Catalog()
    caplog.set_level(logging.INFO)
    stop = mend(catalog)
    assert catalog.calls == [("complete", stop), ("recover", len), ("done", None)]
    assert not caplog.records


def test_the_log_says_how_much_came_back(caplog):
    caplog.set_level(logging.INFO)
    mend(Catalog(recovered=3))
    assert [r.getMessage() for r in caplog.records] == [
        "Vozduxan: Restored 3 torrents of the damaged catalog"
    ]


def test_a_disk_that_fails_is_for_whoever_looks_at_the_folders():
    catalog = Catalog(fails=True)
    with pytest.raises(StorageFailed):
        mend(catalog)
    assert catalog.calls == []
