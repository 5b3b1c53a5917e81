"""The library over MPD: walks, questions and playlists, as MPD clients ask them.

With albums from a swarm, whose tags come with the first pieces, and with torrents
that nobody seeds and whose names nobody should have chosen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mpd
import pytest

from tests.e2e.odd import ODD
from tests.e2e.stage import SEARCH_OF_STREAM, Album, Listener, album, seeded, until
from tests.rig.album import Track
from tests.torrent_files import infohash_of, multi_file

LOOPBACK = ["First Piece", "Rarest First", "Endgame"]
BLOCKS = ["Sixteen Kibibytes", "First Request"]
PLAYLIST = "03 - Endgame.flac\n01 - First Piece.flac\n"

VIEWS = ("Torrents/Artists", "Torrents/Albums")

#: A client's timeout is 30 s: were each looked up on its own for 1 s, it would end.
MANY = multi_file("Many", {f"{n:02}.mp3": bytes([n]) * 40_000 for n in range(60)})


@pytest.fixture(scope="module")
def loopback(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Album]:
    folder = tmp_path_factory.mktemp("loopback") / "2024 - Loopback (FLAC)"
    with (
        album(
            folder,
            [Track(title, "flac", 3) for title in LOOPBACK],
            artist="The Seeders",
            album="Loopback",
            genre="Ambient",
            files={"backwards.m3u": PLAYLIST},
        ) as made,
        seeded(made),
    ):
        yield made


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Album]:
    folder = tmp_path_factory.mktemp("blocks") / "Choked - Blocks [1999]"
    with (
        album(
            folder,
            [Track(title, "opus", 3) for title in BLOCKS],
            seed=2,
            artist="Choked",
            album="Blocks",
            genre="Noise",
        ) as made,
        seeded(made),
    ):
        yield made


@pytest.fixture(scope="module")
def listener(
    loopback: Album, blocks: Album, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Listener]:
    folder = tmp_path_factory.mktemp("mopidy")
    (folder / "torrents").mkdir()
    for torrent in [*ODD, MANY]:
        name = f"{infohash_of(torrent)}.torrent"
        (folder / "torrents" / name).write_bytes(torrent)
    with Listener(folder, [loopback, blocks]) as listener:
        listener.expected_errors = (SEARCH_OF_STREAM,)
        yield listener


@pytest.fixture
def client(listener: Listener) -> Iterator[Any]:
    client = listener.mopidy.mpd()
    client.clear()
    yield client
    client.disconnect()
    listener.assert_calm()


@pytest.fixture
def tagged(client: Any, loopback: Album, blocks: Album) -> Any:
    """The client, once the tags of both albums have been read."""
    for made in (loopback, blocks):
        client.add(made.uri)
    for genre, wanted in (("Ambient", LOOPBACK), ("Noise", BLOCKS)):
        until(lambda: titles(client.find("genre", genre)) == wanted)  # noqa: B023
    client.clear()
    return client


def walk(client: Any, path: str = "Torrents") -> dict[str, list[str]]:
    """Every directory below, with the URIs of its tracks, as ``mpc ls`` goes.

    Not the views, which show the same tracks once more.
    """
    entries = client.lsinfo(path)
    below = [entry["directory"] for entry in entries if "directory" in entry]
    below = [each for each in below if each not in VIEWS]
    assert len(set(below)) == len(below), below
    found = {path: [entry["file"] for entry in entries if "file" in entry]}
    for directory in below:
        assert directory.rpartition("/")[0] == path
        found |= walk(client, directory)
    return found


def directories(entries: list[dict[str, str]]) -> list[str]:
    return [entry["directory"] for entry in entries]


def uris(songs: list[dict[str, str]]) -> list[str]:
    return [song["file"] for song in songs]


def titles(songs: list[dict[str, str]]) -> list[str]:
    return [song["title"] for song in songs]


def values(found: list[dict[str, str]]) -> list[str]:
    """Of ``list`` with one tag, which has an entry without it for none."""
    return sorted(value for entry in found for value in entry.values())


# --- odd names


@pytest.mark.parametrize("torrent", ODD, ids=lambda _: "")
def test_every_track_of_an_odd_torrent_is_found_by_walking_once(
    client: Any, torrent: bytes
) -> None:
    found = [uri for tracks in walk(client).values() for uri in tracks]
    ours = [uri for uri in found if f":{infohash_of(torrent)}:" in uri]
    assert len(ours) == len(set(ours)) == len(ODD[torrent])


def test_every_directory_is_added_with_all_that_is_below_it(client: Any) -> None:
    tree = walk(client)
    del tree["Torrents"]  # the views are below it too: all tracks come thrice
    for directory in tree:
        inside = [d for d in tree if d == directory or d.startswith(f"{directory}/")]
        client.clear()
        client.add(directory)
        wanted = [uri for each in inside for uri in tree[each]]
        assert sorted(uris(client.playlistinfo())) == sorted(wanted), directory


def test_no_name_holds_what_a_client_cannot_show(client: Any) -> None:
    client.add("Torrents")
    for song in client.playlistinfo():
        assert song["title"].strip() == song["title"] != ""
        assert song["title"].isprintable(), song
        assert song["album"].isprintable(), song
        assert float(song["duration"] if "duration" in song else song["time"]) >= 0


def test_a_torrent_that_nobody_seeds_is_listed_before_the_client_gives_up(
    client: Any,
) -> None:
    client.lsinfo("Torrents")
    songs = client.lsinfo("Torrents/Many")
    assert len(songs) == 60
    assert all(int(song["time"]) > 0 for song in songs)
    client.add("Torrents/Many")
    assert len(client.playlistinfo()) == 60


def test_a_path_is_known_without_having_been_listed(
    listener: Listener, loopback: Album
) -> None:
    """A client that comes back after a restart asks for what it has on its screen."""
    listener.mopidy.stop()
    listener.mopidy.start()
    client = listener.mopidy.mpd()
    until(lambda: client.lsinfo("Torrents"))
    client.disconnect()
    listener.mopidy.stop()
    listener.mopidy.start()
    client = listener.mopidy.mpd()
    client.add(f"Torrents/{loopback.folder.name}")
    assert titles(client.playlistinfo()) == LOOPBACK
    client.disconnect()


def test_the_views_show_albums_and_artists_by_their_tags(tagged: Any) -> None:
    (albums, artists) = (tagged.lsinfo(view) for view in reversed(VIEWS))
    assert "Torrents/Albums/Loopback" in directories(albums)
    assert titles(tagged.lsinfo("Torrents/Albums/Loopback")) == LOOPBACK
    assert {"Torrents/Artists/The Seeders", "Torrents/Artists/Choked"} <= set(
        directories(artists)
    )
    tagged.add("Torrents/Artists/Choked")
    assert titles(tagged.playlistinfo()) == BLOCKS


def test_the_view_of_albums_has_every_track_once(client: Any) -> None:
    client.add("Torrents/Albums")
    queued = uris(client.playlistinfo())
    everything = {uri for tracks in walk(client).values() for uri in tracks}
    assert sorted(queued) == sorted(everything)


# --- questions


def test_list_names_each_value_once(tagged: Any) -> None:
    assert {"The Seeders", "Choked"} <= set(values(tagged.list("artist")))
    assert {"Loopback", "Blocks"} <= set(values(tagged.list("album")))
    artists = values(tagged.list("artist"))
    assert len(artists) == len(set(artists))
    assert "2024" in values(tagged.list("date"))
    assert "1999" in values(tagged.list("date"))


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (("album", "artist", "The Seeders"), ["Loopback"]),
        (("album", "genre", "Noise"), ["Blocks"]),
        (("artist", "album", "Loopback"), ["The Seeders"]),
        (("artist", "date", "1999"), ["Choked"]),
        (("genre", "artist", "Choked", "album", "Blocks"), ["Noise"]),
        (("genre", "artist", "Choked", "album", "Loopback"), []),
        (("title", "album", "Loopback"), sorted(LOOPBACK)),
        (("album", "artist", "nobody"), []),
    ],
    ids=lambda part: " ".join(part),
)
def test_list_is_narrowed_by_other_tags(
    tagged: Any, question: tuple[str, ...], answer: list[str]
) -> None:
    assert values(tagged.list(*question)) == answer


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (("artist", "The Seeders"), LOOPBACK),
        (("artist", "the seeders"), []),
        (("artist", "Seeders"), []),
        (("artist", "The Seeders", "album", "Loopback"), LOOPBACK),
        (("artist", "The Seeders", "album", "Blocks"), []),
        (("title", "Endgame"), ["Endgame"]),
        (("genre", "Noise"), BLOCKS),
        (("date", "1999"), BLOCKS),
        (("album", "Blocks", "track", "2"), BLOCKS[1:]),
    ],
    ids=lambda part: " ".join(part),
)
def test_find_wants_the_whole_value(
    tagged: Any, question: tuple[str, ...], answer: list[str]
) -> None:
    assert titles(tagged.find(*question)) == answer


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (("any", "rarest"), ["Rarest First"]),
        (("any", "FIRST"), ["First Piece", "First Request", "Rarest First"]),
        (("any", "first seeders"), ["First Piece", "Rarest First"]),
        (("artist", "seed"), LOOPBACK),
        (("album", "block"), BLOCKS),
        (("title", "kibi"), BLOCKS[:1]),
        (("any", "no such words"), []),
    ],
    ids=lambda part: " ".join(part),
)
def test_search_takes_a_part_in_any_case(
    tagged: Any, question: tuple[str, ...], answer: list[str]
) -> None:
    songs = tagged.search(*question)
    tracks = [song for song in songs if ":track:" in song["file"]]
    assert sorted(titles(tracks)) == sorted(answer)


def test_count_tells_songs_and_seconds(tagged: Any) -> None:
    assert tagged.count("album", "Loopback") == {"songs": "3", "playtime": "9"}


def test_what_is_found_is_added_at_once(tagged: Any) -> None:
    tagged.findadd("artist", "Choked")
    tagged.searchadd("title", "endgame")
    assert titles(tagged.playlistinfo()) == [*BLOCKS, "Endgame"]


def test_a_track_is_searched_by_its_uri(tagged: Any, loopback: Album) -> None:
    uri = f"vozduxan:track:{loopback.infohash}:3"
    assert uris(tagged.find("file", uri)) == [uri]


# --- the queue and playlists


def test_addid_puts_a_track_at_a_place(tagged: Any, loopback: Album) -> None:
    tagged.add(loopback.uri)
    song = tagged.addid(f"vozduxan:track:{loopback.infohash}:3", 0)
    assert tagged.playlistid(song)[0]["pos"] == "0"
    assert len(tagged.playlistinfo()) == len(LOOPBACK) + 1


def test_a_playlist_in_a_torrent_is_loaded_in_its_order(tagged: Any) -> None:
    names = [each["playlist"] for each in tagged.listplaylists()]
    (name,) = [name for name in names if "backwards" in name]
    assert titles(tagged.listplaylistinfo(name)) == [LOOPBACK[2], LOOPBACK[0]]
    tagged.load(name)
    assert titles(tagged.playlistinfo()) == [LOOPBACK[2], LOOPBACK[0]]


@pytest.mark.parametrize(
    "uri",
    ["magnet:?", "magnet:?xt=urn:btih:nonsense", "vozduxan:nonsense", "vozduxan:"],
)
def test_nonsense_is_refused_and_the_connection_stays(client: Any, uri: str) -> None:
    with pytest.raises(mpd.CommandError):
        client.add(uri)
    assert client.playlistinfo() == []
