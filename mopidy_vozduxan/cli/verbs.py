"""The verbs: each runs commands, and shows their answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from mopidy_vozduxan.cli import exporting_verb, keeping_verbs, named_torrents, show
from mopidy_vozduxan.cli.bar import Bar
from mopidy_vozduxan.cli.failures import Failure
from mopidy_vozduxan.cli.named_torrents import NamedTorrent
from mopidy_vozduxan.cli.run import Row, Run
from mopidy_vozduxan.exceptions import VozduxanError
from mopidy_vozduxan.network import rates

#: How often the bar moves during a wait for metadata.
STEP_S = 1.0


def add(run: Run) -> None:
    """Add all torrents; one that fails does not stop the others."""
    added = []
    with Bar() as bar:
        for word in named_torrents.named(run.given.sources):
            try:
                source = named_torrents.read(word)
                added.append(_added(run, source, bar))
            except VozduxanError as error:
                bar.clear()
                run.failed(error, word if isinstance(word, str) else word.text)
    lines = [f"{_known(row)} {show.plain(row['name'])}" for row in added]
    run.answer(added, "\n".join(lines))


def _added(run: Run, source: NamedTorrent, bar: Bar) -> Row:
    """Add a torrent, and wait for its metadata step by step."""
    begun = time.monotonic()
    while True:
        passed = time.monotonic() - begun
        left = max(0.0, run.wait_s - passed)
        row = run.row("torrent_add", **_with_wait(source, min(STEP_S, left)))
        if row["known"] or not run.wait_s:
            return row
        if left <= STEP_S:
            raise Failure(
                "METADATA_TIMEOUT",
                f"“{row['name']}” was added, but no peer gave us its metadata"
                f" within {run.wait_s:.0f} s.",
            )
        bar.show(row["name"], row["numPeers"], time.monotonic() - begun, run.wait_s)


def _with_wait(source: NamedTorrent, seconds: float) -> dict[str, object]:
    return {**source.arguments, "wait": seconds}


def _known(row: Row) -> str:
    return "Added" if row["known"] else "Added, without metadata yet:"


def list_(run: Run) -> None:
    """List the library."""
    rows = run.rows("torrent_list")
    head = ("NAME", "TRACKS", "SIZE", "ON DISK", "KEPT", "INFOHASH")
    lines = [
        (
            show.plain(row["name"]),
            str(row["tracks"]) if row["known"] else "-",
            show.size(row["size"]),
            show.size(row["bytesOnDisk"] or None),
            keeping_verbs.share_kept(row["kept"]),
            row["infohash"],
        )
        for row in rows
    ]
    shown = show.table([head, *lines], (1, 2, 3, 4), run.room) if rows else ""
    run.answer(rows, shown)


def files(run: Run) -> None:
    """List the files of a torrent."""
    word, *rest = named_torrents.named([run.given.source])
    if rest:
        raise Failure("BAD_INPUT", "files takes one torrent.")
    source = named_torrents.read(word)
    with Bar() as bar:
        rows = _files(run, source, bar)
    head = ("INDEX", "SIZE", "PATH")
    lines = [
        (str(row["index"]), show.size(row["size"]), _path_and_note(row)) for row in rows
    ]
    run.answer(rows, show.table([head, *lines], numbers=(0, 1)))


def _path_and_note(row: Row) -> str:
    path, note = show.plain(row["path"]), row.get("note")
    return f"{path}  ({note})" if note else path


def _files(run: Run, source: NamedTorrent, bar: Bar) -> list[Row]:
    if source.torrent is not None:
        return run.rows("torrent_files", **source.arguments)
    begun = time.monotonic()
    while True:
        left = max(0.0, run.wait_s - (time.monotonic() - begun))
        try:
            step = min(STEP_S, left)
            return run.rows("torrent_files", **_with_wait(source, step))
        except VozduxanError as error:
            if error.code != "METADATA_TIMEOUT" or left <= STEP_S:
                raise
        bar.show(source.text, 0, time.monotonic() - begun, run.wait_s)


def remove(run: Run) -> None:
    """Remove all torrents; one that fails does not stop the others."""
    removed = []
    for infohash in run.given.infohashes:
        try:
            removed.append(
                run.row("torrent_remove", infohash=infohash, deleteData=run.given.data)
            )
        except VozduxanError as error:
            run.failed(error, infohash)
    lines = [f"{_gone(row)} {row['infohash']}{_freed(row)}" for row in removed]
    run.answer(removed, "\n".join(lines))


def _gone(row: Row) -> str:
    return "Forgot" if row["forgotten"] else "Removed"


def purge(run: Run) -> None:
    """Delete the data of torrents that nothing uses."""
    row = run.row("torrent_purge")
    count = row["torrents"]
    torrents = "1 torrent" if count == 1 else f"{count} torrents"
    run.answer(row, f"Purged {torrents}{_freed(row)}")


def _freed(row: Mapping[str, Any]) -> str:
    freed = row["freedBytes"]
    return f", {show.size(freed)} freed" if freed else ""


def status(run: Run) -> None:
    """Show streams, swarms and disk use."""
    row = run.row("torrent_status")
    library = row["library"]
    lines = [
        "Mopidy is running" if row["running"] else "Mopidy is not running",
        "Versions: " + ", ".join(f"{n} {v}" for n, v in row["versions"].items()),
        f"Library: {library['torrents']} torrents, {library['tracks']} tracks",
        _on_disk(row),
    ]
    if fetched := _FETCHED.get(row["cache"]["fetches"]):
        lines.append(f"The disk is at its limit: {fetched}")
    if trouble := row["disk"]["trouble"]:
        lines.append(f"Disk: {trouble}")
    if bound := row["network"]["boundTo"]:
        lines.append(f"Bound to: {', '.join(bound)}")
    if trouble := row["network"]["trouble"]:
        lines.append(f"Network: {trouble}")
    if proxy := row["network"].get("proxy"):
        lines.append(f"Proxy: {proxy}")
    lines += [f"Limit: {text}" for text in _limits(row["network"]["limits"])]
    if waiting := library["waitingForMetadata"]:
        lines.append(f"Without metadata yet: {waiting}")
    if row["streams"]:
        lines += ["", _streams(row["streams"], run.room)]
    if row["kept"]:
        lines += ["", keeping_verbs.table_of(row["kept"], run.room)]
    if row["swarms"]:
        lines += ["", _swarms(row["swarms"], run.room), *_trackers(row["swarms"])]
    run.answer(row, "\n".join(lines))


#: What is fetched while there is no room for all.
_FETCHED = {
    "heard": "only what plays is fetched",
    "needed": "only what plays, and the next tracks, are fetched",
}


def _on_disk(row: Row) -> str:
    most = row["cache"]["limitBytes"]
    used = show.size(row["bytesOnDisk"]) + (f" of {show.size(most)}" if most else "")
    return f"On disk: {used}, {show.size(row['disk']['freeBytes'])} free"


def _limits(row: Row) -> list[str]:
    """Return a phrase for each rate that is limited."""
    named = {"downloadLimit": "download", "uploadLimit": "upload"}
    return [f"{of} {rates.text_of(row[key])}" for key, of in named.items() if row[key]]


def _streams(rows: list[Row], room: int | None) -> str:
    head = ("STREAM", "FOR", "SIZE", "HERE", "AHEAD")
    lines = [
        (
            show.plain(row["name"]),
            row["bucket"] or ("library" if row["background"] else "queue"),
            show.size(row["size"]),
            show.size(row["heldBytes"]),
            show.size(row["bufferedBytes"]),
        )
        for row in rows
    ]
    return show.table([head, *lines], (2, 3, 4), room)


def _swarms(rows: list[Row], room: int | None) -> str:
    head = ("SWARM", "PEERS", "DOWN", "UP", "INFOHASH")
    lines = [
        (
            show.plain(row["name"]),
            str(row["numPeers"]),
            f"{show.size(row['downloadRate'])}/s",
            f"{show.size(row['uploadRate'])}/s",
            row["infohash"],
        )
        for row in rows
    ]
    return show.table([head, *lines], (1, 2, 3), room)


def _trackers(rows: list[Row]) -> list[str]:
    """Return a line for each tracker with which something is wrong."""
    return [
        f"Tracker {one['host']} of {show.plain(row['name'])}: "
        + show.plain(one["trouble"])
        for row in rows
        for one in row.get("trackers", [])
        if one["trouble"]
    ]


VERBS: dict[str, Callable[[Run], None]] = {
    "add": add,
    "list": list_,
    "files": files,
    "keep": keeping_verbs.keep,
    "unkeep": keeping_verbs.unkeep,
    "export": exporting_verb.export,
    "remove": remove,
    "status": status,
    "purge": purge,
}
