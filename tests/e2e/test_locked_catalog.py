"""Another process writes to the catalog, and does not stop."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mopidy_vozduxan.catalog import Catalog
from tests.e2e.stage import Listener, album, seeded, until
from tests.rig.album import Track
from tests.torrent_files import multi_file

#: A listener waits 3 s for a look-up anyway.
AT_ONCE_S = 4.0
UNKNOWN = "magnet:?xt=urn:btih:" + "cd" * 20


@contextmanager
def locked(path: Path) -> Iterator[None]:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    yield
    db.execute("ROLLBACK")
    db.close()


def seconds_of(call, *args, **kwargs) -> float:
    begun = time.monotonic()
    call(*args, **kwargs)
    return time.monotonic() - begun


def names(mopidy) -> list[str]:
    refs = mopidy.rpc("core.library.browse", uri="vozduxan:directory:root")
    return [ref["name"] for ref in refs if ref["type"] == "album"]


def test_a_locked_catalog_shows_plays_and_forgets_nothing(tmp_path: Path) -> None:
    catalog = tmp_path / "mopidy" / "data" / "vozduxan" / "catalog.db"
    with (
        album(tmp_path / "album", [Track("One", "flac", 20)]) as music,
        seeded(music, seeders=1),
        Listener(
            tmp_path / "mopidy", [music], {"vozduxan": {"lookup_timeout": 0}}
        ) as on,
    ):
        (track,) = on.tracks(music)
        until(lambda: on.rpc("core.library.lookup", uris=[track])[track])
        with locked(catalog):
            late = multi_file("Late", {"1 - One.mp3": b"1"})
            folder = tmp_path / "mopidy" / "torrents"
            (folder / "late.torrent").write_bytes(late)
            on.play(track)
            assert seconds_of(names, on.mopidy) < AT_ONCE_S
            assert seconds_of(on.rpc, "core.library.lookup", uris=[UNKNOWN]) < AT_ONCE_S
            until(lambda: on.rpc("core.playback.get_time_position") > 11_000)
            on.mopidy.wait_for_log("What was played is not noted yet.*locked", 30)
            assert names(on.mopidy) == ["album"]
        on.play(track)
        until(lambda: "Late" in names(on.mopidy))
        assert "Traceback" not in on.mopidy.log
    known = Catalog(catalog)
    assert [heard.times for heard in known.hearings.all().values()] >= [1]
    known.close()


def test_a_catalog_that_is_locked_at_the_start_shows_what_it_has(
    tmp_path: Path,
) -> None:
    catalog = tmp_path / "mopidy" / "data" / "vozduxan" / "catalog.db"
    with album(tmp_path / "album", [Track("One", "flac", 2)]) as music:
        with Listener(tmp_path / "mopidy", [music]):
            pass
        with locked(catalog), Listener(tmp_path / "mopidy") as on:
            assert names(on.mopidy) == ["album"]
            assert "Traceback" not in on.mopidy.log
