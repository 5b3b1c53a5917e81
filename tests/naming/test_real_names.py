"""Names as people give them: folders of files, and folders themselves."""

from __future__ import annotations

import unicodedata

import pytest

from mopidy_vozduxan.catalog.named_tracks import named_folders
from mopidy_vozduxan.naming.album_names import AlbumName, album_name, says_nothing
from mopidy_vozduxan.naming.track_names import style_of, track_name
from tests.metainfos import metainfo

#: What the folder is -> its files: path, (title, artist, track, disc).
FOLDERS = {
    "a scene release": [
        ("01-daft_punk-one_more_time.mp3", "one more time", "daft punk", 1, None),
        ("02-daft_punk-aerodynamic.mp3", "aerodynamic", "daft punk", 2, None),
        (
            "03-daft_punk-digital_love_(live).mp3",
            "digital love (live)",
            "daft punk",
            3,
            None,
        ),
    ],
    "a scene release with its group": [
        ("01-air-la_femme_dargent-pms.mp3", "la femme dargent", "air", 1, None),
        ("02-air-sexy_boy-pms.mp3", "sexy boy", "air", 2, None),
    ],
    "a scene compilation of two discs": [
        ("101-moby-porcelain.mp3", "porcelain", "moby", 1, 1),
        ("102-air-all_i_need.mp3", "all i need", "air", 2, 1),
        ("201-zero_7-destiny.mp3", "destiny", "zero 7", 1, 2),
    ],
    "a scene vinyl": [
        ("a1-aphex_twin-xtal.mp3", "xtal", "aphex twin", 1, None),
        ("a2-aphex_twin-tha.mp3", "tha", "aphex twin", 2, None),
        ("b1-aphex_twin-pulsewidth.mp3", "pulsewidth", "aphex twin", 3, None),
    ],
    "a record": [
        ("A1. Speak to Me.flac", "Speak to Me", None, 1, None),
        ("A2. Breathe.flac", "Breathe", None, 2, None),
        ("B1. Money.flac", "Money", None, 3, None),
        ("B2. Us and Them.flac", "Us and Them", None, 4, None),
    ],
    "a record with dashes": [
        ("A1 - Nina Simone - Sinnerman.flac", "Sinnerman", "Nina Simone", 1, None),
        ("B1 - Nina Simone - Four Women.flac", "Four Women", "Nina Simone", 2, None),
    ],
    "a record's second half": [
        ("C1 Hey You.flac", "Hey You", None, 1, None),
        (
            "C2 Is There Anybody Out There.flac",
            "Is There Anybody Out There",
            None,
            2,
            None,
        ),
        ("D1 The Show Must Go On.flac", "The Show Must Go On", None, 3, None),
    ],
    "titles that only look like sides": [
        ("B2 Stealth.mp3", "B2 Stealth", None, None, None),
        ("Intro.mp3", "Intro", None, None, None),
    ],
    "a compilation": [
        ("01 - Кино - Группа крови.mp3", "Группа крови", "Кино", 1, None),
        ("02 - ДДТ - Осень.mp3", "Осень", "ДДТ", 2, None),
        ("10 - Би-2 - Варвара.mp3", "Варвара", "Би-2", 10, None),
    ],
    "a compilation without blanks around dots": [
        ("01.Portishead - Roads.mp3", "Roads", "Portishead", 1, None),
        ("02.Massive Attack - Teardrop.mp3", "Teardrop", "Massive Attack", 2, None),
    ],
    "artist, album, number, title": [
        (
            "Pink Floyd - Animals - 01 - Pigs on the Wing 1.mp3",
            "Pigs on the Wing 1",
            "Pink Floyd",
            1,
            None,
        ),
        ("Pink Floyd - Animals - 02 - Dogs.mp3", "Dogs", "Pink Floyd", 2, None),
    ],
    "number, artist, album, title": [
        ("01 - Björk - Homogenic - Hunter.flac", "Hunter", "Björk", 1, None),
        ("02 - Björk - Homogenic - Jóga.flac", "Jóga", "Björk", 2, None),
    ],
    "artist, number, title": [
        (
            "Ólafur Arnalds - 01 - Þú ert jörðin.flac",
            "Þú ert jörðin",
            "Ólafur Arnalds",
            1,
            None,
        ),
        ("Ólafur Arnalds - 02 - Ágúst.flac", "Ágúst", "Ólafur Arnalds", 2, None),
    ],
    "classical: composer, work, movement": [
        (
            "01 - Bach - Cello Suite No. 1 in G major, BWV 1007 - I. Prélude.flac",
            "Cello Suite No. 1 in G major, BWV 1007 - I. Prélude",
            "Bach",
            1,
            None,
        ),
        (
            "02 - Bach - Cello Suite No. 1 in G major, BWV 1007 - II. Allemande.flac",
            "Cello Suite No. 1 in G major, BWV 1007 - II. Allemande",
            "Bach",
            2,
            None,
        ),
        (
            "03 - Bach - Cello Suite No. 2 in D minor, BWV 1008 - I. Prélude.flac",
            "Cello Suite No. 2 in D minor, BWV 1008 - I. Prélude",
            "Bach",
            3,
            None,
        ),
    ],
    "classical: work, movement": [
        (
            "01. Symphony No. 5 in C minor, Op. 67 - I. Allegro con brio.flac",
            "Symphony No. 5 in C minor, Op. 67 - I. Allegro con brio",
            None,
            1,
            None,
        ),
        (
            "02. Symphony No. 5 in C minor, Op. 67 - II. Andante.flac",
            "Symphony No. 5 in C minor, Op. 67 - II. Andante",
            None,
            2,
            None,
        ),
    ],
    "classical: movements": [
        ("05 - I. Allegro.flac", "I. Allegro", None, 5, None),
        ("06 - II. Largo.flac", "II. Largo", None, 6, None),
    ],
    "an audio book of chapters": [
        ("Chapter 01.mp3", "Chapter 01", None, 1, None),
        ("Chapter 02.mp3", "Chapter 02", None, 2, None),
    ],
    "an audio book of chapters with titles": [
        (
            "Chapter 1 - The Boy Who Lived.mp3",
            "Chapter 1 - The Boy Who Lived",
            None,
            1,
            None,
        ),
        (
            "Chapter 2 - The Vanishing Glass.mp3",
            "Chapter 2 - The Vanishing Glass",
            None,
            2,
            None,
        ),
    ],
    "an audio book in Russian": [
        ("Глава 01.mp3", "Глава 01", None, 1, None),
        ("Глава 02 - Понтий Пилат.mp3", "Глава 02 - Понтий Пилат", None, 2, None),
    ],
    "an audio book in bits": [
        ("001.mp3", "001", None, 1, None),
        ("002.mp3", "002", None, 2, None),
    ],
    "an audio book numbered at the end": [
        ("Мастер и Маргарита 001.mp3", "Мастер и Маргарита 001", None, 1, None),
        ("Мастер и Маргарита 002.mp3", "Мастер и Маргарита 002", None, 2, None),
    ],
    "an audio book with discs": [
        ("1-01 Dune.m4b", "Dune", None, 1, 1),
        ("1-02 Dune.m4b", "Dune", None, 2, 1),
        ("2-01 Dune.m4b", "Dune", None, 1, 2),
    ],
    "a German radio play": [
        (
            "01 - Kapitel 1 - Der Super-Papagei.mp3",
            "Kapitel 1 - Der Super-Papagei",
            None,
            1,
            None,
        ),
        ("02 - Kapitel 2 - Die Höhle.mp3", "Kapitel 2 - Die Höhle", None, 2, None),
    ],
    "a soundtrack": [
        ("01 - Main Title.flac", "Main Title", None, 1, None),
        (
            "02 - The Imperial March (Darth Vader's Theme).flac",
            "The Imperial March (Darth Vader's Theme)",
            None,
            2,
            None,
        ),
        (
            "13 - 20th Century Fox Fanfare.flac",
            "20th Century Fox Fanfare",
            None,
            13,
            None,
        ),
    ],
    "ripped without a network": [
        ("Track 01.mp3", "Track 01", None, 1, None),
        ("Track 02.mp3", "Track 02", None, 2, None),
    ],
    "ripped without a network, in Russian": [
        ("Дорожка 1.mp3", "Дорожка 1", None, 1, None),
        ("Дорожка 2.mp3", "Дорожка 2", None, 2, None),
    ],
    "iTunes": [
        ("1-01 Concerning Hobbits.m4a", "Concerning Hobbits", None, 1, 1),
        (
            "2-03 The Grey Havens (feat. Sir James Galway).m4a",
            "The Grey Havens (feat. Sir James Galway)",
            None,
            3,
            2,
        ),
    ],
    "numbers with underscores": [
        ("01_-_Кино_-_Мама.mp3", "Мама", "Кино", 1, None),
        ("02_-_Кино_-_Спокойная_ночь.mp3", "Спокойная ночь", "Кино", 2, None),
    ],
    "dots for blanks": [
        ("01.-.Nick.Drake.-.Pink.Moon.mp3", "Pink Moon", "Nick Drake", 1, None),
        ("02.-.Nick.Drake.-.Place.to.Be.mp3", "Place to Be", "Nick Drake", 2, None),
    ],
    "escaped by a browser": [
        ("01%20-%20Chan%20Chan.mp3", "Chan Chan", None, 1, None),
        (
            "02%20-%20De%20Camino%20a%20la%20Vereda.mp3",
            "De Camino a la Vereda",
            None,
            2,
            None,
        ),
    ],
    "Spanish numbers": [
        ("01.- Mi tierra.mp3", "Mi tierra", None, 1, None),
        ("02.-Ayer.mp3", "Ayer", None, 2, None),
    ],
    "with a tracker's site": [
        ("01 - Сплин - Выхода нет [www.site.org].mp3", "Выхода нет", "Сплин", 1, None),
        (
            "02 - Сплин - Орбит без сахара [www.site.org].mp3",
            "Орбит без сахара",
            "Сплин",
            2,
            None,
        ),
    ],
    "with a site in front": [
        ("www.site.com - 01 - Layla.mp3", "Layla", None, 1, None),
        ("www.site.com - 02 - Cocaine.mp3", "Cocaine", None, 2, None),
    ],
    "with a site at the end": [
        ("Земфира - Искала (zaycev.net).mp3", "Искала", "Земфира", None, None),
        ("Земфира - Хочешь (zaycev.net).mp3", "Хочешь", "Земфира", None, None),
    ],
    "Japanese": [
        ("01. 正しい街.flac", "正しい街", None, 1, None),
        ("02. 歌舞伎町の女王.flac", "歌舞伎町の女王", None, 2, None),
    ],
    "Japanese, full-width digits": [
        ("０１　丸の内サディスティック.mp3", "丸の内サディスティック", None, 1, None),
        ("０２．幸福論.mp3", "幸福論", None, 2, None),
        ("１０　茜さす 帰路照らされど….mp3", "茜さす 帰路照らされど…", None, 10, None),
    ],
    "Japanese, quoted": [
        ("01 「夜に駆ける」.mp3", "夜に駆ける", None, 1, None),
        ("02 『群青』.mp3", "群青", None, 2, None),
    ],
    "Japanese, lenticular numbers": [
        ("【01】ロビンソン.mp3", "ロビンソン", None, 1, None),
        ("【02】チェリー.mp3", "チェリー", None, 2, None),
    ],
    "a Japanese radio drama": [
        ("第01話 はじまり.mp3", "第01話 はじまり", None, 1, None),
        ("第02話 おわり.mp3", "第02話 おわり", None, 2, None),
    ],
    "Chinese, no blanks": [
        ("01.周杰伦-以父之名.mp3", "以父之名", "周杰伦", 1, None),
        ("02.周杰伦-懦夫.mp3", "懦夫", "周杰伦", 2, None),
    ],
    "Chinese, an enumeration comma": [
        ("01、东风破.mp3", "东风破", None, 1, None),
        ("02、你听得到.mp3", "你听得到", None, 2, None),
    ],
    "Korean": [
        ("01. 아이유 - 팔레트.mp3", "팔레트", "아이유", 1, None),
        ("02. 아이유 - 이름에게.mp3", "이름에게", "아이유", 2, None),
    ],
    "Greek": [
        (
            "01 - Χάρις Αλεξίου - Όλα σε θυμίζουν.mp3",
            "Όλα σε θυμίζουν",
            "Χάρις Αλεξίου",
            1,
            None,
        ),
        (
            "02 - Χάρις Αλεξίου - Το τανγκό της Νεφέλης.mp3",
            "Το τανγκό της Νεφέλης",
            "Χάρις Αλεξίου",
            2,
            None,
        ),
    ],
    "Hebrew": [
        ("01 - שלמה ארצי - תתארו לכם.mp3", "תתארו לכם", "שלמה ארצי", 1, None),
        ("02 - שלמה ארצי - ירח.mp3", "ירח", "שלמה ארצי", 2, None),
    ],
    "Hebrew with marks of direction": [
        ("01 -\u200f כוורת -\u200f יו-יה.mp3", "יו-יה", "כוורת", 1, None),
        ("02 -\u200f כוורת -\u200f המגפה.mp3", "המגפה", "כוורת", 2, None),
    ],
    "Arabic": [
        ("01 - فيروز - نسم علينا الهوى.mp3", "نسم علينا الهوى", "فيروز", 1, None),
        ("02 - فيروز - حبيتك بالصيف.mp3", "حبيتك بالصيف", "فيروز", 2, None),
    ],
    "Arabic digits": [
        ("٠١ - تملي معاك.mp3", "تملي معاك", None, 1, None),
        ("٠٢ - نور العين.mp3", "نور العين", None, 2, None),
    ],
    "Thai": [
        ("01 คาราบาว - เมดอินไทยแลนด์.mp3", "เมดอินไทยแลนด์", "คาราบาว", 1, None),
        ("02 คาราบาว - บัวลอย.mp3", "บัวลอย", "คาราบาว", 2, None),
    ],
    "a live album": [
        ("01 Intro (Live).mp3", "Intro (Live)", None, 1, None),
        ("02 Enter Sandman - Live.mp3", "Enter Sandman - Live", None, 2, None),
    ],
    "numbers that are titles": [
        ("01 1999.flac", "1999", None, 1, None),
        ("02 99 Luftballons.flac", "99 Luftballons", None, 2, None),
        ("03 7.flac", "7", None, 3, None),
    ],
    "titles without numbers": [
        ("99 Problems.mp3", "99 Problems", None, None, None),
        ("Encore.mp3", "Encore", None, None, None),
        ("December 4th.mp3", "December 4th", None, None, None),
    ],
    "remastered": [
        (
            "01 - Helter Skelter - Remastered 2009.flac",
            "Helter Skelter - Remastered 2009",
            None,
            1,
            None,
        ),
        (
            "02 - Hey Jude - 2015 Remaster.flac",
            "Hey Jude - 2015 Remaster",
            None,
            2,
            None,
        ),
        ("03 - Live and Let Die - Live.flac", "Live and Let Die - Live", None, 3, None),
    ],
    "a concert": [
        ("gd1977-05-08d1t01.flac", "gd1977-05-08d1t01", None, 1, 1),
        ("gd1977-05-08d2t01.flac", "gd1977-05-08d2t01", None, 1, 2),
    ],
    "a number in brackets inside": [
        ("Madness - [01] - Our House.mp3", "Our House", "Madness", 1, None),
        ("Madness - [02] - Baggy Trousers.mp3", "Baggy Trousers", "Madness", 2, None),
    ],
    "so many of so many": [
        ("01 of 12 - The Beginning.mp3", "The Beginning", None, 1, None),
        ("02 of 12 - The End.mp3", "The End", None, 2, None),
    ],
    "disc and track by word": [
        ("Disc 1 Track 01 - Overture.mp3", "Overture", None, 1, 1),
        ("Disc 1 Track 02 - Finale.mp3", "Finale", None, 2, 1),
    ],
    "four digits: disc and track": [
        ("0101 Aria.flac", "Aria", None, 1, 1),
        ("0102 Variatio 1.flac", "Variatio 1", None, 2, 1),
        ("0201 Variatio 16.flac", "Variatio 16", None, 1, 2),
    ],
    "four digits: disc and track, with artists": [
        ("0101 - Кино - Ночь.mp3", "Ночь", "Кино", 1, 1),
        ("0102 - ДДТ - Осень.mp3", "Осень", "ДДТ", 2, 1),
    ],
    "four digits: a scene box": [
        ("0101-miles_davis-so_what.mp3", "so what", "miles davis", 1, 1),
        ("0102-miles_davis-blue_in_green.mp3", "blue in green", "miles davis", 2, 1),
    ],
    "four digits: the tenth disc": [
        ("1001 - Allegro.flac", "Allegro", None, 1, 10),
        ("1002 - Adagio.flac", "Adagio", None, 2, 10),
        ("1003 - Presto.flac", "Presto", None, 3, 10),
    ],
    "four digits: the nineteenth disc, in its folder": [
        ("CD 19/1901. Kyrie.flac", "Kyrie", None, 1, 19),
        ("CD 19/1902. Gloria.flac", "Gloria", None, 2, 19),
    ],
    "four digits: a track alone": [
        ("0001 - Первая глава.mp3", "Первая глава", None, 1, None),
        ("0002 - Вторая глава.mp3", "Вторая глава", None, 2, None),
    ],
    "four digits and nothing else": [
        ("0001.mp3", "0001", None, 1, None),
        ("0002.mp3", "0002", None, 2, None),
    ],
    "years before titles": [
        ("1979 - Heart of Glass.mp3", "1979 - Heart of Glass", None, None, None),
        ("1980 - Call Me.mp3", "1980 - Call Me", None, None, None),
    ],
    "years that follow each other from the first of their century": [
        ("1901 - Maple Leaf Rag.mp3", "1901 - Maple Leaf Rag", None, None, None),
        ("1902 - The Entertainer.mp3", "1902 - The Entertainer", None, None, None),
    ],
    "years that are titles": [
        ("1979.flac", "1979", None, None, None),
        ("1999.flac", "1999", None, None, None),
    ],
    "a year that is a title": [("1979.flac", "1979", None, None, None)],
    "a number that nobody can tell": [
        ("1234 - Title.mp3", "1234 - Title", None, None, None)
    ],
    "a lone track of a band with four digits": [
        ("1200 Micrograms - Ayahuasca.mp3", "Ayahuasca", "1200 Micrograms", None, None)
    ],
    "years after track numbers": [
        ("01 - 1984 - Big Brother.mp3", "1984 - Big Brother", None, 1, None),
        ("02 - 1969 - Real Cool Time.mp3", "1969 - Real Cool Time", None, 2, None),
    ],
    "four digits with a hole": [
        ("0101 - One.mp3", "0101 - One", None, None, None),
        ("0103 - Three.mp3", "0103 - Three", None, None, None),
    ],
    "a band that is called like a year": [
        ("2814 - 恢复.flac", "恢复", "2814", None, None),
        ("2814 - 遠くの愛好家.flac", "遠くの愛好家", "2814", None, None),
    ],
    "a band that is called like a year, numbered": [
        ("01 - 1349 - Sculptor of Flesh.mp3", "Sculptor of Flesh", "1349", 1, None),
        ("02 - 1349 - Chasing Dragons.mp3", "Chasing Dragons", "1349", 2, None),
    ],
    "artists one of whom is called like a year": [
        ("1349 - Sculptor of Flesh.mp3", "Sculptor of Flesh", "1349", None, None),
        ("Darkthrone - Quintessence.mp3", "Quintessence", "Darkthrone", None, None),
    ],
    "the discs of a box": [
        ("Box/CD-1/01 One.flac", "One", None, 1, 1),
        ("Box/CD-1/02 Two.flac", "Two", None, 2, 1),
    ],
}
# One file each: the disc is in the folder's name.
DISCS = [
    ("Album/Disc 2 of 3/01 Song.flac", 2),
    ("Album/CD-1/01 Song.flac", 1),
    ("Album/CD 2 - Live in Tokyo/01 Song.flac", 2),
    ("Album/[CD 3]/01 Song.flac", 3),
    ("Album/Disc Two/01 Song.flac", 2),
    ("Album/Disc II/01 Song.flac", 2),
    ("Album/CD #1/01 Song.flac", 1),
    ("Album/CD №2/01 Song.flac", 2),
    ("Album/Диск 1/01 Песня.flac", 1),
    ("Album/2 диск/01 Песня.flac", 2),
    ("Album/1-й диск/01 Песня.flac", 1),
    ("Album/ディスク2/01 曲.flac", 2),
    ("Album/Disco 2/01 Canción.flac", 2),
    ("Album/Disque 1/01 Chanson.flac", 1),
    ("Album/דיסק 2/01 שיר.flac", 2),
    ("Album (Disc 1)/01 Song.flac", 1),
    ("Album (Disc 2 of 2)/01 Song.flac", 2),
    ("Album [CD2]/01 Song.flac", 2),
    ("Album CD1/01 Song.flac", 1),
    ("Album_CD2/01_Song.flac", 2),
    ("Album, Disc 1/01 Song.flac", 1),
    ("Album/CD1/Bonus/01 Song.flac", 1),
    ("Album/Bonus Disc/01 Song.flac", None),
    ("Discovery/01 Song.flac", None),
    ("Disco Inferno/01 Song.flac", None),
    ("Discount/01 Song.flac", None),
    ("CDs/01 Song.flac", None),
]


