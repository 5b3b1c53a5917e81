"""Prints the rules that the package's structure breaks; exits with 1 if it breaks any.

    python -m scripts.lib.structure [--all]

--all also prints the known exceptions.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scripts.lib.structure.known import KNOWN
from scripts.lib.structure.layers import order
from scripts.lib.structure.package import read
from scripts.lib.structure.rules import RULES, Broken, House

CLONE = Path(__file__).parents[3]
PACKAGE = "mopidy_vozduxan"


def main() -> int:
    parser = argparse.ArgumentParser("scripts/structure", description=__doc__)
    parser.add_argument("--all", action="store_true", help="known exceptions as well")
    options = parser.parse_args()
    broken = sorted(_broken(), key=lambda one: (one.path, one.line, one.text))
    unknown = [one for one in broken if options.all or one.known_as not in KNOWN]
    needless = KNOWN - {one.known_as for one in broken}
    for one in unknown:
        print(one)
    for name in sorted(needless):
        print(f"scripts/lib/structure/known.py: no longer needed: {name}")
    return 1 if unknown or needless else 0


def _broken() -> list[Broken]:
    layout = (CLONE / "docs" / "architecture.rst").read_text()
    house = House(PACKAGE, read(CLONE / PACKAGE), order(layout, PACKAGE))
    return [one for rule in RULES for one in rule(house)]


sys.exit(main())
