"""The verb that exports: begins, follows, and says how it went."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence

from mopidy_vozduxan.cli import show
from mopidy_vozduxan.cli.bar import Bar
from mopidy_vozduxan.cli.failures import Failure
from mopidy_vozduxan.cli.run import Row, Run

#: How often the bar moves.
STEP_S = 0.5
#: What may go wrong with a file, and the error that it counts as.
_TROUBLES = {"conflict": "CONFLICT", "failed": "STORAGE", "missing": "NOT_HERE"}


def export(run: Run) -> None:
    """Export to a folder; files that cannot be do not stop the others."""
    given = run.given
    if not run.is_served:
        raise Failure(
            "NO_ANSWER",
            "Mopidy is not running, and an export needs it: it reads and checks"
            " every file.",
        )
    row = run.row(
        "torrent_export",
        source=given.source,
        directory=os.path.abspath(given.directory),
        fetch=given.fetch,
        copy=given.copy,
    )
    try:
        with Bar() as bar:
            while row["state"] in ("waiting", "running"):
                bar.show_bytes(row["current"], row["doneBytes"], row["size"])
                row = run.row(
                    "torrent_export_progress", export=row["export"], wait=STEP_S
                )
    except KeyboardInterrupt:
        run.row("torrent_export_cancel", export=row["export"])
        raise
    _say(run, row)


def _say(run: Run, row: Row) -> None:
    for result in row["results"]:
        if code := _TROUBLES.get(result["outcome"]):
            path = show.plain(result["path"])
            run.failed(Failure(code, f"{_of(result)}: {result['message']}."), path)
    if row["state"] != "done":
        raise Failure("STORAGE", row["message"])
    run.answer(row, _summary(row["results"], row["directory"]))


def _of(result: Row) -> str:
    return {
        "conflict": "It was not exported",
        "failed": "It could not be written",
        "missing": "It is not there yet",
    }[result["outcome"]]


def _summary(results: Sequence[Row], directory: str) -> str:
    counts = Counter(result["outcome"] for result in results)
    said = {
        "linked": "linked",
        "copied": "copied",
        "present": "there before",
        "missing": "not there yet (--fetch fetches them)",
        "conflict": "in the way of others",
        "failed": "failed",
    }
    parts = [f"{counts[name]} {text}" for name, text in said.items() if counts[name]]
    return f"{show.plain(directory)}: {', '.join(parts)}"
