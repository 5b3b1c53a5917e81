from __future__ import annotations

from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mopidy_vozduxan.catalog import Catalog
from mopidy_vozduxan.catalog.words import phrases, words
from mopidy_vozduxan.library.library_provider import VozduxanLibraryProvider
from mopidy_vozduxan.torrent.tags import Part, Tags
from tests.metainfos import metainfo, source_of

KINO = metainfo(
    "Кино - Группа крови (1988)", ["01 - Группа крови.mp3", "02 - Ёлка.mp3"]
)
QUEEN = metainfo("Queen - Live", ["1 - One.mp3", "2 - Déjà vu.mp3", "3 - !!!.mp3"])
NORTH = metainfo(
    "Røyksopp - Łódź", ["1 - Þögn.mp3", "2 - Œuvre Ærø.mp3", "3 - Iğdır.mp3"]
)
UTADA = metainfo("宇多田ヒカル - First Love", ["1 - Automatic.mp3", "2 - 初恋の歌.mp3"])
GREEK = metainfo("Χατζιδάκις - Ο Μεγάλος Ερωτικός", ["1 - Κέλομαί σε.mp3"])
QUEEN_TRACK = f"vozduxan:track:{QUEEN.infohash}"
TAGS = Tags(
    title="Killer Queen",
    artists=("Queen", "Guest Star"),
    composers=("Freddie Mercury",),
    performers=("Roger Taylor",),
    genre="Hard Rock",
    date="1974-11-08",
    track_no=7,
    disc_no=2,
)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory):
    catalog = Catalog(tmp_path_factory.mktemp("search") / "catalog.db")
    for info in (KINO, QUEEN, NORTH, UTADA, GREEK):
        catalog.collection.add(source_of(info), info)
    catalog.scans.keep_tags(QUEEN.infohash, 0, TAGS)
    yield catalog
    catalog.close()


#: One track says nothing of whom it is by; of the other album none does.
HALF = metainfo("Half", ["1 - A.mp3", "2 - B.mp3"])
NOBODY = metainfo("Nobody", ["1 - C.mp3"])


@pytest.fixture(scope="module")
def untold(tmp_path_factory):
    catalog = Catalog(tmp_path_factory.mktemp("untold") / "catalog.db")
    for info in (HALF, NOBODY):
        catalog.collection.add(source_of(info), info)
    tags = Tags(artists=("Zemfira",), albumartists=("Zemfira",))
    catalog.scans.keep_tags(HALF.infohash, 0, tags)
    yield VozduxanLibraryProvider(None, catalog, Mock(), 3)
    catalog.close()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"artist": ["Zemfira"]}, ["A", "B"]),
        ({"albumartist": ["Zemfira"], "album": ["Half"]}, ["A", "B"]),
        ({"artist": ["Unknown Artist"]}, ["C"]),
        ({"artist": ["Unknown Artist"], "album": ["Half"]}, []),
        ({"albumartist": ["Unknown Artist"], "album": ["Nobody"]}, ["C"]),
    ],
)
def test_whom_a_track_is_shown_to_be_by_finds_it(untold, query, names):
    assert found(untold, query, exact=True) == names
    for track in untold.search(query, exact=True).tracks if names else ():
        for field, shown in (("artist", track), ("albumartist", track.album)):
            if field in query:
                assert query[field] == [a.name for a in shown.artists]


def test_who_is_unknown_is_in_no_list(untold):
    for field in ("artist", "albumartist"):
        assert untold.get_distinct(field) == {"Zemfira"}
    assert [r.name for r in untold.browse("vozduxan:directory:artists")] == ["Zemfira"]
    assert found(untold, {"artist": ["unknown"]}) == []


@pytest.fixture(scope="module")
def library(catalog):
    return VozduxanLibraryProvider(None, catalog, Mock(), 3)


