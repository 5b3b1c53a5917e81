"""What a resume file claims is on the disk; what it does not claim is found."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import libtorrent as lt
import pytest

from mopidy_vozduxan.engine import saving
from mopidy_vozduxan.engine.file_table import FileTable
from mopidy_vozduxan.engine.places import Place
from mopidy_vozduxan.engine.protocol import (
    MetadataReceived,
    PieceFinished,
    PieceRead,
    PiecesHeld,
)
from mopidy_vozduxan.engine.resume import ResumeFiles, pieces_in
from mopidy_vozduxan.planning.plan import Changes, Urgency
from mopidy_vozduxan.torrent.metainfo import TorrentSource
from tests.engine.conftest import (
    LOOPBACK,
    OFFLINE,
    Album,
    Rig,
    Seeds,
    make_album,
    on_loop,
    plan_of,
)
from tests.engine.steps import joined

VERSIONS = ["v1", "hybrid", "v2"]


class Platter:
    """The files as they were when they were last synced."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._files: dict[str, bytes] = {}
        self._sync = os.fsync
        monkeypatch.setattr(os, "fsync", self._synced)

    def _synced(self, file: int) -> None:
        path = os.readlink(f"/proc/self/fd/{file}")
        self._files[path] = Path(path).read_bytes()
        self._sync(file)

    def has(self, album: Album, folder: Path, piece: int) -> bool:
        """Return whether all bytes of a piece are there."""
        table, rest = FileTable(album.info), album.piece(piece)
        for index, place in table.overlapping({piece}):
            span = place.span_of(piece)
            there = self._files.get(table.path(index, str(folder)), b"")
            part, rest = rest[: len(span)], rest[len(span) :]
            if there[span.start : span.stop] != part and not table.is_padding(index):
                return False
        return True


