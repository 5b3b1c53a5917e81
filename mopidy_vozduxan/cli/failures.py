"""Failures of the command line: a code, a sentence, an exit code."""

from __future__ import annotations

import json
import sys

from mopidy_vozduxan.exceptions import VozduxanError

#: Exit codes by error code; 1 for all others.
EXIT_CODES = {
    "BAD_INPUT": 2,
    "NO_SUCH_TORRENT": 3,
    "NO_SUCH_FILE": 3,
    "NOT_KEPT": 3,
    "NOT_HERE": 4,
    "CONFLICT": 1,
    "METADATA_TIMEOUT": 4,
    "STALLED": 4,
    "STORAGE": 5,
    "FETCH_FAILED": 6,
    "NO_ANSWER": 7,
}
FAILED = 1
#: What a shell reports for a program that Ctrl-C ended.
INTERRUPTED = 130


class Failure(VozduxanError):
    """A command that failed, here or in the server, with its error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def exit_code(self) -> int:
        """The exit code for scripts."""
        return EXIT_CODES.get(self.code, FAILED)

    @classmethod
    def of(cls, error: VozduxanError) -> Failure:
        """Return one of our errors as a failure."""
        return error if isinstance(error, cls) else cls(error.code, str(error))


def say(failure: Failure, *, as_json: bool, of: str | None = None) -> None:
    """Report a failure on standard error, and which argument it concerns."""
    if as_json:
        error = {"code": failure.code, "message": str(failure)}
        about = {} if of is None else {"of": of}
        said = json.dumps({"error": error, **about})
    else:
        said = f"mopidy vozduxan: {f'{of[:80]}: ' if of else ''}{failure}"
    sys.stderr.write(f"{said}\n")
