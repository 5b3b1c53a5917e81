"""The package as Mopidy and its owner meet it: settings, self-check, commands."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from mopidy.exceptions import ExtensionError

import mopidy_vozduxan
from mopidy_vozduxan.engine import check
from mopidy_vozduxan.exceptions import EngineUnavailable
from mopidy_vozduxan.sizes import parse_size

BROKEN = "raise ImportError('no libtorrent here')"
TOO_OLD = "__version__ = '1.2.19.0'"
RANGES = {
    "lookup_timeout": (0, 30),
    "metadata_timeout": (1, 3600),
    "stall_timeout": (5, 3600),
    "fast_start_timeout": (1, 60),
    "prefetch_tracks": (0, 2),
    "readahead": (5, 600),
    "queue_heads_max_size": (0, 10_000),
    "connections_limit": (2, 65_535),
    "torrent_connections_limit": (2, 65_535),
    "upload_slots": (1, 1000),
}


@pytest.fixture
def extension() -> mopidy_vozduxan.Extension:
    return mopidy_vozduxan.Extension()


def default_config(extension: mopidy_vozduxan.Extension) -> dict[str, str]:
    parser = configparser.RawConfigParser(inline_comment_prefixes=(";",))
    parser.read_string(extension.get_default_config())
    assert parser.sections() == ["vozduxan"]
    return dict(parser["vozduxan"])


def read(extension: mopidy_vozduxan.Extension, **values: str) -> tuple[Any, Any]:
    """The settings and the errors Mopidy makes of the defaults with our values."""
    settings = default_config(extension) | values
    result, errors = extension.get_config_schema().deserialize(settings)
    return result, errors


def test_the_defaults_and_the_schema_have_the_same_keys(extension):
    assert set(default_config(extension)) == set(extension.get_config_schema())


def test_every_default_has_its_comment(extension):
    lines = extension.get_default_config().splitlines()[1:]
    assert all(line.startswith("# ") for line in lines[::2])
    assert [line.split(" =")[0] for line in lines[1::2]] == list(
        default_config(extension)
    )


def test_the_defaults_are_valid(extension):
    settings, errors = read(extension)
    assert errors == {}
    assert settings == {
        "enabled": True,
        "torrent_dirs": (),
        "data_dirs": (),
        "keep": (),
        "cache_dir": None,
        "lookup_timeout": 3,
        "metadata_timeout": 60,
        "stall_timeout": 20,
        "fast_start_timeout": 8,
        "prefetch_tracks": 2,
        "readahead": 60,
        "queue_heads_max_size": 64,
        "cache_max_size": None,
        "min_free_space": None,
        "cache_ttl": None,
        "scan_tags": "all",
        "interface": None,
        "listen_interfaces": "0.0.0.0:6881,[::]:6881",
        "download_limit": 0,
        "upload_limit": 0,
        "connections_limit": 200,
        "torrent_connections_limit": 100,
        "upload_slots": 8,
        "trackers": (),
        "proxy": None,
        "encryption": "allowed",
        "anonymous_mode": False,
        "dht": True,
        "lsd": True,
        "upnp": True,
        "natpmp": True,
    }


def test_folders_are_a_list_of_paths(extension):
    settings, errors = read(extension, torrent_dirs="/srv/a b\n~/torrents")
    assert errors == {}
    home = os.path.expanduser("~/torrents")
    assert [str(folder) for folder in settings["torrent_dirs"]] == ["/srv/a b", home]


@pytest.mark.parametrize(("key", "bounds"), RANGES.items())
def test_the_ends_of_a_range_are_accepted(extension, key, bounds):
    for number in bounds:
        settings, errors = read(extension, **{key: str(number)})
        assert (settings[key], errors) == (number, {})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((key, str(low - 1)) for key, (low, _) in RANGES.items()),
        *((key, str(high + 1)) for key, (_, high) in RANGES.items()),
        *((key, nonsense) for key in RANGES for nonsense in ("", "soon", "2.5")),
        ("scan_tags", "sometimes"),
        ("encryption", "maybe"),
        *(
            ("proxy", nonsense)
            for nonsense in ("p.example:1080", "socks4://p", "socks5://", "none")
        ),
        *(
            ("trackers", nonsense)
            for nonsense in ("example.org", "ftp://a/b", "trackers.txt", "http://")
        ),
        *((key, "500") for key in ("download_limit", "upload_limit")),
        *((key, "perhaps") for key in ("enabled", "dht", "lsd", "upnp", "natpmp")),
    ],
)
def test_nonsense_is_an_error_of_its_key_alone(extension, key, value):
    _, errors = read(extension, **{key: value})
    assert list(errors) == [key]


@pytest.mark.parametrize("key", ["cache_max_size", "min_free_space"])
@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("10GB", 10**10),
        ("500MiB", 500 * 2**20),
        ("1.5 gb", 1_500_000_000),
        ("6400kB", 6_400_000),
        ("2T", 2 * 10**12),
        ("0", 0),
        ("1234567", 1_234_567),
    ],
)
def test_sizes_are_written_as_people_do(extension, key, value, size):
    settings, errors = read(extension, **{key: value})
    assert (settings[key], errors) == (value, {})
    assert parse_size(settings[key]) == size


@pytest.mark.parametrize("key", ["cache_max_size", "min_free_space"])
@pytest.mark.parametrize(
    "value", ["much", "-1GB", "10 GB or so", "GB", "1iB", "10GG", "1,5GB", "٣GB", "1e9"]
)
def test_nonsense_for_a_size_is_refused_with_a_sentence(extension, key, value):
    _, errors = read(extension, **{key: value})
    assert list(errors) == [key]
    assert errors[key].endswith(" is no size; write for example 10GB, 500MiB or 0.")


@pytest.mark.parametrize("key", ["cache_max_size", "min_free_space"])
@pytest.mark.parametrize("value", ["10", "0.4", "64kB", "0.0001MB"])
def test_a_size_without_its_unit_is_taken_for_an_oversight(extension, key, value):
    _, errors = read(extension, **{key: value})
    assert errors == {key: f"'{value}' is less than 1 MB; write for example 10GB."}
    assert read(extension, **{key: "0"})[1] == read(extension, **{key: "0 GB"})[1] == {}


@pytest.mark.parametrize("key", ["cache_dir", "data_dirs", "torrent_dirs"])
@pytest.mark.parametrize("value", ["$XDG_RUNTIME_DIR/x", "~nobody-at-all/x"])
def test_a_folder_that_leads_nowhere_is_refused_with_a_sentence(extension, key, value):
    """It would be ignored: the SD card instead of memory. Or Mopidy would not start."""
    _, errors = read(extension, **{key: value})
    assert list(errors) == [key]
    assert value in errors[key]
    assert errors[key].endswith("; write a path.")


def test_a_folder_may_be_at_home_or_nowhere(extension):
    settings, errors = read(extension, cache_dir="~/x", data_dirs="$XDG_DATA_DIR/y")
    assert errors == {}
    assert settings["cache_dir"] == str(Path("~/x").expanduser())
    assert read(extension, cache_dir=" ")[0]["cache_dir"] is None


@pytest.mark.parametrize("value", ["soon", "2.5", "7d", "-1", "36501"])
def test_nonsense_for_days_is_refused(extension, value):
    _, errors = read(extension, cache_ttl=value)
    assert list(errors) == ["cache_ttl"]


@pytest.mark.parametrize(("value", "days"), [("30", 30), ("0", 0), ("", None)])
def test_days_are_a_number_or_nothing(extension, value, days):
    settings, errors = read(extension, cache_ttl=value)
    assert (settings["cache_ttl"], errors) == (days, {})


@pytest.mark.parametrize(
    "value",
    ["127.0.0.1:0", "[::1]:6881", "tun0:6881", "10.8.0.2:6881, [fe80::1%eth0]:7000s"],
)
def test_interfaces_to_listen_on_are_taken_as_they_are(extension, value):
    settings, errors = read(extension, listen_interfaces=value)
    assert (settings["listen_interfaces"], errors) == (value, {})


@pytest.mark.parametrize(
    "value",
    [
        "",
        "6881",
        "0.0.0.0",
        "::1:6881",
        "[::1]",
        "[::g]:6881",
        "10.8.0.256:6881",
        "10.8.0:6881",
        "eth0:ssh",
        "eth0:65536",
        "a-very-long-device:6881",
        "eth0 or so:6881",
        ",",
        "0.0.0.0:6881,vpn0:6881",
        "[::]:6881,10.8.0.2:6881",
    ],
)
def test_interfaces_nobody_can_listen_on_are_an_error(extension, value):
    _, errors = read(extension, listen_interfaces=value)
    assert list(errors) == ["listen_interfaces"]


@pytest.mark.parametrize("value", ["tun0", "10.8.0.2", "fd00::2", "fe80::1%eth0"])
def test_traffic_is_bound_to_a_device_or_an_address(extension, value):
    settings, errors = read(extension, interface=value)
    assert (settings["interface"], errors) == (value, {})


@pytest.mark.parametrize(
    "value", ["0.0.0.0", "::", "10.8.0.256", "tun0:6881", "tun0,tun1", "eth0 or so"]
)
def test_what_is_neither_a_device_nor_an_address_is_an_error(extension, value):
    _, errors = read(extension, interface=value)
    assert list(errors) == ["interface"]


def test_what_to_keep_is_a_list_of_names_and_uris(extension):
    named = (
        "Artist, The - Album",
        f"vozduxan:track:{'ab' * 20}:3",
        "abcd",
        "magnet:?x",
    )
    settings, errors = read(extension, keep="\n" + "\n".join(named))
    assert (settings["keep"], errors) == (named, {})


@pytest.mark.parametrize(
    "value", ["vozduxan:album:xyz", "vozduxan:directory:root", "vozduxan:artist:Her"]
)
def test_a_uri_that_cannot_be_kept_is_an_error(extension, value):
    _, errors = read(extension, keep=f"abcd,{value}")
    assert list(errors) == ["keep"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, "127.0.0.1"),
        ({"no_proxy": "example.org"}, "example.org,127.0.0.1"),
        ({"NO_PROXY": "example.org"}, "example.org,127.0.0.1"),
        ({"no_proxy": "a", "NO_PROXY": "b, a"}, "a,b,127.0.0.1"),
        ({"no_proxy": "127.0.0.1,a"}, "127.0.0.1,a"),
        ({"no_proxy": "*"}, "*"),
    ],
)
def test_loopback_bypasses_the_proxy(monkeypatch, before, after):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, before.get(name, ""))
    mopidy_vozduxan.bypass_proxy_for_loopback()
    assert (os.environ["no_proxy"], os.environ["NO_PROXY"]) == (after, after)


def test_setup_registers_backend_frontend_and_web_application(extension, monkeypatch):
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")
    registry = Registry()
    extension.setup(registry)
    kinds = [kind for kind, _ in registry.entries]
    assert sorted(kinds) == ["backend", "frontend", "http:app"]
    assert dict(registry.entries)["http:app"]["name"] == "vozduxan"
    assert os.environ["no_proxy"] == "127.0.0.1"


def test_mopidy_may_ask_for_the_web_application_before_there_is_a_backend(extension):
    registry = Registry()
    extension.setup(registry)
    routes = dict(registry.entries)["http:app"]["factory"]({}, None)
    assert any(path == r"/api/(.*)" for path, *_ in routes)


class Registry:
    def __init__(self) -> None:
        self.entries: list[tuple[str, Any]] = []

    def add(self, kind: str, entry: Any) -> None:
        self.entries.append((kind, entry))


@pytest.mark.parametrize("version", ["2.0.8", "2.0.8.0", "2.1.1.0", "2.1.0rc1", "10.0"])
def test_libtorrent_from_2_0_8_on_is_accepted(monkeypatch, version):
    fake = types.SimpleNamespace(__version__=version)
    monkeypatch.setitem(sys.modules, "libtorrent", fake)
    check.check_libtorrent()


@pytest.mark.parametrize("version", ["2.0.7.0", "1.2.19.0", "2.0"])
def test_an_older_libtorrent_is_refused(monkeypatch, version):
    fake = types.SimpleNamespace(__version__=version)
    monkeypatch.setitem(sys.modules, "libtorrent", fake)
    with pytest.raises(EngineUnavailable, match=rf"libtorrent {version} is too old"):
        check.check_libtorrent()


def run_mopidy(
    folder: Path, command: str, libtorrent: str | None = None, **settings: str
) -> str:
    """What a real ``mopidy COMMAND`` prints, with verbose logging.

    The process has its own home. ``libtorrent`` is the source text of a module
    that takes libtorrent's place. Mopidy 4 is no module that ``-m`` can run,
    and it wraps its log to the width of the terminal.
    """
    lines = [f"{key} = {value}" for key, value in settings.items()]
    (folder / "mopidy.conf").write_text("\n".join(["[vozduxan]", *lines, ""]))
    environment = os.environ | {"HOME": str(folder), "PYTHONPATH": str(folder)}
    environment["COLUMNS"] = "500"
    for name in ("CONFIG", "CACHE", "DATA"):
        environment[f"XDG_{name}_HOME"] = str(folder / name.lower())
    if libtorrent is not None:
        (folder / "libtorrent.py").write_text(libtorrent)
    mopidy = Path(sys.executable).with_name("mopidy")
    result = subprocess.run(
        [mopidy, "-v", "--config", folder / "mopidy.conf", command],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return result.stdout


def shown_section(output: str) -> list[str]:
    """The lines of ``mopidy config`` about us."""
    return output.partition("\n[vozduxan]\n")[2].partition("\n[")[0].splitlines()


def test_mopidy_config_shows_every_setting(extension, tmp_path):
    section = shown_section(run_mopidy(tmp_path, "config", torrent_dirs="/srv/music"))
    shown = [line.split(" =")[0] for line in section if " =" in line]
    assert sorted(shown) == sorted(extension.get_config_schema())
    assert "  /srv/music" in section


def test_mopidy_deps_shows_the_extension_and_its_libtorrent(tmp_path):
    output = run_mopidy(tmp_path, "deps").lower()
    requirements = output.partition("mopidy-vozduxan: ")[2]
    assert requirements.startswith(mopidy_vozduxan.__version__)
    assert "libtorrent: 2." in requirements


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("stall_timeout", "4", "4 must be larger than 5."),
        ("listen_interfaces", "6881", "Must be address:port, not '6881'"),
        (
            "listen_interfaces",
            "vpn0:1, 0.0.0.0:1",
            "Must not have 0.0.0.0:1 beside vpn0:1: "
            "the one allows any route, the other binds all traffic",
        ),
        (
            "listen_interfaces",
            "10.8.0.256:1",
            "Must name an address or a device, not '10.8.0.256'",
        ),
    ],
)
def test_nonsense_is_mopidys_own_config_error(tmp_path, key, value, sentence):
    output = run_mopidy(tmp_path, "config", **{key: value})
    assert f"{key} =   ; {sentence}" in shown_section(output)
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("libtorrent", "sentence"),
    [
        (BROKEN, "libtorrent cannot be imported (no libtorrent here); install "),
        (TOO_OLD, "libtorrent 1.2.19.0 is too old, 2.0.8 or later is needed; install "),
    ],
)
def test_an_unusable_libtorrent_is_one_sentence(tmp_path, libtorrent, sentence):
    output = run_mopidy(tmp_path, "config", libtorrent)
    assert output.count(sentence) == 1
    assert "Traceback" not in output


def test_a_missing_pillow_is_one_sentence(extension, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ExtensionError, match=r"Pillow is missing; install .*\.$"):
        extension.validate_environment()
