"""The rig does what it says: otherwise every other test proves nothing."""

from __future__ import annotations

import asyncio
import filecmp
import time
import urllib.request
from pathlib import Path

import pytest

from tests.rig import album, othermakes, torrents
from tests.rig.capture import SILENT, capture, offset_in
from tests.rig.client import download
from tests.rig.mopidy import MopidyProcess, RpcError
from tests.rig.relay import start_relay
from tests.rig.seeder import Swarm
from tests.rig.tracker import Tracker

PLAIN = {"vozduxan": {"enabled": "false"}}


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """One file of every format, three seconds each, in one folder."""
    tracks = [album.Track(name, name, 3) for name in album.FORMATS]
    return album.make_album(tmp_path_factory.mktemp("rig") / "Album", tracks, seed=7)


def same(one: Path, other: Path) -> bool:
    names = [path.name for path in one.iterdir()]
    return filecmp.cmpfiles(one, other, names, shallow=False)[0] == names


# -- album


def test_lossless_files_decode_to_the_very_pcm(tracks: list[Path]) -> None:
    for number, path in enumerate(tracks, 1):
        if path.suffix in (".flac", ".wav"):
            made = album.make_pcm(3, seed=7000 + number)
            assert album.pcm_of(path) == made, path.name


def test_lossy_files_decode_to_the_expected_length(tracks: list[Path]) -> None:
    for path in tracks:
        rate = 48_000 if path.suffix == ".opus" else 44_100
        seconds = len(album.pcm_of(path)) / album.FRAME / rate
        assert 2.99 < seconds < 3.1, path.name


def test_flac_is_as_large_as_music(tracks: list[Path]) -> None:
    kbit = tracks[0].stat().st_size * 8 / 3 / 1000
    assert 700 < kbit < 1000


def test_seeds_decide_the_sound() -> None:
    assert album.make_pcm(1, seed=1) == album.make_pcm(1, seed=1)
    assert album.make_pcm(1, seed=1) != album.make_pcm(1, seed=2)


def test_moov_is_at_the_end_unless_faststart(tracks: list[Path]) -> None:
    slow, fast = (path.read_bytes() for path in tracks if path.suffix == ".m4a")
    assert slow.index(b"moov") > slow.index(b"mdat")
    assert fast.index(b"moov") < fast.index(b"mdat")


def test_cut_files_join_to_the_recording(tmp_path: Path) -> None:
    cut = album.cut_album(tmp_path / "Cut", [50_001, 44_444, 33_333], seed=3)
    assert b"".join(album.pcm_of(path) for path in cut.paths) == cut.pcm


# -- torrents, tracker, seeders


@pytest.mark.parametrize("version", ["v1", "hybrid", "v2"])
def test_a_limited_and_delayed_swarm_delivers_every_byte(
    version: torrents.Version, tracks: list[Path], tmp_path: Path
) -> None:
    folder = tracks[0].parent
    size = sum(path.stat().st_size for path in folder.iterdir())
    torrent = torrents.make_torrent(folder, piece_length=32_768, version=version)
    rate = size // 6
    with Swarm(torrent, folder.parent, seeders=3, rate=rate, delay_ms=20) as swarm:
        took = download(torrent, tmp_path, swarm.peers)
        assert sum(swarm.uploaded()) >= size
    assert same(folder, tmp_path / folder.name)
    assert took > size / (3 * rate) * 0.7  # else the limit does not hold on loopback


def test_a_magnet_finds_the_swarm_through_the_tracker(
    tracks: list[Path], tmp_path: Path
) -> None:
    folder = tracks[0].parent
    torrent = torrents.make_torrent(folder)
    with Swarm(torrent, folder.parent) as swarm, Tracker(swarm.peers) as tracker:
        download(torrents.magnet_of(torrent, [tracker.url]), tmp_path)
        tracker.wait_for_announce()
    assert same(folder, tmp_path / folder.name)


def test_a_partial_seeder_sends_its_pieces_only(
    tracks: list[Path], tmp_path: Path
) -> None:
    path = tracks[0]
    torrent = torrents.make_torrent(path, piece_length=16_384)
    with Swarm(torrent, path.parent, pieces=[[0, 1]]) as swarm:
        with pytest.raises(TimeoutError):
            download(torrent, tmp_path / "half", swarm.peers, timeout=2)
        assert swarm.uploaded() == [2 * 16_384]


def test_a_stalled_swarm_goes_on_when_it_may(
    tracks: list[Path], tmp_path: Path
) -> None:
    path = tracks[0]
    torrent = torrents.make_torrent(path)
    with Swarm(torrent, path.parent) as swarm:
        swarm.stall()
        with pytest.raises(TimeoutError):
            download(torrent, tmp_path / "stalled", swarm.peers, timeout=2)
        swarm.limit(0)
        download(torrent, tmp_path / "free", swarm.peers)
    assert filecmp.cmp(path, tmp_path / "free" / path.name, shallow=False)


def test_equal_files_give_equal_torrents(tracks: list[Path]) -> None:
    folder = tracks[0].parent
    assert torrents.make_torrent(folder) == torrents.make_torrent(folder)


