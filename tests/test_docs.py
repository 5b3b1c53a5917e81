"""The docs keep up with the code: settings, commands, error codes, exit codes."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mopidy_vozduxan import Extension, exceptions
from mopidy_vozduxan.cli import failures
from mopidy_vozduxan.cli.parser import parser, verbs_of
from mopidy_vozduxan.commands.library_commands import LIBRARY_COMMANDS
from mopidy_vozduxan.commands.streaming_commands import COMMANDS
from mopidy_vozduxan.exceptions import VozduxanError

CLONE = Path(__file__).parent.parent
REPOSITORY = "https://github.com/mopidy-vozduxan/mopidy-vozduxan"
IMAGES = REPOSITORY.replace("github.com", "raw.githubusercontent.com")


def page(name: str) -> str:
    return (CLONE / "docs" / f"{name}.rst").read_text("utf-8")


def defaults() -> dict[str, str]:
    config = configparser.RawConfigParser()
    config.read_string(Extension().get_default_config())
    return dict(config["vozduxan"])


@pytest.mark.parametrize("key", Extension().get_config_schema())
def test_the_configuration_page_has_every_key_with_its_default(key):
    default = defaults()[key]
    shown = f"``{default}``" if default else "none"
    heading = f"``vozduxan/{key}`` (default: {shown})\n    "
    assert page("configuration").count(heading) == 1


@pytest.mark.parametrize(
    ("key", "low", "high"),
    [
        (key, kind._minimum, kind._maximum)
        for key, kind in Extension().get_config_schema().items()
        if getattr(kind, "_minimum", None) is not None
    ],
)
def test_the_configuration_page_and_the_defaults_say_what_is_allowed(key, low, high):
    entry = page("configuration").partition(f"``vozduxan/{key}``")[2].partition("``")[2]
    entry = entry.partition("``vozduxan/")[0].replace("\n", " ")
    comment = Extension().get_default_config().partition(f"\n{key} =")[0]
    comment = comment.rpartition("\n")[2]
    for text, allowed in [
        (re.sub(" +", " ", entry), (f"{low} to {high}", "0, 1 or 2")),
        (comment, (f"({low}-{high})", "0, 1 or 2")),
    ]:
        assert any(words in text for words in allowed)


@pytest.mark.parametrize("command", [*COMMANDS, *LIBRARY_COMMANDS])
def test_the_api_page_has_every_command(command):
    assert f"``{command}``" in page("http-api")


def errors() -> Iterator[type[VozduxanError]]:
    for error in vars(exceptions).values():
        if isinstance(error, type) and issubclass(error, VozduxanError):
            yield error


# A picture that is not there is a 404 of the picture's URL, and no command's.
NOT_OF_COMMANDS = {"NO_SUCH_PICTURE"}


@pytest.mark.parametrize("code", sorted({e.code for e in errors()} - NOT_OF_COMMANDS))
def test_the_api_page_has_every_error_code_with_its_status(code):
    row = re.search(rf"(?m)^``{code}`` +(\d+) ", page("http-api"))
    assert row
    assert int(row[1]) in {error.status for error in errors() if error.code == code}


@pytest.mark.parametrize("verb", verbs_of(parser()))
def test_the_command_line_page_has_every_verb(verb):
    assert re.search(rf"(?m)^{verb}\n=+$", page("command-line"))


@pytest.mark.parametrize(
    "code",
    {*failures.EXIT_CODES.values(), 0, failures.FAILED, failures.INTERRUPTED},
)
def test_the_command_line_page_has_every_exit_code(code):
    assert re.search(rf"(?m)^{code} +[a-z]", page("command-line"))


@pytest.mark.parametrize("path", sorted((CLONE / "docs").glob("*.rst")), ids=str)
def test_every_page_is_in_the_index(path):
    assert path.stem == "index" or f"\n   {path.stem}\n" in page("index")


def readme_links() -> set[str]:
    text = (CLONE / "README.rst").read_text("utf-8")
    return set(re.findall(r"https?://[^\s>]+", text))


def test_the_readme_links_only_to_files_that_exist():
    for link in readme_links():
        if link.startswith((f"{REPOSITORY}/blob/main/", f"{IMAGES}/main/")):
            assert (CLONE / link.partition("/main/")[2]).is_file(), link
        else:
            assert link in (f"{REPOSITORY}.git", "https://mopidy.com/")


def test_the_readme_is_short_and_has_no_relative_links():
    text = (CLONE / "README.rst").read_text("utf-8")
    assert len(text.splitlines()) < 150
    assert not re.search(r"<(?!https?:)[^>]*>`_|:doc:|image:: (?!https:)", text)
