"""The job ``scan``: Mopidy's scanner over a URI. Runs in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping

from mopidy.audio.scan import Scanner

from mopidy_vozduxan.jobs.wire import DONE, JobsEnd, dump


def scan(end: JobsEnd, uri: str, timeout_ms: int, proxy: Mapping[str, object]) -> None:
    """Answer with the tags and the length in ms that Mopidy's scanner finds."""
    found = Scanner(timeout_ms, dict(proxy)).scan(uri)
    length_ms = found.duration
    answer = {
        "tags": dict(found.tags),
        "length_ms": None if length_ms is None else int(length_ms),
    }
    end.send(DONE, dump(answer))
