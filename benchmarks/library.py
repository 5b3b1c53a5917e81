"""Measures a very large library: start, browse, look up, search.

    python benchmarks/library.py                 # 10,000 torrents, 200,000 tracks
    python benchmarks/library.py --torrents 500 --rounds 1    # a quick look

- **start**: from the command to Mopidy's main loop, by its log, with and without the
  extension in turns; then the memory of both.
- **first**: the first call of its kind in a process, with warm disk caches.
- **p50, p99**: further calls, each for another album, artist or word.
- **anew, again**: processor time to build a long list for the first time, and after a
  change; Mopidy's part of it, for the same refs; and Mopidy's for their JSON.
- **over RPC**: the same through Mopidy's HTTP server, core, and all its backends; lists
  through its MPD server.

Nothing reads tags meanwhile, so waits for lengths are not included.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import Mock

sys.path.insert(0, str(Path(__file__).parents[1]))

from mopidy import models
from mopidy.models import Ref

from benchmarks.large_catalog import make
from benchmarks.table import rows
from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.library import translator
from mopidy_vozduxan.library.browsing import Browser
from mopidy_vozduxan.library.library_provider import VozduxanLibraryProvider
from mopidy_vozduxan.torrent.uris import AnyUri, parse
from tests.rig.mopidy import MopidyProcess

CALLS = 100
#: How often to build each long list.
LISTS = 9
ROOT = "vozduxan:directory:root"
ARTISTS = "vozduxan:directory:artists"
ALBUMS = "vozduxan:directory:albums"
#: The last line that Mopidy logs when it starts.
RUNNING = r"Starting GLib mainloop"

Call = Callable[[], object]


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "with" / "data" / "vozduxan"
        data.mkdir(parents=True)
        seconds = make(data / "catalog.db", folder / "torrents", options.torrents)
        size = (data / "catalog.db").stat().st_size / 1e6
        print(
            f"{options.torrents} torrents were added in {seconds:.0f} s;"
            f" the catalog has {size:.0f} MB\n"
        )
        print(_inside(data / "catalog.db"), end="\n\n")
        print(_starts(folder, options.rounds), end="\n\n")
        print(_over_rpc(folder))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--torrents", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


# --- the questions


class Asked:
    """Questions of clients, each time about something else."""

    def __init__(self, albums: list[str], artists: list[str], word: str) -> None:
        self._dice = random.Random(2)
        self._albums = albums
        self._artists = artists
        self._word = word

    def album(self) -> str:
        """Return the URI of an album."""
        return self._dice.choice(self._albums)

    def artist(self) -> str:
        """Return the name of an artist."""
        return self._dice.choice(self._artists)

    def words(self) -> str:
        """Return two words of an artist's name, the second one unfinished."""
        name = self.artist()
        return name[: max(2, len(name) - 2)]

    def word(self) -> str:
        """Return a word that thousands of names contain."""
        return self._word


def _calls(library: Any, asked: Asked) -> Iterator[tuple[str, Call]]:
    """The calls, by Mopidy's names, which are the same for a provider and for RPC."""
    yield "browse torrents", lambda: library.browse(uri=ROOT)
    yield "browse artists", lambda: library.browse(uri=ARTISTS)
    yield "browse albums", lambda: library.browse(uri=ALBUMS)
    yield "browse album", lambda: library.browse(uri=asked.album())
    yield "look up album", lambda: library.lookup_many(uris=[asked.album()])
    uris = [uri for _ in range(CALLS + 1) for uri in [_first_track(library, asked)]]
    tracks = iter(uris)
    yield "look up track", lambda: library.lookup_many(uris=[next(tracks)])
    yield "search any, 2 words", lambda: library.search({"any": [asked.words()]})
    yield "search any, frequent", lambda: library.search({"any": [asked.word()]})
    yield "search artist", lambda: library.search({"artist": [asked.words()]})
    yield "search album", lambda: library.search({"album": [asked.words()]})
    find = partial(library.search, exact=True)
    yield "find artist", lambda: find({"artist": [asked.artist()]})
    # Not over RPC: Mopidy 3 cannot encode a set in JSON. MPD can.
    distinct = library.get_distinct
    yield "list artists", lambda: distinct("artist")
    yield "list albums", lambda: distinct("album")
    yield "list an artist's", lambda: distinct("album", {"artist": [asked.artist()]})


def _first_track(library: Any, asked: Asked) -> str:
    album = asked.album()
    ref = library.browse(uri=album)[0]
    return ref["uri"] if isinstance(ref, dict) else ref.uri


def _measure(calls: Iterator[tuple[str, Call]], count: int) -> str:
    body = []
    for name, call in calls:
        first, *rest = [_ms(call) for _ in range(count + 1)]
        p99 = statistics.quantiles(rest, n=100, method="inclusive")[98]
        times = first, statistics.median(rest), p99
        body.append([name, *(f"{ms:.1f}" for ms in times)])
    return rows(["ms", "first", "p50", "p99"], body)


def _ms(call: Call) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


# --- inside this process


