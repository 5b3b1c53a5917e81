"""Screens of text clients in ``docs/clients.rst``, put there by the tests."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "clients.rst"


def keep_screen(name: str, screen: str) -> None:
    """Replace the literal block that follows the page's line ``.. screen: name``.

    Of many equal lines two are kept.
    """
    lines = re.sub(r"(?m)^(.*\n)\1{2,}", r"\1\1", screen).rstrip().splitlines()
    block = "".join(f"    {line}".rstrip() + "\n" for line in lines)
    marked = re.compile(
        rf"(?m)^(\.\. screen: {re.escape(name)}\n\n::\n\n)(    .*\n|\n)*"
    )
    page = PAGE.read_text()
    if not marked.search(page):
        raise LookupError(f"no place for the screen {name} in {PAGE}")
    PAGE.write_text(marked.sub(lambda found: found[1] + block + "\n", page))
