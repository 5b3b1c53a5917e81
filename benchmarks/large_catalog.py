"""Makes an unusually large catalog, without a torrent file.

The same seed gives the same names: artists with several albums each, one torrent in ten
with two discs, some names in Cyrillic and Japanese.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterator
from pathlib import Path

from mopidy_vozduxan.catalog import Catalog, FoundAt
from mopidy_vozduxan.torrent.metainfo import Metainfo, TorrentFile, TorrentSource

TRACKS_EACH = 20
MIB = 1 << 20
#: The size of an album's .torrent file: 20 bytes for each piece, and its names.
TORRENT_BYTES = 12_000

_SYLLABLES = "ka lo mi ter ran vo du shi pel nor ga ri sto ul an be cor dy fin".split()
_OTHER = "кровь группа звезда солнце песня ветер город ночь".split()
_JAPANESE = "恋 夜 空 花 星 雨 風 海 夢 光".split()


def make(path: Path, folder: Path, torrents: int) -> float:
    """Make a catalog of the files in ``folder``; return the seconds it took.

    The files have realistic sizes. Their contents are never read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    catalog = Catalog(path)
    catalog.collection.add_all(_torrents(folder, torrents))
    catalog.close()
    return time.monotonic() - begun


def _torrents(
    folder: Path, count: int
) -> Iterator[tuple[TorrentSource, Metainfo, FoundAt]]:
    dice = random.Random(1)
    artists = [_words(dice, 2).title() for _ in range(max(1, count // 6))]
    for number in range(count):
        info = _metainfo(dice, number, dice.choice(artists))
        data = dice.randbytes(TORRENT_BYTES)
        file = folder / f"{number}.torrent"
        file.write_bytes(data)
        place = FoundAt(file, file.stat().st_mtime_ns, TORRENT_BYTES)
        yield TorrentSource(info.infohash, data), info, place


def _metainfo(dice: random.Random, number: int, artist: str) -> Metainfo:
    year = dice.randrange(1960, 2026)
    name = f"{artist} - {_words(dice, 3).title()} ({year}) [FLAC]"
    discs = ["CD1/", "CD2/"] if number % 10 == 0 else [""]
    files, offset = [], 0
    for index in range(TRACKS_EACH):
        disc = discs[index * len(discs) // TRACKS_EACH]
        path = f"{name}/{disc}{index + 1:02} - {_words(dice, 3).title()}.flac"
        size = dice.randrange(10 * MIB, 40 * MIB)
        files.append(TorrentFile(index, path, offset, size))
        offset += size
    files.append(TorrentFile(TRACKS_EACH, f"{name}/cover.jpg", offset, 300_000))
    whole = tuple(files)
    infohash = hashlib.sha1(b"%d" % number).hexdigest()
    return Metainfo(infohash, name, MIB, offset + 300_000, whole)


def _words(dice: random.Random, count: int) -> str:
    kind = dice.random()
    if kind < 0.1:
        return " ".join(dice.choices(_OTHER, k=count))
    if kind < 0.15:
        return "".join(dice.choices(_JAPANESE, k=count * 2))
    return " ".join("".join(dice.choices(_SYLLABLES, k=3)) for _ in range(count))
