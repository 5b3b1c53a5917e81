"""Mopidy 4's form of the command. Imported only there, because it needs cyclopts.

Mopidy 4 logs to standard output, which we need for our answers. So if the command
line names our command, everything else goes to standard error as soon as Mopidy
collects the extensions' commands. Mopidy 4 also answers ``--help`` itself, so we
give it the help of our own parser.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import cyclopts
from mopidy.config import Config

from mopidy_vozduxan.cli.main import main
from mopidy_vozduxan.cli.parser import parser, verbs_of


def build() -> Any:
    """Return an app that passes all words on."""
    answers = sys.stdout
    if "vozduxan" in sys.argv[1:] and not {"-h", "--help"} & set(sys.argv):
        sys.stdout = sys.stderr

    def run(
        *words: Annotated[
            str, cyclopts.Parameter(show=False, allow_leading_hyphen=True)
        ],
    ) -> None:
        sys.exit(main(list(words), Config.get_global(), answers))

    root = parser()
    app = _app(root.format_help())
    app.default(run)
    for name, verb in verbs_of(root).items():
        one = _app(verb.format_help(), name)
        one.default(_verb(name, run))
        app.command(one)
    return app


def _app(help_text: str, name: str | None = None) -> Any:
    return cyclopts.App(
        name=name, help=help_text, help_format="plaintext", version_flags=[]
    )


def _verb(name: str, run: Any) -> Any:
    def with_name(
        *words: Annotated[
            str, cyclopts.Parameter(show=False, allow_leading_hyphen=True)
        ],
    ) -> None:
        run(name, *words)

    return with_name
