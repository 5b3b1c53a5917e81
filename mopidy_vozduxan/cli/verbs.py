"""The verbs: each runs commands, and shows their answers."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Protocol, Self, TextIO, cast

from mopidy_vozduxan import folders
from mopidy_vozduxan.cli import named_torrents, server, show
from mopidy_vozduxan.cli.bar import Bar
from mopidy_vozduxan.cli.failures import Failure, say
from mopidy_vozduxan.cli.named_torrents import NamedTorrent
from mopidy_vozduxan.commands.streaming_commands import Result
from mopidy_vozduxan.exceptions import VozduxanError

Row = dict[str, Any]

#: How often the bar moves during a wait for metadata.
STEP_S = 1.0


class CommandRunner(Protocol):
    """Runs commands: the running Mopidy, or this process."""

    def call(self, command: str, **given: object) -> Result: ...
    def close(self) -> None: ...


class Run:
    """One run of a verb: its arguments, who does the work, where answers go."""

    def __init__(self, given: Any, config: Any, answers: TextIO) -> None:
        self.given = given
        self.exit_code = 0
        self._config = config
        self._answers = answers
        self._commands: CommandRunner | None = None

    def __enter__(self) -> Self:
        data_dir = folders.data_dir(self._config)
        self._commands = server.find(data_dir) or self._alone()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._commands:
            self._commands.close()

    def _alone(self) -> CommandRunner:
        from mopidy_vozduxan.cli import alone  # 0.2 s, not needed with a server

        kind = alone.Purge if self.given.verb == "purge" else alone.Alone
        return kind(self._config)

    @property
    def wait_s(self) -> float:
        """How long to wait for metadata."""
        if self.given.wait is not None:
            return float(self.given.wait)
        return float(self._config[folders.NAME]["metadata_timeout"])

    @property
    def room(self) -> int | None:
        """The width of the terminal that answers go to; None if it is none."""
        seen = self._answers.isatty()
        return shutil.get_terminal_size().columns if seen else None

    def row(self, command: str, **given: object) -> Row:
        """Return the answer of a command that answers with an object."""
        assert self._commands
        return cast(Row, self._commands.call(command, **given))

    def rows(self, command: str, **given: object) -> list[Row]:
        """Return the answer of a command that answers with a list."""
        assert self._commands
        return cast(list[Row], self._commands.call(command, **given))

    def failed(self, error: VozduxanError, of: str) -> None:
        """Report that one of several arguments failed; the first failure counts."""
        failure = Failure.of(error)
        say(failure, as_json=self.given.json, of=of)
        self.exit_code = self.exit_code or failure.exit_code

    def answer(self, value: object, text: str) -> None:
        """Answer with the value as JSON, or with the text."""
        shown = json.dumps(value, indent=1) if self.given.json else text
        if shown:
            self._answers.write(f"{shown}\n")
            self._answers.flush()


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
    head = ("NAME", "TRACKS", "SIZE", "ON DISK", "INFOHASH")
    lines = [
        (
            show.plain(row["name"]),
            str(row["tracks"]) if row["known"] else "-",
            show.size(row["size"]),
            show.size(row["bytesOnDisk"] or None),
            row["infohash"],
        )
        for row in rows
    ]
    shown = show.table([head, *lines], (1, 2, 3), run.room) if rows else ""
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
        (str(row["index"]), show.size(row["size"]), show.plain(row["path"]))
        for row in rows
    ]
    run.answer(rows, show.table([head, *lines], numbers=(0, 1)))


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
        f"On disk: {show.size(row['bytesOnDisk'])}",
    ]
    if bound := row["network"]["boundTo"]:
        lines.append(f"Bound to: {', '.join(bound)}")
    if trouble := row["network"]["trouble"]:
        lines.append(f"Network: {trouble}")
    if waiting := library["waitingForMetadata"]:
        lines.append(f"Without metadata yet: {waiting}")
    if row["streams"]:
        lines += ["", _streams(row["streams"], run.room)]
    if row["swarms"]:
        lines += ["", _swarms(row["swarms"], run.room)]
    run.answer(row, "\n".join(lines))


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


VERBS: dict[str, Callable[[Run], None]] = {
    "add": add,
    "list": list_,
    "files": files,
    "remove": remove,
    "status": status,
    "purge": purge,
}
