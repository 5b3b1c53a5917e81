"""Sphinx's configuration: ``scripts/docs`` builds the site."""

import configparser
from pathlib import Path

_setup = configparser.ConfigParser()
_setup.read(Path(__file__).parent.parent / "setup.cfg")

project = "Mopidy-Vozduxan"
author = _setup["metadata"]["author"]
release = version = _setup["metadata"]["version"]

extensions = ["sphinx.ext.extlinks"]
# :source:`scripts/test` and the like: files that are not part of the site.
_files = "https://github.com/mopidy-vozduxan/mopidy-vozduxan/blob/main/%s"
extlinks = {"source": (_files, "%s")}
nitpicky = True
# Most blocks are shell commands or screens; a block in a language says so.
highlight_language = "none"

html_theme = "furo"
html_title = f"{project} {release}"
html_show_copyright = False