def found(library, query, **more):
    result = library.search(query, **more)
    return [track.name for track in result.tracks] if result else []


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"any": ["queen"]}, ["Killer Queen", "Déjà vu", "!!!"]),
        ({"any": ["QUEEN kil"]}, ["Killer Queen"]),
        ({"any": ["kil queen"]}, []),  # only the last word may be unfinished
        ({"any": ["queen", "deja"]}, ["Déjà vu"]),
        ({"any": ["royksopp lodz thogn"]}, ["Þögn"]),
        ({"any": ["RØYKSOPP ŁÓDŹ ÞÖGN"]}, ["Þögn"]),
        ({"track_name": ["oeuvre aero"]}, ["Œuvre Ærø"]),
        ({"track_name": ["igdir"]}, ["Iğdır"]),
        ({"any": ["ГРУППА"]}, ["Группа крови", "Ёлка"]),
        ({"any": ["елка"]}, ["Ёлка"]),
        ({"any": ["крови мама"]}, []),
        ({"any": ["ΧΑΤΖΙΔΑΚΙΣ"]}, ["Κέλομαί σε"]),
        ({"any": ["κελομαι"]}, ["Κέλομαί σε"]),
        ({"any": ["多田"]}, ["Automatic", "初恋の歌"]),
        ({"any": ["恋の"]}, ["初恋の歌"]),
        ({"any": ["の恋"]}, []),
        ({"any": ["ヒカ"]}, ["Automatic", "初恋の歌"]),
        ({"any": ["!!!"]}, ["!!!"]),
        ({"any": ['"']}, []),
        ({"any": ['kill" OR "one']}, []),
        ({"track_name": ["vu"]}, ["Déjà vu"]),
        ({"track_name": ["live"]}, []),
        ({"artist": ["guest"]}, ["Killer Queen"]),
        ({"albumartist": ["quee"], "track_name": ["vu"]}, ["Déjà vu"]),
        ({"album": ["liv"]}, ["Killer Queen", "Déjà vu", "!!!"]),
        ({"composer": ["mercury"]}, ["Killer Queen"]),
        ({"performer": ["taylor"]}, ["Killer Queen"]),
        ({"genre": ["hard"]}, ["Killer Queen"]),
        ({"date": ["1974"]}, ["Killer Queen"]),
        ({"date": ["1988"], "any": ["ел"]}, ["Ёлка"]),
        ({"track_no": ["7"]}, ["Killer Queen"]),
        ({"disc_no": ["2"]}, ["Killer Queen"]),
        ({"track_no": ["x"]}, []),
        ({"track_no": ["9" * 30]}, []),
        ({"comment": ["x"]}, []),
        ({"musicbrainz_trackid": ["x"], "any": ["queen"]}, []),
        ({"uri": [f"vozduxan:track:{QUEEN.infohash}:1"]}, ["Déjà vu"]),
        ({"uri": [QUEEN.infohash[3:]]}, ["Killer Queen", "Déjà vu", "!!!"]),
        ({"any": ["De\u0301ja\u0300"]}, ["Déjà vu"]),
        ({"any": ["vu\udcff"]}, ["Déjà vu"]),
        ({"any": [""]}, []),
        ({"any": []}, []),
        ({}, []),
    ],
)
def test_words_find_tracks(library, query, names):
    assert sorted(found(library, query)) == sorted(names)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"any": ["Queen"]}, ["Killer Queen", "Déjà vu", "!!!"]),
        ({"any": ["queen"]}, []),
        ({"any": ["Killer"]}, []),
        ({"any": ["!!!"]}, ["!!!"]),
        ({"track_name": ["Déjà vu"]}, ["Déjà vu"]),
        ({"track_name": ["Deja vu"]}, []),
        ({"track_name": ["De\u0301ja\u0300 vu"]}, ["Déjà vu"]),
        ({"artist": ["Guest Star"]}, ["Killer Queen"]),
        ({"artist": ["Guest"]}, []),
        ({"artist": ["Star"]}, []),
        ({"albumartist": ["Queen"], "track_name": ["!!!"]}, ["!!!"]),
        ({"album": ["Live"], "artist": ["Guest Star"]}, ["Killer Queen"]),
        ({"album": ["live"]}, []),
        ({"composer": ["Freddie Mercury"]}, ["Killer Queen"]),
        ({"genre": ["Hard Rock"]}, ["Killer Queen"]),
        ({"date": ["1974-11-08"]}, ["Killer Queen"]),
        ({"date": ["1974"]}, []),
        ({"track_no": ["2"], "album": ["Live"]}, ["Déjà vu"]),
        ({"uri": [f"vozduxan:track:{QUEEN.infohash}:1"]}, ["Déjà vu"]),
        ({"uri": [QUEEN.infohash]}, []),
        ({"artist": ["宇多田ヒカル"], "track_name": ["Automatic"]}, ["Automatic"]),
    ],
)
def test_exact_values_find_tracks(library, query, names):
    assert sorted(found(library, query, exact=True)) == sorted(names)


