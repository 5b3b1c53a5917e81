"""The verbs about what is kept."""

from __future__ import annotations

from collections.abc import Callable

from mopidy_vozduxan.cli import show
from mopidy_vozduxan.cli.run import Row, Run
from mopidy_vozduxan.exceptions import VozduxanError


def keep(run: Run) -> None:
    """Keep all that are named; one that fails does not stop the others."""
    _each(run, "torrent_keep", _kept)


def unkeep(run: Run) -> None:
    """Keep them no longer."""
    _each(run, "torrent_unkeep", lambda row: f"Not kept any more: {_name(row)}")


def _each(run: Run, command: str, said: Callable[[Row], str]) -> None:
    done = []
    for source in run.given.sources:
        try:
            done.append(run.row(command, source=source))
        except VozduxanError as error:
            run.failed(error, source)
    run.answer(done, "\n".join(map(said, done)))


def _kept(row: Row) -> str:
    here = show.share(row["heldBytes"], row["size"])
    return f"Kept {_name(row)}, {here} of it is here"


def _name(row: Row) -> str:
    return show.plain(row["name"])


def share_kept(kept: Row | None) -> str:
    """Return how much of what is kept of a torrent is here; a dash for nothing."""
    return show.share(kept["heldBytes"], kept["size"]) if kept else "-"


def table_of(rows: list[Row], room: int | None) -> str:
    """Return what is kept as a table, and what is wrong."""
    head = ("KEPT", "SIZE", "HERE", "STATE", "URI")
    lines = [
        (
            _name(row),
            show.size(row["size"]),
            show.share(row["heldBytes"], row["size"]),
            _state(row),
            row["uri"],
        )
        for row in rows
    ]
    troubles = [f"{_name(row)}: {row['trouble']}" for row in rows if row["trouble"]]
    return "\n".join([show.table([head, *lines], (1, 2), room), *troubles])


def _state(row: Row) -> str:
    if row["size"] is not None and row["heldBytes"] >= row["size"]:
        return "complete"
    return "fetching" if row["fetching"] else "waiting"
