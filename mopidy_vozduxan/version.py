"""Which release this is: one place that asks the installed package."""

from __future__ import annotations

import importlib.metadata

__version__ = importlib.metadata.version("Mopidy-Vozduxan")