@pytest.mark.parametrize("version", VERSIONS)
@on_loop
async def test_what_is_claimed_was_synced_before(
    tmp_path: Path, version: str, seeds: Seeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    album = make_album(tmp_path / "seed", [400_000, 7, 300_000], version=version)
    platter, save, claims = Platter(monkeypatch), ResumeFiles.save, list[set[int]]()
    folder = tmp_path / "data" / album.infohash

    def check(files: ResumeFiles, infohash: str, data: bytes) -> bool:
        claimed = pieces_in(lt.read_resume_data(data))
        assert all(platter.has(album, folder, piece) for piece in claimed)
        claims.append(claimed)
        return save(files, infohash, data)

    monkeypatch.setattr(ResumeFiles, "save", check)
    monkeypatch.setattr(saving, "SAVE_BYTES", 0)
    monkeypatch.setattr(saving, "REST_S", 0)
    magnet = album.magnet(*seeds.start(album, 2)).magnet
    source = TorrentSource(album.infohash, album.torrent, magnet)
    first, rest = range(album.piece_count // 2), range(album.piece_count)
    async with Rig(tmp_path, LOOPBACK) as rig:
        rig.engine.add(source, plan_of(album, dict.fromkeys(first, Urgency.SOON)))
        await rig.until(lambda: len(rig.all(PieceFinished)) >= len(first))
        while not claims:
            await asyncio.sleep(0.01)
        changes = Changes(tuple((piece, Urgency.SOON) for piece in rest))
        rig.engine.apply(album.infohash, changes)
        await rig.until(lambda: len(rig.all(PieceFinished)) >= album.piece_count)
    assert claims[-1] == {*range(album.piece_count)}
    assert len(claims) > 1


@on_loop
async def test_what_cannot_be_synced_is_not_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    album = make_album(tmp_path, [16384 * 4, 16384 * 4])
    sync = os.fsync

    def fail(file: int) -> None:
        if "01 track" in os.readlink(f"/proc/self/fd/{file}"):
            raise OSError(5, "Input/output error")
        sync(file)

    monkeypatch.setattr(os, "fsync", fail)
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, *range(album.piece_count))
    resumed = ResumeFiles(tmp_path / "resume").load(album.infohash)
    assert pieces_in(resumed) == {4, 5, 6, 7}


# --- a resume file that says nothing


async def filled(tmp_path: Path, album: Album) -> Path:
    """Hold all of an album; return its resume file."""
    async with Rig(tmp_path, OFFLINE) as rig:
        await joined(rig, album, *range(album.piece_count))
    return tmp_path / "resume" / f"{album.infohash}.resume"


def empty(resume: Path) -> None:
    resume.write_bytes(b"")


def cut_short(resume: Path) -> None:
    resume.write_bytes(resume.read_bytes()[:-40])


def garbage(resume: Path) -> None:
    resume.write_bytes(b"\xff" * 500)


def of_another_torrent(resume: Path) -> None:
    params = lt.parse_magnet_uri("magnet:?xt=urn:btih:" + "ab" * 20)
    resume.write_bytes(bytes(lt.write_resume_data_buf(params)))


def older(resume: Path) -> None:
    params = lt.read_resume_data(resume.read_bytes())
    params.have_pieces = [False for _ in params.have_pieces]
    resume.write_bytes(bytes(lt.write_resume_data_buf(params)))


def of_fewer_pieces(resume: Path) -> None:
    params = lt.read_resume_data(resume.read_bytes())
    params.have_pieces = params.have_pieces[:3]
    resume.write_bytes(bytes(lt.write_resume_data_buf(params)))


HARMS = [Path.unlink, empty, cut_short, garbage, of_another_torrent, older]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("harm", HARMS)
@on_loop
async def test_what_is_on_disk_is_found_and_claimed_piece_by_piece(
    tmp_path: Path,
    version: str,
    harm: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    album = make_album(tmp_path, [200_000, 100_000], version=version)
    harm(await filled(tmp_path, album))
    read, places = list[int](), Place.read

    def note(place: Place, table: FileTable, piece: int) -> bytes | None:
        read.append(piece)
        return places(place, table, piece)

    monkeypatch.setattr(Place, "read", note)
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(album.source, plan_of(album, {5: Urgency.NOW, 6: Urgency.SOON}))
        await rig.next(PieceFinished, piece=5)
        held = await rig.next(PiecesHeld)
        assert held.held | held.likely == {*range(album.piece_count)}
        await rig.next(PieceFinished, piece=6)
        assert read == [5, 6], "nothing else is hashed"
        rig.engine.read_piece(album.infohash, 5)
        data = (await rig.next(PieceRead)).data
        assert data[: len(album.piece(5))] == album.piece(5)
        rig.engine.apply(album.infohash, Changes(((0, Urgency.LATER),)))
        await rig.next(PieceFinished, piece=0)
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(album.source, None)
        held = await rig.next(PiecesHeld)
        assert held.held == {0, 5, 6}
        assert held.likely == {*range(album.piece_count)} - {0, 5, 6}


@pytest.mark.parametrize("version", VERSIONS)
@on_loop
async def test_so_is_what_a_magnet_link_names(
    tmp_path: Path, version: str, seeds: Seeds
) -> None:
    """Its pieces are known once the metadata has come."""
    album = make_album(tmp_path, [200_000, 100_000], version=version)
    (await filled(tmp_path, album)).unlink()
    source = album.magnet(*seeds.start(album, 1))
    async with Rig(tmp_path, LOOPBACK) as rig:
        rig.engine.add(source, None)
        await rig.next(MetadataReceived)
        await rig.until(lambda: any(e.likely for e in rig.all(PiecesHeld)))
        held = rig.all(PiecesHeld)[-1]
        assert not held.held
        assert held.likely == {*range(album.piece_count)}
        rig.engine.apply(album.infohash, Changes(((0, Urgency.NOW),)))
        await rig.next(PieceFinished, piece=0)


@on_loop
async def test_a_state_of_too_few_pieces_has_no_file_read(tmp_path: Path) -> None:
    """libtorrent takes it for a check that was interrupted, and goes on with it."""
    album = make_album(tmp_path, [200_000, 100_000])
    of_fewer_pieces(await filled(tmp_path, album))
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(album.source, None)
        held = await rig.next(PiecesHeld)
        assert held.held == {0, 1, 2}
        assert held.held | held.likely == {*range(album.piece_count)}


@pytest.mark.parametrize("wanted", [{}, dict.fromkeys(range(8), Urgency.SOON)])
@on_loop
async def test_what_was_found_is_evicted_like_all_else(
    tmp_path: Path, wanted: dict[int, Urgency]
) -> None:
    """Whether its pieces were checked or not."""
    album = make_album(tmp_path, [16384 * 4, 16384 * 4])
    (await filled(tmp_path, album)).unlink()
    async with Rig(tmp_path, OFFLINE) as rig:
        rig.engine.add(album.source, plan_of(album, wanted))
        await rig.next(PiecesHeld)
        await rig.until(lambda: len(rig.all(PieceFinished)) == len(wanted))
        await rig.engine.evict(album.source, frozenset({0}), frozenset())
        before = len(rig.events)
        rig.engine.add(album.source, None)
        held = await rig.next(PiecesHeld, after=before)
        assert held.held == {4, 5, 6, 7} & wanted.keys()
        assert held.held | held.likely == {4, 5, 6, 7}
