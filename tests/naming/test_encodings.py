from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mopidy_vozduxan.naming.encodings import (
    decoded,
    decoded_together,
    repaired,
    repaired_together,
)
from tests.old_names import ALL, IN_OLD_ENCODINGS, JAPANESE, RUSSIAN, WESTERN

MISREAD = [
    # as shown, as meant
    ("Êèíî", "Кино"),
    ("Ãðóïïà êðîâè", "Группа крови"),
    ("Àêâàðèóì", "Аквариум"),
    ("01 - Ïà÷êà ñèãàðåò", "01 - Пачка сигарет"),
    ("Ñòàðûé Íîâûé ãîä (live)", "Старый Новый год (live)"),
    ("Îêåàí Åëüçè - Îá³éìè", "Океан Ельзи - Обійми"),
    ("\x96é\x82É\x8bì\x82¯\x82é", "夜に駆ける"),
    ("–é‚É‹ì‚¯‚é", "夜に駆ける"),
    ("ƒXƒsƒbƒc - ƒ\x8dƒrƒ“ƒ\\ƒ“", "スピッツ - ロビンソン"),
    ("ÖÜ½ÜÂ× - ¶«·çÆÆ", "周杰伦 - 东风破"),
    ("ÎåÔÂÌì", "五月天"),
    ("BjÃ¶rk", "Björk"),
    ("Sigur RÃ³s", "Sigur Rós"),
    ("DÃ©jÃ\xa0 vu", "Déjà vu"),
    ("Donâ€™t Stop", "Don’t Stop"),
    ("ÐšÐ¸Ð½Ð¾", "Кино"),
    ("РљРёРЅРѕ", "Кино"),
    ("å¤œã\x81«é§†ã\x81‘ã‚‹", "夜に駆ける"),
]


@pytest.mark.parametrize(("shown", "meant"), MISREAD)
def test_what_was_read_wrongly_is_repaired(shown, meant):
    assert repaired(shown) == meant


@pytest.mark.parametrize("name", ALL)
def test_what_is_right_is_left_alone(name):
    assert repaired(name) == name
    assert decoded(name.encode()) == name


@pytest.mark.parametrize(
    "name", [n for n in WESTERN if n.encode("cp1252", "replace").decode("cp1252") == n]
)
def test_western_bytes_are_read_as_western(name):
    assert decoded(name.encode("cp1252")) == name


@pytest.mark.parametrize("misread_as", ["latin-1", "cp1252", "cp1251"])
def test_utf8_that_was_read_as_a_code_page_is_known(misread_as):
    shown = {}
    for name in ALL:
        try:
            shown[name] = name.encode().decode(misread_as)
        except UnicodeDecodeError:
            continue
    assert len(shown) > 250
    assert {name: repaired(text) for name, text in shown.items()} == dict(
        zip(shown, shown, strict=True)
    )


def in_encoding(names, encoding):
    """Return those of the names that an encoding can write, and their bytes."""
    pairs = [(name, name.encode(encoding, "replace")) for name in names]
    return [(n, data) for n, data in pairs if data.decode(encoding) == n]


@pytest.mark.parametrize(("names", "encoding"), IN_OLD_ENCODINGS)
def test_the_names_of_one_source_tell_its_encoding_together(names, encoding):
    pairs = in_encoding(names, encoding)
    right = [name for name, _ in pairs]
    assert repaired_together([data.decode("latin-1") for _, data in pairs]) == right
    # Their very bytes: some of the kana names are UTF-8 too.
    data = [
        data for _, data in pairs if decoded(data) != data.decode("utf-8", "ignore")
    ]
    assert decoded_together(data) == [text.decode(encoding) for text in data]


@pytest.mark.parametrize(("names", "encoding"), IN_OLD_ENCODINGS)
def test_a_name_alone_is_repaired_or_left_as_it_is(names, encoding):
    for name, data in in_encoding(names, encoding):
        shown = data.decode("latin-1")
        assert repaired(shown) in (name, shown)


def test_a_western_name_among_russian_ones_stays_western():
    names = [*RUSSIAN[:9], "Motörhead"]
    shown = [n.encode("cp1251").decode("latin-1") for n in names[:-1]] + [names[-1]]
    assert repaired_together(shown) == names


def test_short_names_are_known_by_their_company():
    shown = ["ÄÄÒ", "Îñåíü", "Ðîäèíà", "×òî òàêîå îñåíü"]
    assert repaired(shown[0]) == shown[0]
    assert repaired_together(shown)[0] == "ДДТ"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_text_that_says_its_encoding_is_read_so(encoding):
    text = "REM Кино\nPERFORMER 椎名林檎\n"
    assert decoded(text.encode(encoding)) == text
    assert decoded(b"\xfe\xff" + text.encode("utf-16-be")) == text


@pytest.mark.parametrize(
    ("data", "hint", "text"),
    [
        ("ДДТ".encode("cp1251"), "windows-1251", "ДДТ"),
        ("ДДТ".encode("koi8-r"), "KOI8-R", "ДДТ"),
        ("能".encode("cp932"), "Shift_JIS", "能"),
        ("넬".encode("cp949"), "EUC-KR", "넬"),
        ("Gusła".encode("cp1250"), "cp1250", "Gusła"),
        # What nothing is known of, what contradicts the bytes, what is no text.
        ("Motörhead".encode("cp1252"), "no-such-encoding", "Motörhead"),
        ("Motörhead".encode("cp1252"), "utf-8", "Motörhead"),
        ("Motörhead".encode("cp1252"), "windows-1251", "Motörhead"),
        ("Motörhead".encode("cp1252"), "Shift_JIS", "Motörhead"),
        ("Motörhead".encode("cp1252"), "rot13", "Motörhead"),
        ("Motörhead".encode("cp1252"), "unicode_escape", "Motörhead"),
        ("Motörhead".encode("cp1252"), "a\0b", "Motörhead"),
        ("Группа крови".encode("cp1251"), "iso-8859-1", "Группа крови"),
        ("Кино".encode(), "koi8-r", "Кино"),
    ],
)
def test_a_claim_counts_unless_the_bytes_contradict_it(data, hint, text):
    assert decoded(data, hint) == text


def test_a_long_text_is_read_by_its_beginning():
    text = "".join(f"FILE {n} {name}\n" for n in range(200) for name in JAPANESE)
    assert decoded(text.encode("cp932")) == text


@given(st.binary(), st.none() | st.text())
def test_any_bytes_become_text(data, hint):
    decoded(data, hint).encode()


@given(st.lists(st.text()))
def test_any_text_can_be_looked_at(texts):
    assert len(repaired_together(texts)) == len(texts)


@given(st.text(alphabet=st.characters(max_codepoint=0x7F)))
def test_ascii_is_what_it_is(text):
    assert repaired(text) == text == decoded(text.encode())


POLISH = ["Źdźbło trawy", "Łąki Łan", "Długość dźwięku samotności", "Świt", "Miłość"]


def test_polish_is_told_from_western_text() -> None:
    raw = [name.encode("cp1250").decode("latin-1") for name in POLISH]
    assert repaired_together(raw) == POLISH
    assert repaired(raw[2]) == POLISH[2]


@pytest.mark.parametrize(
    "name",
    [
        *("¿Por qué?", "¿dónde estás?", "Cœur de pirate", "Sœurs, œillets", "m³"),
        *("£5 Note", "Nº 5", "x³", "L'Haÿ-les-Roses", "Œuvre", "Dzieñ"),
    ],
)
def test_western_text_is_not_taken_for_polish(name: str) -> None:
    assert repaired(name) == name