@pytest.mark.parametrize(
    ("uris", "count"),
    [
        (None, 3),
        (["vozduxan:"], 3),
        (["vozduxan:directory:root"], 3),
        (["vozduxan:directory:albums"], 3),
        ([f"vozduxan:album:{QUEEN.infohash}"], 3),
        ([f"vozduxan:album:{QUEEN.infohash}:0"], 3),
        ([f"vozduxan:album:{QUEEN.infohash}:1"], 0),
        ([f"vozduxan:directory:{KINO.infohash}"], 0),
        ([f"vozduxan:track:{QUEEN.infohash}:2"], 1),
        (["vozduxan:artist:Queen"], 3),
        (["vozduxan:artist:Guest%20Star"], 1),
        (["vozduxan:artist:Guest%20Star", f"vozduxan:track:{QUEEN.infohash}:2"], 2),
        (["magnet:"], 0),
        (["magnet:", "vozduxan:"], 3),
        (["file:///music"], 0),
        ([], 0),
    ],
)
@pytest.mark.parametrize("exact", [True, False])
def test_a_search_stays_below_the_uris_it_is_given(library, uris, count, exact):
    query = {"albumartist": ["Queen"]}
    assert len(found(library, query, uris=uris, exact=exact)) == count
    assert len(found(library, {"any": ["Queen"]}, uris=uris, exact=exact)) == count


def test_albums_and_artists_are_found_by_words(library):
    result = library.search({"any": ["queen"]})
    assert [(a.name, a.uri) for a in result.albums] == [
        ("Live", f"vozduxan:album:{QUEEN.infohash}")
    ]
    assert [(a.name, a.uri) for a in result.artists] == [
        ("Queen", "vozduxan:artist:Queen")
    ]
    assert library.lookup(result.albums[0].uri)
    assert library.lookup(result.artists[0].uri)
    assert [a.name for a in library.search({"album": ["liv"]}).albums] == ["Live"]
    assert not library.search({"album": ["liv"]}).artists
    assert not library.search({"track_name": ["vu"]}).albums


def test_an_exact_search_gives_tracks_alone(library):
    result = library.search({"any": ["Queen"]}, exact=True)
    assert (len(result.tracks), list(result.albums), list(result.artists)) == (
        3,
        [],
        [],
    )


@pytest.mark.parametrize(
    ("field", "query", "values"),
    [
        (
            "artist",
            None,
            {"Queen", "Guest Star", "Røyksopp"}
            | {"Кино", "宇多田ヒカル", "Χατζιδάκις"},
        ),
        ("artist", {"album": ["Live"]}, {"Queen", "Guest Star"}),
        ("albumartist", {"artist": ["Guest Star"]}, {"Queen"}),
        ("album", {"albumartist": ["Queen"]}, {"Live"}),
        ("album", {"artist": ["Guest Star"]}, {"Live"}),
        ("album", {"artist": ["guest star"]}, set()),
        ("track", {"album": ["Live"]}, {"Killer Queen", "Déjà vu", "!!!"}),
        ("track_name", {"artist": ["Guest Star"]}, {"Killer Queen"}),
        ("composer", None, {"Freddie Mercury"}),
        ("performer", {}, {"Roger Taylor"}),
        ("genre", None, {"Hard Rock"}),
        ("date", None, {"1988", "1974-11-08"}),
        ("date", {"artist": ["Queen"]}, {"1974-11-08"}),
        ("uri", {"album": ["Live"]}, {f"{QUEEN_TRACK}:{n}" for n in range(3)}),
        ("track_no", {"album": ["Live"]}, {2, 3, 7}),
        ("disc_no", None, {2}),
        ("comment", None, set()),
        ("musicbrainz_albumid", None, set()),
        ("artist", {"comment": ["x"]}, set()),
        ("nonsense", None, set()),
    ],
)
def test_distinct_values(library, field, query, values):
    assert library.get_distinct(field, query) == values


