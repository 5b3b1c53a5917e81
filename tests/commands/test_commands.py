"""The eight commands, with an engine that delivers when the test says so."""

from __future__ import annotations

import asyncio
import base64

import pytest

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.commands.streaming_commands import COMMANDS, Commands
from mopidy_vozduxan.engine.parsing import read_torrent, read_with_magnet
from mopidy_vozduxan.engine.protocol import Statistics, StatisticsChanged, SwarmBroke
from mopidy_vozduxan.exceptions import (
    BadInput,
    Cancelled,
    MetadataTimeout,
    NoSuchFile,
    NoSuchStream,
    StorageFailed,
)
from mopidy_vozduxan.planning.plan import Urgency
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from tests.fake_engine import INFOHASH, album, payload, source_of
from tests.streaming.world import World
from tests.torrent_files import infohash_of, multi_file

ALBUM = album()
MAGNET = f"magnet:?xt=urn:btih:{INFOHASH}&dn=Album"
OTHER = album(infohash="cd" * 20)
OTHER_MAGNET = f"magnet:?xt=urn:btih:{OTHER.infohash}"
#: A real one: three tracks of 40 000 bytes in pieces of 16 KiB.
TORRENT = multi_file("Real", {f"{i}.flac": bytes([i]) * 40_000 for i in range(3)})
TORRENT_B64 = base64.b64encode(TORRENT).decode()
REAL = read_torrent(TORRENT)

PREPARE, PREFETCH = "torrent_prepare_stream", "torrent_prefetch_next_track"
RELEASE, NOTIFY = "torrent_release_stream", "vozduxan_notify_position"
STATS, LIST = "vozduxan_stream_stats", "torrent_magnet_list_files"
DISPOSE = "torrent_dispose_preview"


class Stage(World):
    """The manager's world, and the commands at its door."""

    def __init__(self, folder, *metainfos, **limits):
        super().__init__(*(metainfos or (ALBUM, OTHER, REAL)), **limits)
        self.catalog = Catalog(folder / "catalog.db")
        self.lost = []
        self.commands = Commands(
            self.manager,
            self.catalog,
            read_with_magnet,
            self.lost.append,
            lambda token: f"url/{token}",
        )

    def start(self, command, **given):
        return asyncio.create_task(self.commands.run(command, given))

    async def run(self, command, **given):
        return await self.start(command, **given)

    async def until(self, true):
        """Let the loop, and the threads it waits for, get there."""
        while not true():
            await asyncio.sleep(0.001)

    async def prepare(self, index=0, metainfo=ALBUM, **given):
        """Prepare a file whose metadata is known, and give it its first piece."""
        self.catalog.collection.add(source_of(metainfo), metainfo)
        magnet = f"magnet:?xt=urn:btih:{metainfo.infohash}"
        task = self.start(
            "torrent_prepare_stream", magnet=magnet, fileIdx=index, **given
        )
        piece = metainfo.files[index].offset // metainfo.piece_length
        await self.until(lambda: piece in self.wanted_of(metainfo) or task.done())
        self.engine.give(piece, infohash=metainfo.infohash)
        return (await task)["token"]

    def wanted_of(self, metainfo):
        wants = self.engine.wants.get(metainfo.infohash, {})
        return [piece for piece, urgency in wants.items() if urgency]


@pytest.fixture
def play(tmp_path):
    """Run a coroutine function on a stage of its own."""

    def run(test, *metainfos, **limits):
        async def on_stage():
            stage = Stage(tmp_path, *metainfos, **limits)
            await test(stage)
            await stage.manager.close()

        asyncio.run(asyncio.wait_for(on_stage(), 60))

    return run


# --- prepare


def test_a_magnet_is_prepared_through_metadata_and_its_first_piece(play):
    async def test(stage):
        task = stage.start("torrent_prepare_stream", magnet=MAGNET, fileIdx=1)
        await stage.until(lambda: stage.engine.added)
        assert stage.engine.wanted() == []
        stage.engine.tell_metadata()
        await stage.until(stage.engine.wanted)
        assert stage.engine.wanted(Urgency.NOW) == [9]
        assert not task.done()
        stage.engine.give(9)
        answer = await task
        assert answer == {"url": f"url/{answer['token']}", "token": answer["token"]}
        reader = stage.read(answer["token"], 0, 50)
        assert bytes(await reader.next()) == payload(ALBUM)[950:1000]

    play(test)


