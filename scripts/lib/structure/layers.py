"""The order of the layers: the layout in docs/architecture.rst, from the top down.

Each line of the layout names one layer, or several from the top down, and then says
what they are. Folders end in a slash, modules in .py.
"""

from __future__ import annotations

import re

_NAME = re.compile(r"([a-z_]+)(?:/|\.py)")


def order(text: str, package: str) -> list[str]:
    """The layers that *text* lists below the line with the package's name."""
    lines = iter(text.splitlines())
    head = next((line for line in lines if line.strip() == f"{package}/"), None)
    if head is None:
        raise ValueError(f"no layout of {package}/ in docs/architecture.rst")
    indent = " " * (len(head) - len(head.lstrip()) + 2)
    layers: list[str] = []
    for line in lines:
        if line.strip() and not line.startswith(indent):
            break
        layers += _names(line.removeprefix(indent))
    return layers


def _names(line: str) -> list[str]:
    names = []
    for word in line.split(" "):
        match = _NAME.fullmatch(word)
        if match is None:
            break
        names.append(match[1])
    return names
