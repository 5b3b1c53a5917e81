"""Rates as people write them."""

from __future__ import annotations

import pytest

from mopidy_vozduxan.network.rates import rate_of, text_of


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("0", 0),
        ("500 kB/s", 500_000),
        ("500KB/s", 500_000),
        ("500 KiB/s", 512_000),
        ("2 Mbit/s", 250_000),
        ("2Mbps", 250_000),
        ("1.5 MB/s", 1_500_000),
        ("1 GB/s", 10**9),
        (" 64 kbit/s ", 8000),
        ("2000 B/s", 2000),
        ("100 kB", 100_000),
    ],
)
def test_a_rate_has_its_unit(text: str, rate: int) -> None:
    assert rate_of(text) == rate


@pytest.mark.parametrize(
    "text",
    [
        *("", "500", "fast", "-1 kB/s", "1,5 MB/s", "5 kb/s", "5 Mb", "1 B/s"),
        *("3 GB/s", "1 TB/s", "1 kB/h", "1e3 kB/s", "5 i B/s", "5 iB/s", "0 or so"),
        "٣ kB/s",
    ],
)
def test_nonsense_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must "):
        rate_of(text)


@pytest.mark.parametrize("rate", [0, 1000, 1234, 500_000, 1_500_000, 2_000_000_000])
def test_what_is_shown_means_the_same(rate: int) -> None:
    assert rate_of(text_of(rate)) == rate