def test_torrent_bytes_need_no_metadata_exchange(play):
    async def test(stage):
        task = stage.start(
            "torrent_prepare_stream", magnet="", fileIdx=0, torrentFileB64=TORRENT_B64
        )
        await stage.until(lambda: stage.wanted_of(REAL))
        stage.engine.give(0, infohash=REAL.infohash)
        token = (await task)["token"]
        assert stage.manager.serving.known(token).size == 40_000

    play(test)


def test_a_torrent_in_the_catalog_needs_no_metadata_exchange(play):
    async def test(stage):
        assert await stage.prepare()
        assert stage.learned == []

    play(test)


def test_bytes_win_over_a_magnet_that_agrees_and_keep_it(play):
    async def test(stage):
        joined = []
        add = stage.engine.add
        stage.engine.add = lambda source, plan: (
            joined.append(source),
            add(source, plan),
        )
        magnet = f"magnet:?xt=urn:btih:{infohash_of(TORRENT)}&tr=http://t/announce"
        await stage.run(
            "torrent_prefetch_next_track",
            nextMagnet=magnet,
            nextFileIdx=0,
            nextTorrentFileB64=TORRENT_B64,
        )
        await stage.until(lambda: joined)
        assert joined == [TorrentSource(REAL.infohash, TORRENT, magnet, "Real")]

    play(test)


def test_bytes_and_a_magnet_of_another_torrent_are_refused(play):
    async def test(stage):
        with pytest.raises(BadInput, match="another torrent"):
            await stage.run(
                "torrent_prepare_stream",
                magnet=MAGNET,
                fileIdx=0,
                torrentFileB64=TORRENT_B64,
            )

    play(test)


def test_a_slow_first_piece_is_left_to_the_reader(play):
    async def test(stage):
        stage.catalog.collection.add(source_of(ALBUM), ALBUM)
        answer = await stage.run("torrent_prepare_stream", magnet=MAGNET, fileIdx=0)
        assert stage.manager.serving.known(answer["token"])
        assert stage.manager.preparing.progress.latest.state == "ready"
        assert stage.manager.preparing.progress.latest.percent == 0

    play(test, fast_start_timeout=0.05)


def test_the_old_stream_goes_only_when_the_new_one_is_in_place(play):
    async def test(stage):
        first = await stage.prepare(0)
        task = stage.start("torrent_prepare_stream", magnet=MAGNET, fileIdx=2)
        await stage.until(lambda: 19 in stage.engine.wanted())
        assert stage.manager.serving.known(first)
        stage.engine.give(19)
        await task
        with pytest.raises(NoSuchStream):
            stage.manager.serving.known(first)

    play(test)


def test_a_superseded_prepare_is_cancelled_and_leaves_no_token(play):
    async def test(stage):
        stage.catalog.collection.add(source_of(ALBUM), ALBUM)
        slow = stage.start("torrent_prepare_stream", magnet=MAGNET, fileIdx=0)
        await stage.until(lambda: stage.manager.streams)
        (abandoned,) = stage.manager.streams
        token = await stage.prepare(0, OTHER)
        with pytest.raises(Cancelled):
            await slow
        with pytest.raises(NoSuchStream):
            stage.manager.serving.known(abandoned)
        assert list(stage.manager.streams) == [token]
        stage.engine.give(0)  # too late: it overwrites nothing
        await stage.settle()
        assert stage.manager.streams.holders.buckets.current == token

    play(test)


def test_a_later_request_wins_however_long_the_earlier_one_is_looked_up(play):
    async def test(stage):
        held = asyncio.Event()

        async def never():
            await held.wait()

        early = asyncio.create_task(stage.manager.prepare(never))
        await stage.settle()
        token = await stage.prepare(1)
        with pytest.raises(Cancelled):
            await early
        assert stage.manager.streams.holders.buckets.current == token

    play(test)


def test_cancelling_ends_a_prepare_and_is_no_error_without_one(play):
    async def test(stage):
        task = stage.start("torrent_prepare_stream", magnet=MAGNET, fileIdx=0)
        await stage.until(lambda: stage.engine.added)
        assert await stage.run("torrent_prepare_cancel") == {}
        with pytest.raises(Cancelled):
            await task
        assert stage.manager.streams == {}
        assert stage.manager.preparing.progress.latest.state == "cancelled"
        assert await stage.run("torrent_prepare_cancel") == {}

    play(test)