def check(files, form):
    paths = [unicodedata.normalize(form, file[0]) for file in files]
    style = style_of(paths)
    named = [track_name(path, style) for path in paths]
    assert [(n.title, n.artist, n.track_no, n.disc_no) for n in named] == [
        file[1:] for file in files
    ]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("folder", FOLDERS)
def test_the_files_of_a_folder_tell(folder, form):
    check(FOLDERS[folder], form)


@pytest.mark.parametrize(("path", "disc_no"), DISCS)
def test_a_folder_tells_which_disc_it_is(path, disc_no):
    assert track_name(path).disc_no == disc_no


#: A folder or torrent, and what it says: album, artist, date.
ALBUMS = [
    ("Кино - Группа крови (1988) [MP3 320]", "Группа крови", "Кино", "1988"),
    ("Сплин - Альтависта (1999) [FLAC]", "Альтависта", "Сплин", "1999"),
    ("1988 - Группа крови [FLAC]", "Группа крови", None, "1988"),
    ("1988. Группа крови", "Группа крови", None, "1988"),
    ("1988-Группа крови", "Группа крови", None, "1988"),
    ("(1988) Группа крови", "Группа крови", None, "1988"),
    ("Кино - (1988) Группа крови", "Группа крови", "Кино", "1988"),
    ("Кино - [1988] Группа крови", "Группа крови", "Кино", "1988"),
    ("Кино - 1988 - Группа крови", "Группа крови", "Кино", "1988"),
    ("Кино - Группа крови, 1988", "Группа крови", "Кино", "1988"),
    ("[1988] Кино - Группа крови", "Группа крови", "Кино", "1988"),
    (
        *("(Rock) [CD] Кино - Группа крови - 1988, FLAC (image+.cue), lossless",),
        *("Группа крови", "Кино", "1988"),
    ),
    (
        *("(Trip Hop) [WEB] Massive Attack - Mezzanine - 1998, MP3, 320 kbps",),
        *("Mezzanine", "Massive Attack", "1998"),
    ),
    ("Aphex Twin - Drukqs (2001) [2CD] [FLAC]", "Drukqs", "Aphex Twin", "2001"),
    ("Sade - Diamond Life (1984) [24B-96kHz]", "Diamond Life", "Sade", "1984"),
    ("Sade - Diamond Life [24Bit-192kHz] FLAC", "Diamond Life", "Sade", None),
    ("Can - Tago Mago (1971) [Vinyl Rip 24-96]", "Tago Mago", "Can", "1971"),
    ("Can - Tago Mago [SACD-R] (1971)", "Tago Mago", "Can", "1971"),
    ("Moby - Play (1999) [mp3@320]", "Play", "Moby", "1999"),
    ("Moby - Play (1999) [Qobuz 24-44.1]", "Play", "Moby", "1999"),
    (
        *("Björk - Homogenic (1997) {One Little Indian, TPLP71CD} [FLAC]",),
        *("Homogenic", "Björk", "1997"),
    ),
    ("Villagers - {Awayland} (2013) [FLAC]", "{Awayland}", "Villagers", "2013"),
    ("Sigur Rós - ( ) (2002) [FLAC]", "( )", "Sigur Rós", "2002"),
    ("Blur - 13 (1999) [FLAC]", "13", "Blur", "1999"),
    ("Queen Discography (1973-1995) FLAC", "Discography (1973-1995)", "Queen", None),
    ("Pink Floyd - Discography [FLAC]", "Discography", "Pink Floyd", None),
    ("Кино - Дискография (1982-1990)", "Дискография (1982-1990)", "Кино", None),
    ("Аквариум (Дискография)", "Дискография", "Аквариум", None),
    (
        "Radiohead - OK Computer (1997) [www.site.org]",
        "OK Computer",
        "Radiohead",
        "1997",
    ),
    (
        "[www.site.org] Radiohead - OK Computer (1997)",
        "OK Computer",
        "Radiohead",
        "1997",
    ),
    ("www.site.org - Radiohead - OK Computer", "OK Computer", "Radiohead", None),
    ("Radiohead - OK Computer [rutracker.org]", "OK Computer", "Radiohead", None),
    ("will.i.am - #willpower (2013)", "#willpower", "will.i.am", "2013"),
    ("Daft_Punk-Discovery-2001-RNS", "Discovery", "Daft Punk", "2001"),
    (
        "Daft_Punk-Discovery-(7243849606)-WEB-FLAC-2001-GRP",
        "Discovery",
        "Daft Punk",
        "2001",
    ),
    (
        "VA-Cafe_del_Mar_Vol_7-2CD-2000-GRP",
        "Cafe del Mar Vol 7",
        "Various Artists",
        "2000",
    ),
    ("Rammstein-Mutter-DE-Retail-2001-GRP", "Mutter", "Rammstein", "2001"),
    ("Burial-Untrue-PROMO-CD-2007-GRP", "Untrue", "Burial", "2007"),
    ("VA - Made in Abyss OST (2017)", "Made in Abyss OST", "Various Artists", "2017"),
    ("Various Artists - Nuggets [4CD]", "Nuggets", "Various Artists", None),
    ("Сборник - Русский рок (2003)", "Русский рок", "Various Artists", "2003"),
    ("群星 - 上海滩老歌 [FLAC]", "上海滩老歌", "Various Artists", None),
    ("Pink.Floyd.-.The.Wall.(1979)", "The Wall", "Pink Floyd", "1979"),
    ("Nick%20Drake%20-%20Pink%20Moon%20(1972)", "Pink Moon", "Nick Drake", "1972"),
    ("Nick+Drake+-+Pink+Moon", "Pink Moon", "Nick Drake", None),
    ("Nick_Drake_-_Pink_Moon_[1972]", "Pink Moon", "Nick Drake", "1972"),
    ("[2019.12.15] YOASOBI - 夜に駆ける [FLAC]", "夜に駆ける", "YOASOBI", "2019-12-15"),
    ("[20191215] YOASOBI「夜に駆ける」[MP3]", "夜に駆ける", "YOASOBI", "2019-12-15"),
    ("椎名林檎『無罪モラトリアム』（1999）", "無罪モラトリアム", "椎名林檎", "1999"),
    ("椎名林檎 - 無罪モラトリアム【FLAC】", "無罪モラトリアム", "椎名林檎", None),
    ("劇場版「君の名は。」", "劇場版「君の名は。」", None, None),
    ("宇多田ヒカル － First Love ［1999］", "First Love", "宇多田ヒカル", "1999"),
    ("周杰伦-叶惠美[WAV+CUE]", "叶惠美", "周杰伦", None),
    ("周杰伦《叶惠美》2003 [FLAC分轨]", "周杰伦《叶惠美》2003 [FLAC分轨]", None, None),
    ("周杰伦《叶惠美》[FLAC 分轨]", "叶惠美", "周杰伦", None),
    ("崔健 - 1989 - 新长征路上的摇滚", "新长征路上的摇滚", "崔健", "1989"),
    ("아이유 - Palette (2017) [FLAC]", "Palette", "아이유", "2017"),
    ("Χάρις Αλεξίου - Δι' ευχών (1992)", "Δι' ευχών", "Χάρις Αλεξίου", "1992"),
    ("שלמה ארצי - תרקוד (1984)", "תרקוד", "שלמה ארצי", "1984"),
    ("שלמה ארצי -\u200f תרקוד (1984)", "תרקוד", "שלמה ארצי", "1984"),
    ("فيروز - وحدن (1979)", "وحدن", "فيروز", "1979"),
    (
        "Grateful Dead - 1977-05-08 - Barton Hall",
        "Barton Hall",
        "Grateful Dead",
        "1977-05-08",
    ),
    (
        "Caetano Veloso - Transa (1972) [FLAC] [1972 Philips]",
        "Transa [1972 Philips]",
        "Caetano Veloso",
        "1972",
    ),
    (
        "Miles Davis - Kind of Blue (Legacy Edition) (1959)",
        "Kind of Blue (Legacy Edition)",
        "Miles Davis",
        "1959",
    ),
    (
        "Bach - Cello Suites - Pablo Casals (1939)",
        "Cello Suites - Pablo Casals",
        "Bach",
        "1939",
    ),
    (
        "Frank Herbert - Dune (Audiobook) [64kbps]",
        "Dune (Audiobook)",
        "Frank Herbert",
        None,
    ),
    ("2001 - A Space Odyssey", "A Space Odyssey", None, "2001"),
    ("1999-2009", "1999-2009", None, None),
    ("Live 8", "Live 8", None, None),
    ("The 2nd Law", "The 2nd Law", None, None),
    ("10,000 Maniacs - In My Tribe", "In My Tribe", "10,000 Maniacs", None),
    (
        "+44 - When Your Heart Stops Beating",
        "When Your Heart Stops Beating",
        "+44",
        None,
    ),
    ("Discography", "Discography", None, None),
]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(("name", "album", "artist", "date"), ALBUMS)
def test_a_folder_tells(name, album, artist, date, form):
    named = album_name(unicodedata.normalize(form, name))
    assert named == AlbumName(album, artist, date)


