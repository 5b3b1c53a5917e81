"""Which picture is whose cover, told by names as people give them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mopidy_vozduxan.covers.choice import PICTURES, TorrentCovers, covers_of, is_picture
from mopidy_vozduxan.naming.audio_folders import audio_folders
from tests.metainfos import MB, metainfo

KB = 1000


def covers(name: str, *paths: str) -> tuple[TorrentCovers, list[str]]:
    """The covers of a torrent with those files, of 200 kB, and the files' paths."""
    listed = dict.fromkeys(paths, 200 * KB)
    info = metainfo(name, listed)
    files = [file.path.removeprefix(f"{name}/") for file in info.files]
    return covers_of(info), files


def cover(*pictures: str, name: str = "Album") -> str | None:
    """The cover of a torrent with one folder of tracks."""
    found, files = covers(name, "01 - One.flac", *pictures)
    (choice,) = found.folders
    best = [*choice.named, *choice.others]
    return files[best[0]] if best else None


@pytest.mark.parametrize(
    "name",
    [
        "cover.jpg",
        "Cover.JPEG",
        "folder.jpg",
        "Folder.PNG",
        "front.png",
        "FRONT.webp",
        "cover.gif",
        "Artist - Album (Front).jpg",
        "00-artist-album-2001-front.jpg",
        "AlbumArt.jpg",
        "AlbumArtSmall.jpg",
        "AlbumArt_{5FA05D35-A682-4AF6-96F7-0773E42D4D16}_Large.jpg",
        "Album.jpg",
        "Artwork/front.jpg",
        "Artwork/Cover.png",
        "Scans/front.jpg",
        "scans (600 dpi)/Front.png",
        "Covers/Front.jpg",
        "Artwork/Scans/front.jpg",
        "Scans/01.jpg",
        "img_20010203.jpg",
    ],
)
def test_is_a_cover(name):
    assert cover(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "back.jpg",
        "Back Cover.jpg",
        "CoverBack.jpg",
        "Inlay.jpg",
        "inside.png",
        "cd.jpg",
        "CD1.jpg",
        "Disc 2.png",
        "booklet-01.jpg",
        "Scans/Booklet 3.jpg",
        "Scans/matrix.jpg",
        "spectrogram.png",
        "Spectrals/01 - One.png",
        "cover.svg",
        "cover.bmp",
        "cover.jpg.txt",
        "._cover.jpg",
        "Bonus/photo.jpg",
    ],
)
def test_is_no_cover(name):
    assert cover(name) is None


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("cover.jpg", "Artist - Album (front).jpg"),
        ("cover.jpg", "Scans/front.jpg"),
        ("folder.jpg", "AlbumArtSmall.jpg"),
        ("front.jpg", "AlbumArt_{5FA05D35}_Large.jpg"),
        ("Scans/front.jpg", "Scans/01.jpg"),
        ("Scans/front.jpg", "photo.jpg"),
        ("Scans/01.jpg", "Scans/02.jpg"),
        ("Scans/2.jpg", "Scans/10.jpg"),
        ("Artwork/Album.jpg", "Artwork/00.jpg"),
        ("front.jpg", "front and back.jpg"),
    ],
)
def test_is_a_better_cover(better, worse):
    assert cover(better, worse) == better
    assert cover(worse, better) == better


def test_of_several_nameless_pictures_none_is_the_cover():
    assert cover("one.jpg", "two.jpg") is None


@pytest.mark.parametrize(
    ("name", "picture"),
    [
        ("Inside Out", "Inside Out.jpg"),
        ("Artist - Back in Black (1980)", "Artist - Back in Black.jpg"),
        ("Nickelback - CD Collection", "Nickelback - CD Collection (front).jpg"),
    ],
)
def test_words_of_the_albums_own_name_exclude_nothing(name, picture):
    assert cover(picture, name=name) == picture


def test_a_back_is_a_back_whatever_the_album_is_called():
    assert cover("back.jpg", name="Back to Black") is None


