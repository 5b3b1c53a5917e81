"""What the name of a torrent or a folder says about an album: pure.

Only certain parts are taken out: a date gets its own field, and words about the
encoding ("[FLAC 24-96]") are dropped. Everything else stays in the album's name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mopidy_vozduxan.naming.names import clean, dash_parts, spaced, without_sites
from mopidy_vozduxan.torrent.tags import VARIOUS_ARTISTS


@dataclass(frozen=True, slots=True)
class AlbumName:
    """``date`` is ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``."""

    album: str
    artist: str | None = None
    date: str | None = None


_DATE = re.compile(
    r"(?P<y>(?:19|20)\d\d)(?:[-.](?P<m>0[1-9]|1[0-2])"
    r"(?:[-.](?P<d>0[1-9]|[12]\d|3[01]))?)?",
    re.ASCII,
)
_DATE_WITHOUT_SIGNS = re.compile(
    r"(?P<y>(?:19|20)\d\d)(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])", re.ASCII
)
_GROUP = re.compile(r"[\[({【（［]([^\[\](){}【】（）［］]*)[\])}】）］]")
_LABEL = re.compile(r"\{[^{}]*\}")
_DATE_IN_FRONT = re.compile(
    rf"(?:{_DATE.pattern})(?:\.\s+(?=\S)|-(?=[^\s\d-]))", re.ASCII
)
# The number of an album among its artist's: "02 - Album"; "311 - Music" is a band.
_ORDINAL = re.compile(r"0\d{1,2}|[1-9]\d?", re.ASCII)
_DATE_AT_END = re.compile(rf"(?P<rest>.*\S),\s*{_DATE.pattern}", re.ASCII)
_SCENE = re.compile(r"[^\s-]+-\S+-(?:19|20)\d\d-\w+", re.ASCII)
_BLANKS = re.compile(r"[\s,+./&|_:@-]+")
# "Queen Discography (1973-1995)": the artist comes before the word.
_ALL_WORKS = re.compile(
    r"(?P<artist>.*?[^\s(\[–—-])[\s–—-]+(?P<group>[(\[])?"
    r"(?P<album>(?:(?:the )?(?:full|complete|полная) )?"
    r"(?:discography|дискография|discografia|discographie|diskographie)\b.*)",
    re.IGNORECASE,
)
# "(Rock) [CD] Artist - Album - 1988, FLAC (image+.cue), lossless"
_TOPIC = re.compile(
    r"(?:\([^()]*\)\s*)?(?:\[[^\[\]]*\]\s*)*(?P<rest>\S.*?),\s*"
    r"(?:flac|mp3|ape|wv|wavpack|aac|alac|ogg|dsd|dsf|wav|m4a)\b.*",
    re.IGNORECASE,
)
# "周杰伦《叶惠美》", "YOASOBI「夜に駆ける」"; a film's name is no artist.
_QUOTED = re.compile(
    r"(?P<artist>[^「『《]*[^「『《\s])\s*[「『《](?P<album>[^「」『』《》]+)[」』》]"
)
_WORKS = ("劇場版", "映画", "ドラマ", "アニメ", "ゲーム", "舞台", "电影", "電影")

# Words about an encoding inside brackets; "CD" or "Opus" alone may be a title.
_ENCODING = frozenset(
    "flac mp3 aac alac ape wv wavpack ogg vorbis opus wav m4a mpc dsd dsd64 dsd128 dsf"
    " sacd iso lossless lossy web webrip dl cd cdrip dvd vinyl vinylrip lp eac xld log"
    " cue image tracks tr24 rip hi res hires bit bits khz hz kbps kbit vbr cbr v0 v2 hq"
    " dts ac3 mqa scans covers artwork qobuz tidal deezer itunes hdtracks r"
    " 无损 無損 分轨 分軌 整轨 整軌".split()
)
_PLAIN_ENCODING = frozenset("flac mp3 aac alac lossless 320kbps 24bit 16bit".split())
_MEASURE = re.compile(r"\d{1,3}(?:k|khz|kbps|kbit|bit|bits|b|x?cd|lp)", re.ASCII)
_NUMBERS = frozenset("16 24 32 44 1 48 88 2 96 176 4 192 256 320 5".split())
# What scene releases say about themselves.
_SCENE_WORDS = frozenset(
    "cds cdm cdr cdep vls promo retail advance proper readnfo int dirfix sat dab fm"
    " bootleg dvda tape 2cd 3cd 4cd reissue limited edition remastered".split()
)
_SCENE_NUMBER = re.compile(r"\([A-Z0-9_ ]*\d[A-Z0-9_ ]*\)|[A-Z]{2}")
_VARIOUS = frozenset(
    (
        *("va", "v.a.", "various", "various artists", "разные исполнители", "сборник"),
        *("群星", "オムニバス", "varios artistas", "vários artistas", "artisti vari"),
        *("verschiedene interpreten", "artistes divers", "diverse artister"),
    )
)
_MUSIC = frozenset("music audio tracks songs музыка треки".split())


def album_name(name: str) -> AlbumName:
    """Return the artist, album and date in the name of a folder or torrent."""
    if _SCENE.fullmatch(name):
        return _scene_name(name)
    whole = without_sites(spaced(name))
    if (topic := _TOPIC.fullmatch(whole)) and "[" not in topic["rest"]:
        whole = topic["rest"]
    text, dates = _without_dates(whole)
    artist, album, date = _artist_and_album(text)
    dates += [date] if date else []
    return AlbumName(album or whole or "?", artist, dates[0] if dates else None)


def says_nothing(name: str) -> bool:
    """Whether a folder's name is only its encoding, or "Music"."""
    words = [
        word.lower() for word in _BLANKS.split(spaced(name).strip("[](){}")) if word
    ]
    known = [w for w in words if w not in _MUSIC]
    return bool(words) and (not known or _is_encoding(known))