@pytest.mark.parametrize("end", [RELEASE, DISPOSE])
def test_a_stream_released_while_it_is_prepared_ends_the_prepare_at_once(play, end):
    async def test(stage):
        stage.catalog.collection.add(source_of(ALBUM), ALBUM)
        ahead = await stage.run(PREFETCH, nextMagnet=MAGNET, nextFileIdx=0)
        task = stage.start(PREPARE, magnet=MAGNET, fileIdx=0)
        await stage.until(
            lambda: stage.manager.preparing.progress.latest.state == "buffering"
        )
        await stage.run(end, **({"token": ahead["token"]} if end == RELEASE else {}))
        with pytest.raises(Cancelled):
            await task
        assert stage.manager.streams.holders.buckets.tokens() == ()
        assert stage.manager.preparing.progress.latest.state == "cancelled"

    play(test)


@pytest.mark.parametrize("known", [False, True])
def test_what_comes_in_the_moment_of_a_cancel_changes_nothing(play, known):
    async def test(stage):
        if known:
            stage.catalog.collection.add(source_of(ALBUM), ALBUM)
        task = stage.start(PREPARE, magnet=MAGNET, fileIdx=0)
        await stage.until(lambda: stage.engine.added)
        await stage.settle()
        if known:
            stage.engine.give(0)
            await asyncio.sleep(0)  # its bytes are on their way now
        else:
            stage.engine.tell_metadata()
        stage.manager.preparing.cancel()
        with pytest.raises(Cancelled):
            await task
        assert stage.manager.streams == {}

    play(test)


def test_metadata_that_nobody_has_is_a_timeout(play):
    async def test(stage):
        with pytest.raises(MetadataTimeout):
            await stage.run("torrent_prepare_stream", magnet=MAGNET, fileIdx=0)
        assert stage.manager.preparing.progress.latest.state == "failed"

    play(test, metadata_timeout=0.05)


def test_a_full_disk_ends_a_prepare(play):
    async def test(stage):
        stage.catalog.collection.add(source_of(ALBUM), ALBUM)
        task = stage.start("torrent_prepare_stream", magnet=MAGNET, fileIdx=0)
        await stage.until(lambda: stage.engine.added)
        stage.manager.on_event(SwarmBroke(INFOHASH, "No space left", True))
        with pytest.raises(StorageFailed, match="No space"):
            await task

    play(test)


def test_an_index_beyond_the_last_file_is_no_file(play):
    async def test(stage):
        stage.catalog.collection.add(source_of(ALBUM), ALBUM)
        with pytest.raises(NoSuchFile):
            await stage.run("torrent_prepare_stream", magnet=MAGNET, fileIdx=3)

    play(test)


# --- prefetch


@pytest.mark.parametrize(("warm", "bucket"), [(False, "prefetch"), (True, "warm")])
def test_the_next_tracks_have_buckets_of_their_own(play, warm, bucket):
    async def test(stage):
        current = await stage.prepare(0)
        answer = await stage.run(
            "torrent_prefetch_next_track",
            currentMagnet=MAGNET,
            currentFileIdx=0,
            nextMagnet=MAGNET,
            nextFileIdx=1,
            nextTorrentFileB64=None,
            warmOnly=warm,
        )
        assert stage.manager.streams.holders.buckets.holder(answer["token"]) == bucket
        assert stage.manager.streams.holders.buckets.current == current
        assert answer["url"] == f"url/{answer['token']}"

    play(test)


def test_a_prefetched_track_is_promoted_with_all_that_was_fetched(play):
    async def test(stage):
        await stage.prepare(0)
        stage.engine.give(*range(10))
        ahead = await stage.run(
            "torrent_prefetch_next_track", nextMagnet=MAGNET, nextFileIdx=1
        )
        await stage.until(lambda: 12 in stage.engine.wanted())
        wanted = set(stage.engine.wanted())
        added = list(stage.engine.added)
        stage.engine.give(10)
        assert await stage.prepare(1) == ahead["token"]
        await stage.settle()
        assert stage.engine.added == added
        assert stage.engine.removed == []
        assert wanted - {9, 10} <= set(stage.engine.wanted())
        assert stage.manager.streams.holders.buckets.tokens() == (ahead["token"],)

    play(test)