@pytest.mark.parametrize(
    ("sizes", "best"),
    [
        ({"Scans/front.png": 40 * MB, "cover.jpg": 300 * KB}, "cover.jpg"),
        ({"cover.png": 9 * MB, "Scans/front.jpg": 2 * MB}, "Scans/front.jpg"),
        ({"cover.png": 9 * MB, "folder.jpg": 2 * KB}, "cover.png"),
        ({"cover.png": 9 * MB}, "cover.png"),
        ({"cover.png": 11 * MB}, None),
        ({"cover.jpg": 60}, None),
        ({"cover.jpg": 0, "folder.jpg": 20 * KB}, "folder.jpg"),
    ],
)
def test_a_sensible_size_is_preferred(sizes, best):
    info = metainfo("Album", {"01.flac": MB, **sizes})
    (choice,) = covers_of(info).folders
    found = [info.files[index].path for index in (*choice.named, *choice.others)]
    assert (found[0] if found else None) == (best and f"Album/{best}")


def test_discs_share_the_cover_beside_them():
    found, files = covers(
        "Album", "CD1/01.flac", "CD 2/01.flac", "cover.jpg", "Scans/back.jpg"
    )
    assert [files[choice.named[0]] for choice in found.folders] == ["cover.jpg"] * 2


def test_a_discs_own_cover_comes_first():
    found, files = covers(
        "Album", "CD1/01.flac", "CD2/01.flac", "CD2/front.jpg", "f.jpg"
    )
    first, second = found.folders
    assert not first.named
    assert [files[index] for index in first.others] == ["f.jpg"]
    assert files[second.named[0]] == "CD2/front.jpg"


def test_a_folder_of_its_own_takes_the_cover_above():
    found, files = covers("Album", "FLAC/01.flac", "Artwork/cover.jpg")
    assert files[found.folders[0].named[0]] == "Artwork/cover.jpg"


def test_albums_of_a_discography_do_not_share_a_picture():
    found, files = covers(
        "Artist",
        "1999 - One/01.flac",
        "2001 - Two/01.flac",
        "2001 - Two/cover.jpg",
        "folder.jpg",
    )
    one, two = found.folders
    assert not one.named
    assert not one.others
    assert [files[index] for index in two.named] == ["2001 - Two/cover.jpg"]
    assert files[found.whole.named[0]] == "folder.jpg"


def test_without_a_picture_of_its_own_a_torrent_shows_that_of_its_first_folder():
    found, files = covers("Box", "A/1.flac", "A/cover.jpg", "B/1.flac", "B/cover.jpg")
    assert files[found.whole.named[0]] == "A/cover.jpg"


def test_a_folder_of_music_is_not_a_folder_of_art():
    found, files = covers("Box", "Covers/01.flac", "Covers/cover.jpg", "Art/01.flac")
    art, of_covers = found.folders
    assert files[of_covers.named[0]] == "Covers/cover.jpg"
    assert not art.named


def test_a_torrent_of_one_file_has_none():
    info = metainfo("song.flac", ["song.flac"])
    assert not covers_of(info).whole.named


def test_a_torrent_without_tracks_has_no_folders():
    info = metainfo("Pictures", ["cover.jpg"])
    assert covers_of(info).folders == ()


def test_tracks_know_their_folder():
    found, _ = covers("Album", "CD1/2.flac", "CD1/1.flac", "x.jpg", "CD2/1.flac")
    assert found.tracks == ((0, 1), (3,))
    assert [found.folder_of(index) for index in range(4)] == [0, 0, None, 1]


_NAMES = st.sampled_from(
    ["CD1", "Scans", "Artwork", "Art", "Album", "x", "cover.jpg", "front.png", "b.gif"]
)
_PATHS = st.lists(_NAMES, min_size=1, max_size=5).map("/".join)


@given(
    st.lists(st.one_of(_PATHS, _PATHS.map("{}.flac".format)), max_size=30, unique=True),
    st.lists(st.sampled_from([0, 50, 9 * KB, MB, 8 * MB, 90 * MB]), min_size=30),
)
def test_whatever_is_chosen_is_a_picture_of_the_torrent(paths, sizes):
    info = metainfo("Torrent", dict(zip(paths, sizes, strict=False)))
    found = covers_of(info)
    assert len(found.folders) == len(audio_folders(info))
    for choice in (*found.folders, found.whole):
        chosen = (*choice.named, *choice.others)
        assert len(set(chosen)) == len(chosen)
        assert all(is_picture(info.files[index]) for index in chosen)
        assert all(info.files[i].path.split(".")[-1] in PICTURES for i in chosen)
