"""An album that is one file and a CUE sheet: its tracks, cut to the sample."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from mutagen.flac import FLAC

from tests.cue import files
from tests.e2e.stage import FRAME, Album, Listener, as_floats, until
from tests.rig.album import RATE, pcm_of
from tests.rig.seeder import Swarm
from tests.rig.torrents import make_torrent
from tests.rig.tracker import Tracker

SEEDERS = 3
DELAY_MS = 20
#: Where tracks begin, in CUE frames: no second, no frame of FLAC. The first, one in
#: the middle, and the last; about one below 3.3 s, Mopidy is told of its end first.
STARTS = (0, 6 * 75 + 1, 12 * 75 + 74)
SECONDS = 18.5
#: A tenth of a second: what a listener hears of a track first.
HEARD = RATE // 8
PATIENCE_S = 60


@dataclass(frozen=True, slots=True)
class Image:
    """An album of one file, its sound as F32LE, and where its tracks begin."""

    album: Album
    sound: bytes
    starts: Sequence[int]
    rate: int = RATE

    def part(self, number: int) -> bytes:
        """The sound of a track; numbers from 0."""
        places = [start * self.rate // 75 * FRAME for start in self.starts]
        return self.sound[places[number] : [*places, len(self.sound)][number + 1]]


def sheet(file: str, starts: Sequence[int]) -> str:
    """A CUE sheet as a ripping program writes it."""
    lines = ['PERFORMER "The Rig"', 'TITLE "Image"', f'FILE "{file}" WAVE']
    for number, start in enumerate(starts, 1):
        seconds, frames = divmod(start, 75)
        lines += [
            f"  TRACK {number:02} AUDIO",
            f'    TITLE "Song {number}"',
            f"    INDEX 01 {seconds // 60:02}:{seconds % 60:02}:{frames:02}",
        ]
    return "\r\n".join([*lines, ""])


@contextmanager
def image(
    folder: Path,
    format: str,
    *,
    seconds: float = SECONDS,
    starts: Sequence[int] = STARTS,
    quality: files.Quality = files.CD,
    damaged: float = 0,
    embedded: bool = False,
) -> Iterator[Image]:
    """An album of one file, with a sheet unless nothing starts; not seeded yet.

    ``damaged`` is the share of the file behind which some bytes are lost. The sheet
    lies beside the file, or is ``embedded`` in it.
    """
    folder.mkdir(parents=True)
    if format == "ape":
        pcm = files.ape_pcm()
        path = folder / "Image.ape"
        path.write_bytes(files.APE.read_bytes())
    else:
        pcm = files.make_pcm(seconds, quality)
        path = files.encode(pcm, folder, format, quality)
    if damaged:
        data = bytearray(path.read_bytes())
        place = int(len(data) * damaged)
        data[place : place + 20_000] = bytes(20_000)
        path.write_bytes(data)
    if starts and embedded:
        tagged = FLAC(path)
        tagged["CUESHEET"] = sheet("CDImage.wav", starts)
        tagged.save()
    elif starts:
        (folder / "Image.cue").write_text(sheet("CDImage.wav", starts))
    with Tracker() as tracker:
        torrent = make_torrent(folder, piece_length=64 * 1024, trackers=[tracker.url])
        sound = as_floats(pcm) if quality == files.CD else pcm_of(path, format="F32LE")
        yield Image(Album([path], torrent, tracker), sound, starts, quality.rate)


@contextmanager
def paced(one: Image, factor: float) -> Iterator[Swarm]:
    """Seed it at ``factor`` times what the music takes."""
    album = one.album
    seconds = len(one.sound) / FRAME / one.rate
    rate = int(album.paths[0].stat().st_size / seconds * factor / SEEDERS)
    with Swarm(
        album.torrent,
        album.folder.parent,
        seeders=SEEDERS,
        rate=rate,
        delay_ms=DELAY_MS,
    ) as swarm:
        album.tracker.peers = swarm.peers
        yield swarm
        album.tracker.peers = []


def tracks(listener: Listener, one: Image) -> list[str]:
    """The URIs of the tracks, once the sheet was read."""

    def browsed() -> list[str]:
        refs = listener.rpc("core.library.browse", uri=one.album.uri)
        listener.rpc("core.library.lookup", uris=[one.album.uri])
        return [ref["uri"] for ref in refs] if len(refs) > 1 else []

    return until(browsed, PATIENCE_S)


def length_of(listener: Listener, uri: str) -> int:
    """The length of a track in ms, as the library knows it."""
    (track,) = listener.rpc("core.library.lookup", uris=[uri])[uri]
    return int(track["length"])


@pytest.mark.parametrize(
    ("format", "quality", "embedded"),
    [
        ("flac", files.CD, False),
        ("flac-no-table", files.CD, True),
        ("flac", files.Quality(96_000, 2, 24), False),
        ("wav", files.CD, False),
        ("alac", files.CD, False),
    ],
    ids=str,
)
def test_the_tracks_of_one_file_sound_like_the_file(
    format: str, quality: files.Quality, embedded: bool, tmp_path: Path
) -> None:
    folder = tmp_path / "Album"
    with (
        image(folder, format, quality=quality, embedded=embedded) as one,
        paced(one, 3),
        Listener(tmp_path / "mopidy", [one.album]) as listener,
    ):
        uris = tracks(listener, one)
        assert len(uris) == len(STARTS)
        # Before the file's own length is read, the last track's is an estimate.
        last_ms = SECONDS * 1000 - STARTS[-1] * 40 / 3
        until(lambda: abs(length_of(listener, uris[-1]) - last_ms) <= 1, PATIENCE_S)
        listener.play(*uris)
        entries = listener.rpc("core.tracklist.get_tl_tracks")
        assert [e["track"]["name"] for e in entries] == [
            f"Song {n}" for n in range(1, len(STARTS) + 1)
        ]
        for entry, (start, stop) in zip(
            entries, itertools.pairwise([*STARTS, None]), strict=True
        ):
            length = (
                (stop - start) * 1000 / 75 if stop else SECONDS * 1000 - start * 40 / 3
            )
            assert abs(entry["track"]["length"] - length) <= 1
        listener.wait_for_ended(uris[-1], 2 * PATIENCE_S)
        until(lambda: listener.state == "stopped")
        assert listener.sound == one.sound
        listener.assert_calm()


def test_a_track_in_the_middle_does_not_wait_for_those_before_it(
    tmp_path: Path,
) -> None:
    """When it sounds, most of what comes before it has not been fetched."""
    starts = (0, 45 * 75, 70 * 75)
    with (
        image(tmp_path / "Album", "flac-no-table", seconds=80, starts=starts) as one,
        paced(one, 3) as swarm,
        Listener(tmp_path / "mopidy", [one.album]) as listener,
    ):
        uris = tracks(listener, one)
        listener.play(uris[1])
        heard = listener.wait_for_sound(HEARD)
        fetched = sum(swarm.uploaded())
        assert one.part(1).startswith(heard[: HEARD * FRAME])
        before = one.album.size * 45 / 80
        assert fetched < before / 2, fetched / before

        listener.seek(10_000)
        heard = listener.wait_for_sound(HEARD)
        assert one.part(1)[10 * RATE * FRAME :].startswith(heard[: HEARD * FRAME])
        listener.seek(24_000)
        listener.wait_for_ended(uris[1])
        assert one.part(1)[24 * RATE * FRAME :] == listener.sound
        listener.assert_calm()


def test_the_next_track_of_a_file_is_there_before_it_is_asked_for(
    tmp_path: Path,
) -> None:
    """Far ahead of what plays, and the swarm gives nothing any more."""
    starts = (0, 90 * 75 + 10)
    config = {"vozduxan": {"readahead": 10}}
    with (
        image(tmp_path / "Album", "flac", seconds=130, starts=starts) as one,
        paced(one, 4) as swarm,
        Listener(tmp_path / "mopidy", [one.album], config) as listener,
    ):
        uris = tracks(listener, one)
        listener.play(*uris)
        listener.wait_for_sound(RATE)
        second = one.album.size / 130
        until(lambda: sum(swarm.uploaded()) >= 80 * second)
        assert sum(swarm.uploaded()) < 88 * second, "too fast to tell"
        swarm.stall()
        listener.rpc("core.playback.next")
        wanted = one.part(1)[: HEARD * FRAME]
        until(lambda: listener.sound.startswith(wanted))
        listener.assert_calm()


@pytest.mark.parametrize("starts", [(0, 13), ()])
def test_monkeys_audio_plays_in_parts_and_as_a_whole(
    starts: Sequence[int], tmp_path: Path
) -> None:
    """One track only: the parts of this file are too short to follow each other."""
    with (
        image(tmp_path / "Album", "ape", starts=starts) as one,
        paced(one, 20),
        Listener(tmp_path / "mopidy", [one.album]) as listener,
    ):
        uris = tracks(listener, one) if starts else listener.tracks(one.album)
        wanted = len(one.part(1) if starts else one.sound) / FRAME / RATE * 1000
        until(lambda: abs(length_of(listener, uris[-1]) - wanted) <= 1)
        listener.play(uris[-1])
        listener.wait_for_ended(uris[-1])
        assert listener.sound == (one.part(1) if starts else one.sound)
        listener.assert_calm()


def test_a_track_plays_though_its_torrent_left_the_library_with_its_data(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "mopidy"
    with image(tmp_path / "Album", "flac") as one, paced(one, 20):
        remove = ["remove", "--data", one.album.infohash]
        with Listener(folder, [one.album], sync=False) as listener:
            uris = tracks(listener, one)
            length = length_of(listener, uris[1])
            assert listener.mopidy.command(*remove).returncode == 0
        with Listener(folder, sync=False) as listener:
            assert length_of(listener, uris[1]) == length
            listener.play(uris[1])
            listener.wait_for_ended(uris[1])
            assert listener.sound == one.part(1)
            assert listener.mopidy.command("list").stdout == b""
            listener.assert_calm()


def test_a_track_of_a_torrent_that_nothing_is_known_of_plays_once_its_sheet_is_read(
    tmp_path: Path,
) -> None:
    with (
        image(tmp_path / "Album", "flac") as one,
        paced(one, 20),
        Listener(tmp_path / "mopidy", [one.album], sync=False) as listener,
    ):
        uris = tracks(listener, one)
        for _ in ("leaves", "is forgotten"):
            remove = ["remove", one.album.infohash]
            assert listener.mopidy.command(*remove).returncode == 0
        listener.play(uris[1])  # finds out where it begins, no more
        whole = SECONDS * 1000
        until(lambda: length_of(listener, uris[1]) < whole / 2, PATIENCE_S)
        listener.play(uris[1])
        listener.wait_for_ended(uris[1])
        assert listener.sound == one.part(1)


def test_a_track_that_is_damaged_gives_way_to_the_next_of_its_file(
    tmp_path: Path,
) -> None:
    """The torrent is sound; what was encoded is not."""
    with (
        image(tmp_path / "Album", "flac", starts=STARTS, damaged=0.4) as one,
        paced(one, 6),
        Listener(tmp_path / "mopidy", [one.album]) as listener,
    ):
        uris = tracks(listener, one)
        assert STARTS[1] / 75 < SECONDS * 0.4 < STARTS[2] / 75
        listener.play(*uris[1:])
        listener.wait_for_started(uris[2])
        listener.mopidy.wait_for_log("is damaged.* Moving on")
        heard = listener.wait_for_sound(HEARD)
        assert one.part(2).startswith(heard[: HEARD * FRAME])
