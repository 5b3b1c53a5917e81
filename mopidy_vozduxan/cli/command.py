"""The command that Mopidy mounts as ``mopidy vozduxan``.

Both Mopidys pass the remaining words to our own parser
(:mod:`mopidy_vozduxan.cli.parser`), so verbs, help and exit codes are the same.
"""

from __future__ import annotations

import argparse
from typing import Any

from mopidy_vozduxan.cli.main import main


def build() -> Any:
    """Return the command: Mopidy 3's own kind, or a cyclopts app for Mopidy 4."""
    try:
        from mopidy import commands
    except ImportError:
        from mopidy_vozduxan.cli import cyclopts_app

        return cyclopts_app.build()

    class VozduxanCommand(commands.Command):
        help = "Manage the torrents of Mopidy-Vozduxan."

        def __init__(self) -> None:
            super().__init__()
            # In Mopidy 3 only the root parser has help of its own.
            self.add_argument("-h", "--help", action="store_true", dest="helped")
            self.add_argument("--json", action="store_true", dest="as_json")
            self.add_argument("words", nargs=argparse.REMAINDER, metavar="VERB ...")

        def run(self, args: Any, config: Any) -> int:
            before = ["--help"] * args.helped + ["--json"] * args.as_json
            return main([*before, *args.words], config)

    return VozduxanCommand()
