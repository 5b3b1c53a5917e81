"""One run of the command line, from its words to its exit code."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from mopidy_vozduxan.cli.failures import FAILED, INTERRUPTED, Failure, say
from mopidy_vozduxan.cli.parser import parser
from mopidy_vozduxan.exceptions import VozduxanError

logger = logging.getLogger(__name__)


def main(words: Sequence[str], config: Any, answers: TextIO | None = None) -> int:
    """Run the command in ``words``, answer on ``answers``; return the exit code."""
    answers = answers or sys.stdout
    if words and words[0] == "--json":  # it is an option of the verbs
        words = [*words[1:], words[0]]
    # Names of torrents may hold anything.
    with contextlib.suppress(AttributeError):
        answers.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        with contextlib.redirect_stdout(answers):
            given = parser().parse_args(words)
    except SystemExit as exc:  # it has said why
        return exc.code if isinstance(exc.code, int) else FAILED
    try:
        with _interruptible(), _quiet():
            return _run(given, config, answers)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as ``head``, has closed the pipe
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), answers.fileno())
        return FAILED


def _run(given: Any, config: Any, answers: TextIO) -> int:
    from mopidy_vozduxan.cli.run import Run
    from mopidy_vozduxan.cli.verbs import VERBS

    try:
        with Run(given, config, answers) as run:
            VERBS[given.verb](run)
            return run.exit_code
    except VozduxanError as error:
        failure = Failure.of(error)
        say(failure, as_json=given.json)
        return failure.exit_code
    except (KeyboardInterrupt, BrokenPipeError):
        raise
    except OSError as exc:  # usually of standard output
        failure = Failure("STORAGE", f"The disk failed: {exc}.")
        say(failure, as_json=given.json)
        return failure.exit_code
    except Exception:
        logger.exception("Vozduxan: The command failed")
        return FAILED


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Log only warnings and errors: the progress bar shows the rest."""
    ours = logging.getLogger("mopidy_vozduxan")
    before = ours.level
    ours.setLevel(logging.WARNING)
    try:
        yield
    finally:
        ours.setLevel(before)


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the command, whatever Mopidy uses them for."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {}
    with contextlib.suppress(ValueError):  # not the main thread: a test
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
