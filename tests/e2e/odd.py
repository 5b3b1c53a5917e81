"""Torrents whose names nobody should have chosen. Nobody seeds them."""

from __future__ import annotations

from tests.torrent_files import multi_file, single_file

#: Below one torrent's root folder; the folder is called ``AC/DC``, a line and ``live``.
ODD_FILES = [
    "../../etc/passwd.mp3",
    "a\nb.mp3",
    " leading.mp3",
    "trailing .mp3",
    "x" * 300 + ".mp3",
    "e\u0301te\u0301.mp3",
    "\u00e9t\u00e9.mp3",
    "\N{MUSICAL NOTE} emoji.mp3",
    "\u202eright to left.mp3",
    "\x00nul.mp3",
    "tab\tbed.mp3",
    "\x1b[31mred.mp3",
    'quote".mp3',
    "back\\slash.mp3",
    "[2].mp3",
    "same.mp3",
    "Same.mp3",
    "same.flac",
    "<b>bold<b>.mp3",
    "100% & more, much more.mp3",
    "...mp3",
    "CD 1/..mp3",
    "CD 1/one.mp3",
    "CD 1 /one.mp3",
]
#: Torrents, and the names of their tracks.
ODD = {
    multi_file("AC/DC\nlive", dict.fromkeys(ODD_FILES, b"x" * 40000)): ODD_FILES,
    multi_file("Same", {"1.mp3": b"y" * 40_000}): ["1.mp3"],
    multi_file("Same", {"2.mp3": b"y" * 40_000}): ["2.mp3"],
    multi_file("..", {"1.mp3": b"z" * 40_000}): ["1.mp3"],
    multi_file("", {"1.mp3": b"a" * 40_000}): ["1.mp3"],
    single_file("  spaces.flac"): ["  spaces.flac"],
    multi_file("50% [live]", {"A/1.mp3": b"b" * 40_000, "B/2.mp3": b"c" * 40_000}): [
        *("A/1.mp3", "B/2.mp3")
    ],
}