def test_what_changed_is_found_by_its_new_words_alone(tmp_path):
    catalog = Catalog(tmp_path / "catalog.db")
    catalog.collection.add(source_of(QUEEN), QUEEN)
    for index in range(3):
        tags = Tags(title=f"Title {index}", album="Opera", albumartists=("Royals",))
        catalog.scans.keep_tags(QUEEN.infohash, index, tags)

    def count(word):
        return len(catalog.search.tracks({"any": [word]}, None, False, 9))

    assert [count(word) for word in ("opera", "royals", "one", "vu")] == [3, 3, 0, 0]
    assert count("live") == 3  # the torrent still has that name
    assert count("queen") == 3  # the artist of the tracks, from their names
    catalog.close()


def test_a_torrents_name_finds_all_its_albums(tmp_path):
    catalog = Catalog(tmp_path / "catalog.db")
    box = metainfo("Кино - Дискография [MP3]", ["1982 - 45/1.mp3", "1983 - 46/1.mp3"])
    catalog.collection.add(source_of(box), box)
    for text in ("кино дискография", "дискография mp3"):
        assert len(catalog.search.tracks({"any": [text]}, None, False, 9)) == 2
    assert not catalog.search.tracks({"album": ["дискография"]}, None, False, 9)
    assert not catalog.search.tracks({"any": ["Дискография"]}, None, True, 9)
    catalog.close()


def test_the_uris_of_parts_are_told_too(tmp_path):
    catalog = Catalog(tmp_path / "catalog.db")
    rip = metainfo("Rip", ["Rip.flac", "Bonus.flac"])
    catalog.collection.add(source_of(rip), rip)
    catalog.sheets.keep(
        rip.infohash, 0, (Part(1, 0, 99, TAGS), Part(2, 99, None, TAGS))
    )
    library = VozduxanLibraryProvider(None, catalog, Mock(), 3)
    track = f"vozduxan:track:{rip.infohash}"
    assert library.get_distinct("uri") == {f"{track}:0:1", f"{track}:0:2", f"{track}:1"}
    catalog.close()


def test_results_are_limited(catalog):
    assert len(catalog.search.tracks({"any": ["queen"]}, None, False, 2)) == 2


@given(st.text(max_size=20), st.booleans())
def test_any_text_can_be_sought(library, text, exact):
    for field in ("any", "artist", "uri", "date"):
        library.search({field: [text]}, exact=exact)
        library._catalog.search.tracks({field: [text]}, None, exact, 5)


@given(st.text(max_size=20))
def test_every_part_of_what_is_indexed_is_fit_to_be_sought(text):
    assert words(words(text)).split() == words(text).split()
    assert all(phrase.count('"') == 2 for phrase in phrases(text, exact=False))


@given(
    st.text(alphabet="あいう漢字かな", min_size=1, max_size=8),
    st.data(),
)
def test_any_part_of_a_japanese_name_finds_it(name, data):
    start = data.draw(st.integers(0, len(name) - 1))
    stop = data.draw(st.integers(start + 1, len(name)))
    (phrase,) = phrases(name[start:stop], exact=False)
    assert " ".join(phrase.strip('"*').split()) in " ".join(words(name).split())
