"""What is read from magnet links, and what is refused."""

from __future__ import annotations

import pytest

from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.naming.magnet_links import read_link, read_magnet

V1 = "0123456789abcdef0123456789abcdef01234567"
V2 = "0123456789abcdef" * 4
MAGNET = f"magnet:?xt=urn:btih:{V1}"


@pytest.mark.parametrize(
    ("uri", "infohash"),
    [
        (f"magnet:?xt=urn:btih:{V1}", V1),
        (f"magnet:?xt=urn:btih:{V1.upper()}&dn=x", V1),
        ("magnet:?xt=urn:btih:AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH", V1),
        (f"magnet:?xt=urn:btmh:1220{V2}", V2),
        (f"magnet:?xt=urn:btih:{V1}&xt=urn:btmh:1220{V2}", V1),
        (f"magnet:?xt=urn:btmh:1220{V2}&xt=urn:btih:{V1}", V1),
        (f"MAGNET:?xt=urn:btih:{V1}", V1),
    ],
)
def test_a_magnet_is_named_by_v1_where_there_is_one(uri: str, infohash: str) -> None:
    source = read_magnet(uri)
    assert source.infohash == infohash
    assert source.magnet == uri


@pytest.mark.parametrize(
    ("escaped", "name"),
    [
        ("caf%C3%A9", "café"),
        ("caf%e9+%ff", "café ÿ"),
        ("%C3%F0%F3%EF%EF%E0+%EA%F0%EE%E2%E8", "Группа крови"),
        ("%81", "\ufffd"),
        ("a%00", "a"),
    ],
)
def test_a_display_name_in_any_encoding_is_text(escaped: str, name: str) -> None:
    source = read_magnet(f"magnet:?xt=urn:btih:{V1}&dn={escaped}")
    assert source.display_name == name


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "magnet:",
        "magnet:?dn=x",
        "magnet:?xt=urn:btih:",
        "magnet:?xt=urn:btih:zz",
        f"magnet:?xt=urn:btih:{'g' * 40}",
        f"magnet:?xt=urn:btih:{'0' * 40}",
        f"magnet:?xt=urn:btih:{V1}0",
        f"magnet:?xt=urn:btmh:1220{V1}",
        f"magnet:?xt=urn:sha1:{V1}",
        f"http://example.org/?xt=urn:btih:{V1}",
        f"magnet:?xt=urn:btih:{V1}&dn=\udcff",
        f"magnet:?xt=urn:btih:{V1}&" + "tr=x&" * 20_000,
        f"magnet:?xt=urn:btih:{V1}&dn=" + "x" * 100_000,
    ],
    ids=lambda uri: ascii(uri[:40]),
)
def test_a_malformed_magnet_is_bad_input(uri: str) -> None:
    with pytest.raises(BadInput):
        read_magnet(uri)


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("&so=0", (0,)),
        ("&so=0,2,4,6-8", (0, 2, 4, 6, 7, 8)),
        ("&so=7-8,1,7", (1, 7, 8)),
        ("&so=1%2C3-4", (1, 3, 4)),
        ("&so=1&so=3", (1, 3)),
        ("&so=12345", (12345,)),
        ("&so=2,x,-1,5-3", (2,)),
        ("&so=99999-999999", (99_999,)),
        ("&so=", None),
        ("&so=all", None),
        ("", None),
    ],
)
def test_a_magnet_selects_files(text, files):
    assert read_link(MAGNET + text).files == files


@pytest.mark.parametrize(
    ("text", "size"),
    [("&xl=123", 123), ("&xl=", None), ("&xl=-1", None), ("&xl=" + "9" * 50, None)],
)
def test_a_magnet_may_tell_the_size(text, size):
    assert read_link(MAGNET + text).size == size


@pytest.mark.parametrize("sign", ["&amp;", "&AMP;", "&#38;", "&#x26;", "&amp;amp;"])
def test_a_magnet_may_be_copied_out_of_a_pages_source(sign):
    plain = (
        f"{MAGNET}&dn=Kino%20-%20Noch&tr=http%3A%2F%2Fa.b%2Fannounce&tr.2=udp://c.d:1"
        "&ws=http://e.f/&x.pe=127.0.0.1:5&so=2&xl=7"
    )
    link = read_link(plain.replace("&", sign))
    assert link == read_link(plain)
    assert link.source.magnet == plain


def test_what_only_looks_like_html_stays_in_a_magnet():
    magnet = f"{MAGNET}&dn=Tom%20&amp;%20Jerry&amp;=1&amp;band=2&tr=http://a.b/?x=1"
    assert read_magnet(magnet).magnet == magnet
