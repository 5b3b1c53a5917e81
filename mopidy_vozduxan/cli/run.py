"""One run of a verb: its arguments, who does the work, where answers go."""

from __future__ import annotations

import json
import shutil
from types import TracebackType
from typing import Any, Protocol, Self, TextIO, cast

from mopidy_vozduxan import folders
from mopidy_vozduxan.cli import server
from mopidy_vozduxan.cli.failures import Failure, say
from mopidy_vozduxan.commands.streaming_commands import Result
from mopidy_vozduxan.exceptions import VozduxanError

Row = dict[str, Any]


class CommandRunner(Protocol):
    """Runs commands: the running Mopidy, or this process."""

    running: bool

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
    def is_served(self) -> bool:
        """Whether a running Mopidy does the work."""
        assert self._commands
        return self._commands.running

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
