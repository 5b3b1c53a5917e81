"""Magnet links are read without libtorrent, and as libtorrent reads them."""

from __future__ import annotations

import random

import libtorrent as lt
import pytest

from mopidy_vozduxan.engine.parsing import name_of, params_of_magnet
from mopidy_vozduxan.exceptions import BadInput
from mopidy_vozduxan.torrent.magnets import parse_magnet

V1 = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40
V2 = "ab" * 32
BASE32 = "AERUKZ4JVPG66AJDIVTYTK6N54ASGRLH"
BTIH, BTMH = "xt=urn:btih:", "xt=urn:btmh:1220"

QUERIES = [
    f"{BTIH}{V1}",
    f"{BTIH}{BASE32}",
    f"{BTIH}{BASE32.lower()}",
    f"{BTMH}{V2}",
    f"{BTMH}{V2.upper()}",
    f"{BTIH}{V1}&{BTIH}{OTHER}",
    f"xt.1=urn:btih:{V1}&xt.2=urn:btih:{OTHER}",
    f"xt.2=urn:btih:{V1}&xt=urn:btih:{OTHER}&xt.2=urn:btih:{V1}",
    f"xt.x=urn:btih:{V1}",
    f"{BTIH}{V1}&xt=urn:btih:zz",
    f"{BTIH}{V1}&{BTMH}zz",
    f"{BTIH}{V1}&xt=urn:sha1:zz",
    f"{BTIH}{V1}&xt=",
    f"xt=urn%3Abtih%3A{V1}",
    f"xt=URN:BTIH:{V1}",
    f"{BTIH}{V1}%",
    f"{BTIH}{V1}#part",
    f"{BTIH}{V1};x=1",
    f"{BTIH}{V1}\n",
    f"{BTIH}+{V1}",
    f"xt=urn:btmh:1120{V2}&{BTIH}{V1}",
    f"{BTMH}{'0' * 64}",
    f"{BTIH}{'0' * 40}&{BTMH}{V2}",
    f"{BTIH}{V1}&{BTIH}{'0' * 40}",
    f"?{BTIH}{V1}",
    f"a&b&{BTIH}{V1}",
    f"=&{BTIH}{V1}",
    f"{BTIH}{V1}&dn=%zz&xl=zz&so=4-2&x.pe=zz&tr=%%&ws=%zz",
    f"{BTIH}{V1}&dn=\ud800",
]


def theirs(uri: str) -> str | None:
    try:
        return name_of(lt.parse_magnet_uri(uri).info_hashes)
    except (RuntimeError, ValueError, BadInput):
        return None


def ours(uri: str) -> str | None:
    try:
        return parse_magnet(uri).infohash
    except BadInput:
        return None


@pytest.mark.parametrize("query", QUERIES, ids=ascii)
def test_a_magnet_link_names_what_libtorrent_joins(query: str) -> None:
    assert ours(f"magnet:?{query}") == theirs(f"magnet:?{query}")


def test_what_is_accepted_can_be_joined_however_it_is_garbled() -> None:
    chance = random.Random(9)
    accepted = 0
    for _ in range(3000):
        text = list(f"magnet:?{chance.choice(QUERIES)}")
        for _ in range(chance.randrange(3)):
            place = chance.randrange(8, len(text))
            text[place] = chance.choice("&=%?+.:;09afgzAZ \0é")
        uri = "".join(text)
        if infohash := ours(uri):
            accepted += 1
            assert name_of(params_of_magnet(uri).info_hashes) == infohash, uri
    assert accepted > 300
