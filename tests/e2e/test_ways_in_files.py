"""Chapters are tracks, and a seek in an MP3 without a header goes where it should."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cue.files import encode as encode_lossless
from tests.e2e.stage import (
    FRAME,
    Album,
    Listener,
    as_floats,
    assert_heard,
    seeded,
    until,
)
from tests.rig import album
from tests.rig.album import RATE, make_pcm, pcm_of
from tests.rig.chapters import with_list
from tests.rig.torrents import make_torrent
from tests.rig.tracker import Tracker

PATIENCE_S = 60
CHAPTERS = [(0, "Opening"), (5000, "One"), (11_040, "Two")]
SECONDS = 16
#: Each loud and soft in turn: the bit rate is four times as high or as low.
STRETCHES, STRETCH_S = 6, 20
NEAR_MS = 1000


@contextmanager
def torrent_of(path: Path) -> Iterator[Album]:
    with Tracker() as tracker:
        torrent = make_torrent(
            path.parent, piece_length=64 * 1024, trackers=[tracker.url]
        )
        one = Album([path], torrent, tracker)
        with seeded(one, seeders=1, seconds=1):
            yield one


def length_of(listener: Listener, uri: str) -> int:
    (track,) = listener.rpc("core.library.lookup", uris=[uri])[uri]
    return int(track["length"])


def test_the_chapters_of_a_book_are_its_tracks(tmp_path: Path) -> None:
    folder = tmp_path / "Book"
    folder.mkdir()
    pcm = make_pcm(SECONDS, seed=4)
    path = encode_lossless(pcm, folder, "alac").rename(folder / "Book.m4b")
    path.write_bytes(with_list(path.read_bytes(), CHAPTERS))
    sound = as_floats(pcm)
    with (
        torrent_of(path) as book,
        Listener(tmp_path / "mopidy", [book]) as listener,
    ):

        def chapters() -> list[str]:
            refs = listener.rpc("core.library.browse", uri=book.uri)
            listener.rpc("core.library.lookup", uris=[book.uri])
            return [ref["uri"] for ref in refs] if len(refs) > 1 else []

        uris = until(chapters, PATIENCE_S)
        found = [
            listener.rpc("core.library.lookup", uris=[uri])[uri][0] for uri in uris
        ]
        assert [track["name"] for track in found] == [title for _, title in CHAPTERS]
        assert [track["length"] for track in found] == [5000, 6040, 4960]
        listener.play(*uris[1:])
        listener.wait_for_ended(uris[-1], PATIENCE_S)
        assert listener.sound == sound[5 * RATE * FRAME :]
        listener.assert_calm()


def softer(pcm: bytes) -> bytes:
    return array("h", (sample >> 7 for sample in array("h", pcm))).tobytes()


def test_a_seek_in_a_variable_bit_rate_without_a_header_goes_where_it_should(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "Album"
    folder.mkdir()
    path = folder / "1.mp3"
    parts = [make_pcm(STRETCH_S, seed=n) for n in range(STRETCHES)]
    pcm = b"".join(softer(p) if n % 2 else p for n, p in enumerate(parts))
    album._ENCODERS["vbr"] = "lamemp3enc target=quality quality=4"
    album.encode(pcm, path, "vbr")
    source = pcm_of(path, format="F32LE")
    with (
        torrent_of(path) as one,
        Listener(tmp_path / "mopidy", [one]) as listener,
    ):
        (uri,) = listener.tracks(one)
        length_ms = STRETCHES * STRETCH_S * 1000
        until(lambda: abs(length_of(listener, uri) - length_ms) < 100, PATIENCE_S)
        listener.play(uri)
        listener.wait_for_sound(RATE)
        for goal_ms in (85_000, 47_000):  # both where it is loud
            listener.seek(goal_ms)
            heard = listener.wait_for_sound(RATE)
            assert_heard(
                source,
                heard[: RATE * FRAME],
                goal_ms,
                rate=RATE,
                settling_s=0.5,
                off_s=NEAR_MS / 1000,
            )
        listener.assert_calm()