def test_a_second_wish_for_a_bucket_releases_the_first(play):
    async def test(stage):
        await stage.prepare(0)
        ask = "torrent_prefetch_next_track"
        first = await stage.run(ask, nextMagnet=MAGNET, nextFileIdx=1)
        second = await stage.run(ask, nextMagnet=MAGNET, nextFileIdx=2)
        with pytest.raises(NoSuchStream):
            stage.manager.serving.known(first["token"])
        assert stage.manager.serving.known(second["token"])

    play(test)


# --- release and dispose


def test_a_release_is_final_and_may_be_repeated(play):
    async def test(stage):
        token = await stage.prepare()
        assert await stage.run("torrent_release_stream", token=token) == {}
        assert await stage.run("torrent_release_stream", token=token) == {}
        with pytest.raises(NoSuchStream):
            await stage.run("vozduxan_stream_stats", token=token)
        assert stage.lost == []

    play(test)


def test_every_tenth_release_evicts_the_swarms_past_their_time(play):
    async def test(stage):
        await stage.run("torrent_release_stream", token=await stage.prepare(0, OTHER))
        stage.now += 601
        for _ in range(8):
            await stage.run("torrent_release_stream", token=await stage.prepare())
        assert stage.engine.removed == []
        await stage.run("torrent_release_stream", token=await stage.prepare())
        assert stage.engine.removed == [OTHER.infohash]

    play(test)


def test_disposing_takes_all_buckets_and_every_swarm_at_once(play):
    async def test(stage):
        await stage.prepare(0)
        for index, warm in ((1, False), (2, True)):
            await stage.run(
                "torrent_prefetch_next_track",
                nextMagnet=MAGNET,
                nextFileIdx=index,
                warmOnly=warm,
            )
        assert len(stage.manager.streams.holders.buckets.tokens()) == 3
        assert await stage.run("torrent_dispose_preview") == {}
        assert stage.manager.streams.holders.buckets.tokens() == ()
        assert stage.manager.streams == {}
        assert stage.engine.removed == [INFOHASH]

    play(test)


def test_disposing_leaves_a_swarm_that_a_reader_waited_for(play):
    async def test(stage):
        waiting = asyncio.create_task(stage.read(stage.play()).next())
        await stage.until(lambda: stage.engine.added)
        await stage.run(DISPOSE)
        assert stage.engine.removed == [INFOHASH]
        with pytest.raises(Cancelled):
            await waiting

    play(test)


@pytest.mark.parametrize("command", ["release", "dispose"])
def test_taking_the_players_stream_tells_of_it(play, command):
    async def test(stage):
        token = stage.play()
        if command == "release":
            await stage.run("torrent_release_stream", token=token)
        else:
            await stage.run("torrent_dispose_preview")
        assert stage.lost == [token]

    play(test)


# --- position and numbers


def test_a_position_slides_the_window(play):
    async def test(stage):
        token = await stage.prepare()
        stage.engine.give(1, 2)
        await stage.run("vozduxan_notify_position", token=token, byteOffset=700)
        await stage.until(lambda: stage.engine.wanted(Urgency.SOON)[:1] == [7])

    play(test)


@pytest.mark.parametrize("offset", [0, 949, 950, 10**9, 2**63 - 1])
def test_no_position_is_too_far_out(play, offset):
    async def test(stage):
        token = await stage.prepare()
        await stage.run("vozduxan_notify_position", token=token, byteOffset=offset)
        stage.manager._plan()
        numbers = await stage.run("vozduxan_stream_stats", token=token)
        assert numbers["bufferedBytes"] == (100 if offset == 0 else 0)

    play(test)


def test_the_numbers_are_those_of_the_file_and_its_swarm(play):
    async def test(stage):
        token = await stage.prepare(1)
        stage.engine.give(10, 12, 18, 0)
        numbers = Statistics(5000, 70, 3, 2, 400)
        stage.manager.on_event(StatisticsChanged(INFOHASH, numbers))
        assert await stage.run("vozduxan_stream_stats", token=token) == {
            "downloadRate": 5000,
            "numPeers": 3,
            "uploadRate": 70,
            "numSeeds": 2,
            "size": 950,
            "heldBytes": 50 + 100 + 100 + 100,
            "bufferedBytes": 150,
        }

    play(test)


