"""The verbs and their arguments."""

from __future__ import annotations

import argparse
import contextlib

EPILOG = """\
Works whether Mopidy runs or not. If it runs, it does the work.

exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such torrent, 4 no metadata
in time, or not all data yet, 5 disk error, 6 the URL gave no torrent, 7 the
running Mopidy does not answer, 130 interrupted
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser for the words after ``mopidy vozduxan``."""
    root = argparse.ArgumentParser(
        "mopidy vozduxan",
        description="Manage the torrents of Mopidy-Vozduxan.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = root.add_subparsers(dest="verb", metavar="VERB", required=True)
    _add_adding(verbs)
    _add_keeping(verbs)
    _add_export(verbs)
    _add_removing(verbs)
    for verb in verbs_of(root).values():
        verb.add_argument(
            "--json", action="store_true", help="answer with one JSON value"
        )
    return root


def verbs_of(root: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of the verbs."""
    (verbs,) = (a for a in root._actions if isinstance(a, argparse._SubParsersAction))
    return dict(verbs.choices)


def _add_adding(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    add = verbs.add_parser("add", help="add torrents to the library")
    add.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="a magnet link, an infohash, an http(s) URL, a .torrent file,"
        " or - for standard input",
    )
    _add_wait(add)
    verbs.add_parser("list", help="list the torrents of the library")
    files = verbs.add_parser("files", help="list the files of a torrent")
    files.add_argument(
        "source",
        metavar="SOURCE",
        help="as for add, or an unambiguous prefix of an infohash in the library",
    )
    _add_wait(files)


def _add_keeping(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    for name, what in (
        ("keep", "fetch torrents, albums or tracks whole, and never evict them"),
        ("unkeep", "keep them no longer; their data stays until its place is needed"),
    ):
        keep = verbs.add_parser(name, help=what)
        keep.add_argument(
            "sources",
            nargs="+",
            metavar="WHAT",
            help="an infohash or an unambiguous prefix of one, a name, a magnet link,"
            " or a vozduxan: URI",
        )


def _add_export(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    export = verbs.add_parser(
        "export", help="put the finished files of a torrent or an album into a folder"
    )
    export.add_argument("source", metavar="ALBUM", help="as for keep, but no link")
    export.add_argument("directory", metavar="DIR", help="the folder; it may be new")
    export.add_argument(
        "--fetch", action="store_true", help="fetch first what is missing"
    )
    export.add_argument(
        "--copy", action="store_true", help="copy also where hard links are possible"
    )


def _add_removing(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    remove = verbs.add_parser("remove", help="remove torrents from the library")
    remove.add_argument(
        "infohashes",
        nargs="+",
        metavar="INFOHASH",
        help="an infohash, or an unambiguous prefix of one",
    )
    remove.add_argument("--data", action="store_true", help="delete their data too")
    verbs.add_parser("status", help="show streams, swarms and disk use")
    verbs.add_parser(
        "purge",
        help="delete the data of torrents that nothing uses now;"
        " they stay in the library",
    )


def _add_wait(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--wait",
        type=_seconds,
        metavar="SECONDS",
        help="how long to wait for metadata (default: vozduxan/metadata_timeout)",
    )


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 <= (seconds := float(text)) <= 3600:
            return seconds
    raise argparse.ArgumentTypeError("must be a number from 0 to 3600")