def _inside(path: Path) -> str:
    catalog = Catalog(path)
    library = VozduxanLibraryProvider(None, catalog, Mock(), 3)
    asked = _asked(catalog)
    table = _measure(_calls(library, asked), CALLS)
    lists = _lists(catalog)
    catalog.close()
    return f"In the process\n{table}\n\n{lists}"


def _lists(catalog: Catalog) -> str:
    body = []
    for uri in (ROOT, ARTISTS, ALBUMS):
        parsed = parse(uri)

        def build(parsed: AnyUri = parsed) -> list[Ref]:
            return Browser(catalog).refs(parsed)  # a new one keeps no list

        refs = build()
        said = [{"type": r.type, "uri": r.uri, "name": r.name} for r in refs]
        times = (
            _processor_ms(build, before=translator._ref.cache_clear),
            _processor_ms(build),
            _processor_ms(lambda said=said: [Ref(**one) for one in said]),
            _processor_ms(lambda refs=refs: _as_json(refs)),
        )
        body.append([uri.rpartition(":")[2], str(len(refs)), *times])
    return rows(
        ["processor ms", "refs", "anew", "again", "Mopidy's refs", "JSON"], body
    )


def _processor_ms(call: Call, before: Call = lambda: None) -> str:
    times = []
    for _ in range(LISTS):
        before()
        begun = time.thread_time()
        call()
        times.append((time.thread_time() - begun) * 1000)
    return f"{statistics.median(times):.0f}"


def _as_json(refs: list[Ref]) -> object:
    """Encode an answer as the HTTP server of Mopidy 3, or of Mopidy 4, does."""
    encoder = getattr(models, "ModelJSONEncoder", None)
    if encoder:
        return json.dumps(refs, cls=encoder)
    from pydantic import TypeAdapter  # Mopidy 4 needs it, Mopidy 3 does not have it

    return TypeAdapter(Any).dump_json(refs, by_alias=True)


def _asked(catalog: Catalog) -> Asked:
    artists = sorted(catalog.search.all_artists())
    albums = [str(album.uri) for album in catalog.search.all_albums()]
    return Asked(albums, artists, "ka")


# --- a real Mopidy


def _mopidy(folder: Path, enabled: bool) -> MopidyProcess:
    here = {"torrent_dirs": folder / "torrents", "scan_tags": "never"}
    config = {"vozduxan": here if enabled else {"enabled": "false"}}
    where = folder / ("with" if enabled else "without")
    return MopidyProcess(where, config, offline=True)


def _starts(folder: Path, rounds: int) -> str:
    seconds: dict[bool, list[float]] = {True: [], False: []}
    memory: dict[bool, list[float]] = {True: [], False: []}
    for number in range(rounds + 1):
        for enabled in (False, True):
            begun = datetime.now()
            with _mopidy(folder, enabled) as mopidy:
                mopidy.wait_for_log(RUNNING)
                took = _seconds_to_running(begun, mopidy.log)
                if enabled:
                    mopidy.rpc("core.library.browse", uri=ROOT)
                if number:  # the first one warms the disk's cache
                    seconds[enabled].append(took)
                    memory[enabled].append(_resident_mb(mopidy.pid))
    head = ["", "without", "with"]
    body = [
        ["start, s", *(_range(seconds[on]) for on in (False, True))],
        ["memory, MB", *(f"{max(memory[on]):.0f}" for on in (False, True))],
    ]
    return rows(head, body)


def _seconds_to_running(begun: datetime, log: str) -> float:
    found = re.search(rf"(\d[-\d]+ [\d:]+,\d+)[^\n]*\n\s*{RUNNING}", log)
    assert found, log
    return (datetime.fromisoformat(found[1]) - begun).total_seconds()


def _range(times: list[float]) -> str:
    middle = statistics.median(times)
    return f"{middle:.2f} ({min(times):.2f}-{max(times):.2f})"


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


class _Rpc:
    """Core's library over JSON-RPC and MPD, with the methods of a provider."""

    def __init__(self, mopidy: MopidyProcess) -> None:
        self._mopidy = mopidy

    def browse(self, uri: str) -> Any:
        return self._mopidy.rpc("core.library.browse", uri=uri)

    def lookup_many(self, uris: list[str]) -> Any:
        return self._mopidy.rpc("core.library.lookup", uris=uris)

    def search(self, query: dict[str, list[str]], exact: bool = False) -> Any:
        return self._mopidy.rpc("core.library.search", query=query, exact=exact)

    def get_distinct(
        self, field: str, query: dict[str, list[str]] | None = None
    ) -> Any:
        client = self._mopidy.mpd()
        words = [word for key, some in (query or {}).items() for word in (key, *some)]
        try:
            return client.list(field, *words)
        finally:
            client.disconnect()


def _over_rpc(folder: Path) -> str:
    catalog = Catalog(folder / "with" / "data" / "vozduxan" / "catalog.db")
    asked = _asked(catalog)
    catalog.close()
    with _mopidy(folder, enabled=True) as mopidy:
        mopidy.wait_for_log(RUNNING)
        return "Over RPC\n" + _measure(_calls(_Rpc(mopidy), asked), CALLS // 5)


if __name__ == "__main__":
    main()
