"""Files that GStreamer's libav demuxers take apart: Mopidy plays them, and answers.

Over HTTP those demuxers hang on files that are cut or garbled, and on swarms that
stall before the first sound; ``next`` and ``stop`` then never returned.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stage import Album, Listener, album, as_floats, seeded, until
from tests.rig.album import Track, encode, make_pcm
from tests.rig.containers import aiff, behind_id3v2, dff, dsf, tta
from tests.rig.seeder import Swarm

SECONDS = 2
#: Seconds; what hung never answered.
ANSWERS_S = 10
NOISE = random.Random(1).randbytes(200_000)
PCM = make_pcm(SECONDS, seed=7)
APE = Path(__file__).parents[1] / "cue" / "noise.ape"
MPC = Path(__file__).parents[1] / "decoding" / "noise.mpc"
#: The last one is too long to end during a test.
GOOD = [
    Track(name, "flac", s) for name, s in (("1", SECONDS), ("2", SECONDS), ("3", 30))
]
SOUND = [as_floats(make_pcm(SECONDS, seed=1001 + n)) for n in range(2)]

#: By name; the ending is not what tells.
WHOLE = {
    "10.aiff": aiff(PCM),
    "11.ape": APE.read_bytes(),
    "12.dff": dff(SECONDS),
    "13.dsf": dsf(SECONDS),
    "14.mpc": MPC.read_bytes(),
    "15.mp3": tta(PCM),
    "16.tta": behind_id3v2(tta(PCM), 30_000),
}
BROKEN = {
    "20.dff": b"FRM8" + NOISE,
    "21.dsf": b"DSD " + NOISE,
    "22.dsf": dsf(SECONDS)[:700_000],
    "23.mpc": b"MPCK" + NOISE,
    "24.mpc": b"MP+\7" + NOISE,
    "25.tta": b"TTA1" + NOISE,
    "26.tta": tta(PCM)[:200_000],
    "27.flac": tta(PCM)[:1000] + NOISE,
    "28.ape": b"MAC " + NOISE,
}
#: Long enough for nothing else to happen to it meanwhile.
LONG_PCM = make_pcm(10, seed=8)
LONG = {"30.dff": dff(10), "31.dsf": dsf(10), "32.tta": tta(LONG_PCM)}
#: An Ogg file behind one ID3v2 tag, and behind two; a player says nothing of that.
TAGGED, TAGGED_TWICE = "17.ogg", "40.ogg"
FILES = {**WHOLE, **BROKEN, **LONG}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Album]:
    path = tmp_path_factory.mktemp("ogg") / "x.ogg"
    encode(PCM, path, "ogg")
    tagged = behind_id3v2(path.read_bytes())
    files = {**FILES, TAGGED: tagged, TAGGED_TWICE: behind_id3v2(tagged)}
    folder = tmp_path_factory.mktemp("torrent") / "Album"
    with album(folder, GOOD, files=files) as made, seeded(made, seconds=1):
        yield made


@pytest.fixture(scope="module")
def listener(
    one: Album, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listener]:
    with Listener(tmp_path_factory.mktemp("mopidy"), [one]) as listener:
        listener.expected_errors = ("GStreamer error",)
        yield listener


def uri_of(one: Album, name: str) -> str:
    names = sorted(path.name for path in one.folder.iterdir())
    return f"vozduxan:track:{one.infohash}:{names.index(name)}"


@pytest.fixture
def good(one: Album) -> list[str]:
    return [uri_of(one, path.name) for path in one.paths]


@pytest.mark.parametrize("name", [*WHOLE, TAGGED])
def test_a_whole_file_plays_to_its_end_and_the_next_track_follows(
    name: str, one: Album, good: list[str], listener: Listener
) -> None:
    since = listener.mopidy.log_length
    uri = uri_of(one, name)
    listener.play(uri, good[0])
    listener.wait_for_started(uri)
    ended = listener.wait_for("track_playback_ended", tl_track__track__uri=uri)
    assert ended["time_position"] > 0
    listener.wait_for_started(good[0])
    listener.wait_for_ended(good[0])
    assert listener.sound.endswith(SOUND[0])
    assert "WARNING" not in "\n".join(listener.mopidy.log.splitlines()[since:])


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_passed_over_with_a_sentence(
    name: str, one: Album, good: list[str], listener: Listener
) -> None:
    since = listener.mopidy.log_length
    listener.play(good[0], uri_of(one, name), good[1])
    listener.wait_for_started(good[1])
    listener.mopidy.wait_for_log("Vozduxan: .* Moving on to the next", since=since)
    listener.wait_for_ended(good[1])
    assert listener.sound.endswith(SOUND[1])


@pytest.mark.parametrize("name", [*BROKEN, *LONG])
def test_next_and_stop_answer_at_once(
    name: str, one: Album, good: list[str], listener: Listener
) -> None:
    listener.play(uri_of(one, name), good[2])
    listener.rpc("core.playback.next", rpc_timeout=ANSWERS_S)
    listener.wait_for_started(good[2])
    listener.play(uri_of(one, name))
    listener.rpc("core.playback.stop", rpc_timeout=ANSWERS_S)
    until(lambda: listener.state == "stopped")


def test_what_gives_neither_sound_nor_error_is_given_up(
    one: Album, good: list[str], listener: Listener
) -> None:
    since = listener.mopidy.log_length
    listener.play(uri_of(one, TAGGED_TWICE), good[2])
    listener.wait_for_started(good[2])
    listener.mopidy.wait_for_log("The player found no sound in", since=since)


def test_an_intact_file_may_stall_before_its_first_sound(
    tmp_path: Path, listener: Listener, good: list[str]
) -> None:
    """``next`` answers; and what is waited for is said, and given up."""
    with (
        album(tmp_path / "Stalled", [], files={"1.dsf": dsf(SECONDS)}) as stalled,
        Swarm(stalled.torrent, tmp_path, pieces=[[0]]) as swarm,
    ):
        stalled.tracker.peers = swarm.peers
        magnet = f"magnet:?xt=urn:btih:{stalled.infohash}&tr={stalled.tracker.url}"
        uri = f"vozduxan:track:{stalled.infohash}:1"
        until(lambda: listener.rpc("core.library.lookup", uris=[magnet])[magnet])
        for _ in range(2):
            since = listener.mopidy.log_length
            listener.play(uri, good[2])
            listener.mopidy.wait_for_log("is waiting for data", since=since)
            listener.rpc("core.playback.next", rpc_timeout=ANSWERS_S)
            listener.wait_for_started(good[2])
        since = listener.mopidy.log_length
        listener.play(uri, good[2])
        listener.mopidy.wait_for_log("delivered nothing for 5 s", since=since)
        listener.wait_for_started(good[2])


def test_a_seek_lands_where_it_should(one: Album, listener: Listener) -> None:
    uri = uri_of(one, "32.tta")
    listener.play(uri)
    listener.seek(8000)
    listener.wait_for_ended(uri)
    assert listener.sound == as_floats(LONG_PCM[8 * 44_100 * 4 :])