def test_the_tracker_counts_announces() -> None:
    with Tracker([("127.0.0.9", 258)]) as tracker:
        with urllib.request.urlopen(f"{tracker.url}?event=started") as response:
            assert response.read().endswith(b"5:peers6:\x7f\x00\x00\x09\x01\x02e")
        assert [announce["event"] for announce in tracker.announces] == ["started"]


# -- relay


def test_the_relay_adds_delay_and_keeps_the_throughput() -> None:
    delay, size = 0.1, 32 << 20

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(1))
        await reader.readexactly(1)
        writer.write(bytes(size))
        await writer.drain()

    async def measure() -> tuple[float, float]:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        target = server.sockets[0].getsockname()
        _, port = await start_relay("127.0.1.1", target, delay)
        reader, writer = await asyncio.open_connection("127.0.1.1", port)
        begin = time.monotonic()
        writer.write(b"1")
        await reader.readexactly(1)
        trip = time.monotonic() - begin
        writer.write(b"2")
        await reader.readexactly(size)
        writer.close()
        return trip, time.monotonic() - begin - trip

    trip, transfer = asyncio.run(measure())
    assert trip >= 4 * delay  # the connect's round trip, then the byte's
    # 64 KiB chunks that waited for one another would take 512 delays
    assert 2 * delay <= transfer < 100 * delay


# -- other makes


@pytest.mark.skipif(not othermakes.TRANSMISSION, reason="no transmission-daemon")
def test_transmission_seeds(tracks: list[Path], tmp_path: Path) -> None:
    path = tracks[0]
    torrent = torrents.make_torrent(path)
    with othermakes.transmission(torrent, path.parent) as peer:
        download(torrent, tmp_path, [peer], enable_outgoing_utp=False)
    assert filecmp.cmp(path, tmp_path / path.name, shallow=False)


@pytest.mark.skipif(not othermakes.ARIA2, reason="no aria2c")
def test_aria2_seeds(tracks: list[Path], tmp_path: Path) -> None:
    path = tracks[0]
    torrent = torrents.make_torrent(path)
    with othermakes.aria2(torrent, path.parent) as peer:
        download(torrent, tmp_path, [peer], enable_outgoing_utp=False)
    assert filecmp.cmp(path, tmp_path / path.name, shallow=False)


# -- Mopidy


def test_captured_sound_is_the_file_sample_for_sample(
    tracks: list[Path], tmp_path: Path
) -> None:
    pcm = tmp_path / "played.f32"
    output = capture(pcm, sync=False, format="F32LE")
    with MopidyProcess(tmp_path / "mopidy", PLAIN, audio_output=output) as mopidy:
        for path in tracks:
            mopidy.events.skip()
            mopidy.play(path.as_uri())
            mopidy.events.wait_for_event("track_playback_ended")
            assert pcm.read_bytes() == album.pcm_of(path, format="F32LE"), path.name


def test_captured_gapless_album_is_the_recording(tmp_path: Path) -> None:
    cut = album.cut_album(tmp_path / "Cut", [90_001, 88_888, 77_777], seed=5)
    pcm = tmp_path / "played.s16"
    with MopidyProcess(tmp_path / "mopidy", PLAIN, audio_output=capture(pcm)) as mopidy:
        mopidy.events.skip()
        mopidy.play(*(path.as_uri() for path in cut.paths))
        for path in cut.paths:
            mopidy.events.wait_for_event(
                "track_playback_ended", tl_track__track__uri=path.as_uri()
            )
    assert pcm.read_bytes() == cut.pcm


def test_after_a_seek_the_capture_begins_where_it_landed(
    tracks: list[Path], tmp_path: Path
) -> None:
    pcm = tmp_path / "played.s16"
    source = album.pcm_of(tracks[0])
    with MopidyProcess(tmp_path / "mopidy", PLAIN, audio_output=capture(pcm)) as mopidy:
        mopidy.events.skip()
        mopidy.play(tracks[0].as_uri())
        mopidy.events.wait_for_event("track_playback_started")
        assert mopidy.rpc("core.playback.seek", time_position=2000)
        mopidy.events.wait_for_event("track_playback_ended")
    played = pcm.read_bytes()
    start = offset_in(source, played)
    assert start == 2 * album.RATE * album.FRAME
    assert played == source[start:]


def test_mopidy_answers_mpd_and_reports_errors(tmp_path: Path) -> None:
    with MopidyProcess(tmp_path / "mopidy", PLAIN, audio_output=SILENT) as mopidy:
        client = mopidy.mpd()
        assert client.status()["state"] == "stop"
        client.disconnect()
        with pytest.raises(RpcError):
            mopidy.rpc("core.no_such_method")
        mopidy.wait_for_log("MPD server running")


def test_mopidy_runs_without_front_ends(tmp_path: Path) -> None:
    with MopidyProcess(tmp_path / "mopidy", PLAIN, http=False, mpd=False) as mopidy:
        assert mopidy.pid