def test_unknown_tokens_have_no_position_and_no_numbers(play):
    async def test(stage):
        with pytest.raises(NoSuchStream):
            await stage.run("vozduxan_stream_stats", token="x")
        with pytest.raises(NoSuchStream):
            await stage.run("vozduxan_notify_position", token="x", byteOffset=0)

    play(test)


def test_a_stream_without_metadata_has_numbers_too(play):
    async def test(stage):
        token = stage.play(0, metainfo=None)
        numbers = await stage.run("vozduxan_stream_stats", token=token)
        assert (numbers["size"], numbers["heldBytes"]) == (None, 0)
        await stage.run("vozduxan_notify_position", token=token, byteOffset=7)

    play(test)


# --- files


def test_listing_files_fetches_no_payload_and_the_swarm_leaves(play):
    async def test(stage):
        task = stage.start("torrent_magnet_list_files", magnet=MAGNET)
        await stage.until(lambda: stage.engine.added)
        stage.engine.tell_metadata()
        files = await task
        assert files[1] == {
            "index": 1,
            "path": "Album/02 - Track.flac",
            "size": 950,
            "mime": "audio/flac",
        }
        assert len(files) == 3
        await stage.settle()
        assert stage.engine.wanted() == []
        await stage.later(1)
        assert stage.engine.removed == [INFOHASH]

    play(test)


def test_files_of_a_known_torrent_are_listed_without_its_swarm(play):
    async def test(stage):
        stage.catalog.collection.add(source_of(ALBUM), ALBUM)
        assert len(await stage.run("torrent_magnet_list_files", magnet=MAGNET)) == 3
        await stage.settle()
        assert stage.engine.added == []

    play(test)


# --- progress


def test_a_prepare_can_be_followed(play):
    async def test(stage):
        board, seen = stage.manager.preparing.progress, []

        async def follow():
            version = None
            while len(seen) < 6:
                version, progress = await board.after(version)
                seen.append(progress)

        following = asyncio.create_task(follow())
        await stage.settle()
        task = stage.start("torrent_prepare_stream", magnet=MAGNET, fileIdx=0)
        await stage.until(lambda: len(seen) == 2)
        stage.engine.tell_metadata()
        await stage.until(lambda: len(seen) == 3)
        numbers = Statistics(download_rate=9, num_peers=2, payload=30)
        stage.manager.on_event(StatisticsChanged(INFOHASH, numbers))
        await stage.until(lambda: len(seen) == 4)
        stage.engine.give(0)
        token = (await task)["token"]
        await stage.until(lambda: len(seen) == 5)
        await stage.run("torrent_release_stream", token=token)
        await following
        assert [p.state for p in seen] == [
            *("idle", "metadata", "buffering", "buffering", "ready", "idle")
        ]
        assert [p.percent for p in seen] == [0, 0, 0, 30, 100, 0]
        assert (seen[3].peers, seen[3].rate) == (2, 9)
        assert [p.token for p in seen[2:5]] == [token] * 3
        assert "Album" in seen[1].message

    play(test)


def test_a_superseded_prepare_is_not_heard_of_any_more(play):
    async def test(stage):
        old = stage.start("torrent_prepare_stream", magnet=OTHER_MAGNET, fileIdx=0)
        await stage.until(
            lambda: stage.manager.preparing.progress.latest.state == "metadata"
        )
        new = stage.start("torrent_prepare_stream", magnet=MAGNET, fileIdx=0)
        with pytest.raises(Cancelled):
            await old
        await stage.until(
            lambda: "Album" in stage.manager.preparing.progress.latest.message
        )
        stage.engine.progress(1, infohash=OTHER.infohash)
        assert stage.manager.preparing.progress.latest.state == "metadata"
        assert "Album" in stage.manager.preparing.progress.latest.message
        new.cancel()
        await asyncio.gather(new, return_exceptions=True)

    play(test)


# --- what is refused

NOT_A_TORRENT = base64.b64encode(b"d4:infod4:name1:xee").decode()