def _without_dates(whole: str) -> tuple[str, list[str]]:
    """Remove dates and encodings that are separate from the name."""
    text, dates = _without_groups(whole)
    text, bare_date = _without_plain_encoding(_without_label(text))
    if front := _DATE_IN_FRONT.match(text):
        dates.append(_date(front))
        text = text[front.end() :]
    if (end := _DATE_AT_END.fullmatch(text)) and len(dash_parts(end["rest"])) > 1:
        dates.append(_date(end))
        text = end["rest"]
    return text, [*dates, *([bare_date] if bare_date else [])]


def _artist_and_album(text: str) -> tuple[str | None, str, str | None]:
    """Return the artist, the album, and a date between them."""
    if works := _ALL_WORKS.fullmatch(text):
        album = works["album"].rstrip(")] " if works["group"] else None)
        return _artist(works["artist"]), album, None
    quoted = _QUOTED.fullmatch(text)
    if quoted and not quoted["artist"].endswith(_WORKS):
        return _artist(quoted["artist"].rstrip(" -–")), quoted["album"], None
    parts, date = _without_date(dash_parts(text))
    if len(parts) > 1 and _ORDINAL.fullmatch(parts[0]):
        parts = parts[1:]
    artist = _artist(parts[0]) if len(parts) > 1 else None
    return artist, " - ".join(parts[1:] if artist else parts), date


def _without_label(text: str) -> str:
    """Remove "{label, number}"; "Villagers - {Awayland}" is an album."""
    rest = clean(_LABEL.sub(" ", text))
    return rest if len(dash_parts(rest)) == len(dash_parts(text)) else text


def _without_groups(text: str) -> tuple[str, list[str]]:
    """Remove brackets that hold nothing but a date or an encoding."""
    dates: list[str] = []

    def keep(group: re.Match[str]) -> str:
        words = _BLANKS.split(group[1].strip())
        if whole := _whole_date(group[1].strip()):
            dates.append(_date(whole))
            return " "
        years = [word for word in words if _DATE.fullmatch(word)]
        if not _is_encoding([word for word in words if word not in years]):
            return group[0]
        dates.extend(years[:1])
        return " "

    left = clean(_GROUP.sub(keep, text))
    return (left, dates) if dash_parts(left) else (text, dates)


def _whole_date(text: str) -> re.Match[str] | None:
    return _DATE.fullmatch(text) or _DATE_WITHOUT_SIGNS.fullmatch(text)


def _is_encoding(words: list[str]) -> bool:
    lowered = [word.lower() for word in words if word]
    known = [w for w in lowered if w in _ENCODING or _MEASURE.fullmatch(w)]
    numbers = [w for w in lowered if w in _NUMBERS]
    loud = known or any(w in ("24", "96", "192", "256", "320") for w in numbers)
    return bool(loud) and len(known) + len(numbers) == len(lowered)


def _without_plain_encoding(text: str) -> tuple[str, str | None]:
    """Remove "FLAC" from the end of "Artist - Album 2001 FLAC", then the year."""
    words = text.split(" ")
    count = len(words)
    while len(words) > 1 and words[-1].lower() in _PLAIN_ENCODING:
        words.pop()
    if not dash_parts(" ".join(words)):
        return text, None
    year = _DATE.fullmatch(words[-1]) if len(words) < count else None
    # "Prince - 1999 FLAC": right after a dash, a year is the album.
    if year and len(words) > 1 and dash_parts(words[-2]):
        return " ".join(words[:-1]), _date(year)
    return " ".join(words), None


def _without_date(parts: list[str]) -> tuple[list[str], str | None]:
    """Remove a part that is a date; in "Prince - 1999" it is the album."""
    for place, part in enumerate(parts):
        last = place == len(parts) - 1
        if (match := _DATE.fullmatch(part)) and (not last or place > 1):
            return parts[:place] + parts[place + 1 :], _date(match)
    return parts, None


def _scene_name(name: str) -> AlbumName:
    artist, *middle, year, _group = name.split("-")
    words = [word for word in middle if not _is_of_scene(word)] or middle
    return AlbumName(spaced("-".join(words)), _artist(spaced(artist)), year)


def _is_of_scene(word: str) -> bool:
    known = word.lower() in _SCENE_WORDS or _SCENE_NUMBER.fullmatch(word)
    return bool(known) or _is_encoding([word])


def _artist(text: str) -> str:
    return VARIOUS_ARTISTS if text.lower() in _VARIOUS else text


def _date(match: re.Match[str]) -> str:
    return "-".join(part for part in (match["y"], match["m"], match["d"]) if part)
