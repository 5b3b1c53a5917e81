"""The system's clock jumps by decades, before a start and while music plays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mopidy_vozduxan.catalog import Catalog
from tests.e2e.stage import Listener, album, seeded, until
from tests.rig.album import Track
from tests.rig.mopidy import ROOT

YEARS = 365 * 24 * 3600
#: Each start jumps there, and while it plays to the next one.
JUMPS = (0, -50 * YEARS, 50 * YEARS, -YEARS)


@pytest.mark.timeout(300)
def test_jumps_of_the_clock_evict_nothing_and_stop_nothing(tmp_path: Path) -> None:
    shift = tmp_path / "shift"
    path = [str(ROOT / "tests" / "rig" / "shifted"), os.environ.get("PYTHONPATH", "")]
    env = {"PYTHONPATH": os.pathsep.join(path), "CLOCK_SHIFT_FILE": str(shift)}
    config = {"vozduxan": {"cache_ttl": 30}}
    folder = tmp_path / "mopidy"
    tracks = [Track(f"Track {n}", "flac", 15) for n in range(len(JUMPS))]
    with album(tmp_path / "album", tracks) as music, seeded(music, seeders=2):
        for number, jump in enumerate(JUMPS):
            shift.write_text(str(jump))
            with Listener(folder, [music] if not number else [], config, env=env) as on:
                track = on.tracks(music)[number]
                on.play(track)
                until(lambda on=on: on.rpc("core.playback.get_time_position") > 3000)
                shift.write_text(str(JUMPS[(number + 1) % len(JUMPS)]))
                until(lambda on=on: on.rpc("core.playback.get_time_position") > 12_000)
                assert "left the cache" not in on.mopidy.log
                assert "Traceback" not in on.mopidy.log
        data = sorted((folder / "cache").rglob("*.flac"))
        assert [path.read_bytes() for path in data] == [
            path.read_bytes() for path in music.paths
        ]
    catalog = Catalog(folder / "data" / "vozduxan" / "catalog.db")
    last = catalog.hearings.last()
    order = [index for _, index in sorted(last, key=last.__getitem__)]
    assert [heard.times for heard in catalog.hearings.all().values()] == [1] * 4
    catalog.close()
    assert order == sorted(order)