@pytest.mark.parametrize(
    ("name", "nothing"),
    [
        ("FLAC", True),
        ("MP3 320", True),
        ("[24-96]", True),
        ("flac tracks", True),
        ("Music", True),
        ("Музыка", True),
        ("Opus Dei", False),
        ("Live", False),
        ("1999", False),
        ("", False),
    ],
)
def test_some_folders_say_nothing(name, nothing):
    assert says_nothing(name) is nothing


BELOW = [
    # torrent, file, album, artist, date, disc
    (
        *("Кино - Дискография (1982-1990)", "1988 - Группа крови/01 - Мама.mp3"),
        *("Группа крови", "Кино", "1988", None),
    ),
    (
        *("Queen Discography [FLAC]", "Studio/1975. Night [FLAC]/CD 2/01 Love.flac"),
        *("Night (CD 2)", "Queen", "1975", 2),
    ),
    (
        *("Air - Moon Safari (1998)", "Bonus CD/01 - Kelly.flac"),
        *("Moon Safari (Bonus CD)", "Air", "1998", None),
    ),
    (
        *("Air - Moon Safari (1998)", "FLAC/01 - Kelly.flac"),
        *("Moon Safari", "Air", "1998", None),
    ),
    (
        *("Air - Moon Safari (1998)", "MP3 320/Disc 1/01 - Kelly.mp3"),
        *("Moon Safari (Disc 1)", "Air", "1998", 1),
    ),
]


@pytest.mark.parametrize(("torrent", "path", "album", "artist", "date", "disc"), BELOW)
def test_folders_stand_below_others(torrent, path, album, artist, date, disc):
    (folder,) = named_folders(metainfo(torrent, [path]))
    ((_, tags),) = folder.tracks
    assert (tags.album, tags.albumartists) == (album, (artist,))
    assert (tags.date, tags.disc_no) == (date, disc)