@pytest.mark.parametrize(
    ("command", "given"),
    [
        (PREPARE, {}),
        (PREPARE, {"fileIdx": 0}),
        (PREPARE, {"magnet": "", "fileIdx": 0, "torrentFileB64": ""}),
        (PREPARE, {"magnet": None, "fileIdx": 0, "torrentFileB64": None}),
        (PREPARE, {"magnet": MAGNET}),
        (PREPARE, {"magnet": MAGNET, "fileIdx": None}),
        (PREPARE, {"magnet": MAGNET, "fileIdx": True}),
        (PREPARE, {"magnet": MAGNET, "fileIdx": "0"}),
        (PREPARE, {"magnet": MAGNET, "fileIdx": -1}),
        (PREPARE, {"magnet": MAGNET, "fileIdx": 0.5}),
        (PREPARE, {"magnet": MAGNET, "fileIdx": float("inf")}),
        (PREPARE, {"magnet": MAGNET, "fileIdx": 2**64}),
        (PREPARE, {"magnet": MAGNET, "fileIdx": [0]}),
        (PREPARE, {"magnet": 7, "fileIdx": 0}),
        (PREPARE, {"magnet": ["magnet:"], "fileIdx": 0}),
        (PREPARE, {"magnet": "magnet:?xt=urn:btih:short", "fileIdx": 0}),
        (PREPARE, {"magnet": "http://example.org/a.torrent", "fileIdx": 0}),
        (PREPARE, {"magnet": "magnet:?xt=\ud800", "fileIdx": 0}),
        (PREPARE, {"magnet": MAGNET + "&dn=" + "x" * 70_000, "fileIdx": 0}),
        (PREPARE, {"fileIdx": 0, "torrentFileB64": "not base64!"}),
        (PREPARE, {"fileIdx": 0, "torrentFileB64": "\u0442"}),
        (PREPARE, {"fileIdx": 0, "torrentFileB64": "abc"}),
        (PREPARE, {"fileIdx": 0, "torrentFileB64": 12}),
        (PREPARE, {"fileIdx": 0, "torrentFileB64": NOT_A_TORRENT}),
        (PREPARE, {"fileIdx": 0, "torrentFileB64": "A" * (14 * 2**20)}),
        (PREPARE, {"magnet": "magnet:x", "fileIdx": 0, "torrentFileB64": TORRENT_B64}),
        (PREPARE, {"magnet": MAGNET, "fileIdx": 0, "fileIndex": 0}),
        (PREFETCH, {}),
        (PREFETCH, {"currentMagnet": MAGNET, "currentFileIdx": 0}),
        (PREFETCH, {"nextMagnet": MAGNET, "nextFileIdx": 0, "warmOnly": "yes"}),
        (PREFETCH, {"nextMagnet": MAGNET, "nextFileIdx": 0, "warmOnly": 1}),
        (PREFETCH, {"nextMagnet": MAGNET, "nextFileIdx": 0, "warmOnly": None}),
        (PREFETCH, {"nextMagnet": MAGNET, "nextFileIdx": -2}),
        (RELEASE, {}),
        (RELEASE, {"token": 5}),
        (RELEASE, {"token": ""}),
        (RELEASE, {"token": "x" * 5000}),
        (NOTIFY, {"token": "x"}),
        (NOTIFY, {"token": "x", "byteOffset": -1}),
        (NOTIFY, {"token": "x", "byteOffset": "1"}),
        (NOTIFY, {"token": "x", "byteOffset": False}),
        (STATS, {"token": None}),
        (STATS, {"token": "x", "extra": 1}),
        (LIST, {}),
        (LIST, {"magnet": "magnet:?dn=nothing"}),
        ("torrent_dispose_preview", {"token": "x"}),
        ("torrent_prepare_cancel", {"self": 1}),
    ],
)
def test_wrong_arguments_are_refused_and_change_nothing(play, command, given):
    async def test(stage):
        with pytest.raises(BadInput):
            await stage.commands.run(command, given)
        await stage.settle()
        assert stage.engine.added == []
        assert stage.manager.streams == {}

    play(test)


def test_whole_numbers_are_whole_however_they_are_written(play):
    async def test(stage):
        token = await stage.prepare()
        await stage.run("vozduxan_notify_position", token=token, byteOffset=1e2)
        assert await stage.prepare(0) == token

    play(test)


def test_there_are_eight_commands():
    assert len(COMMANDS) == 8
