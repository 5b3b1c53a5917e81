"""How libtorrent is set up."""

from __future__ import annotations

import libtorrent as lt

from mopidy_vozduxan.engine import settings
from mopidy_vozduxan.engine.settings import (
    MIB,
    PROFILE,
    settings_for,
    settings_from,
    unknown_settings,
)


def test_the_installed_libtorrent_takes_every_setting() -> None:
    params = lt.session_params()
    params.settings = settings_for({})
    taken = params.settings
    for name, value in settings_for({}).items():
        if name != "alert_mask":
            assert taken[name] == value, name


def test_only_settings_of_newer_versions_are_left_out(monkeypatch) -> None:
    monkeypatch.setattr(settings, "_largest_receive_buffer", lambda: MIB)
    allowed = {"webtorrent_stun_server", "max_webtorrent_offers"}
    assert set(PROFILE) - set(settings_for({})) <= allowed


def test_a_kernel_of_small_receive_buffers_finds_their_size_itself(monkeypatch) -> None:
    assert settings_for({})["max_queued_disk_bytes"] == MIB
    monkeypatch.setattr(settings, "_largest_receive_buffer", lambda: MIB - 1)
    assert "recv_socket_buffer_size" not in settings_for({})


def test_a_setting_without_default_is_known() -> None:
    names = ["proxy_hostname", "outgoing_interfaces", "no_such_setting"]
    assert unknown_settings(names) == ["no_such_setting"]


def test_overrides_win_and_unknown_ones_are_dropped() -> None:
    made = settings_for({"connections_limit": 7, "no_such_setting": 1})
    assert made["connections_limit"] == 7
    assert "no_such_setting" not in made


def test_our_config_keys_become_libtorrent_names() -> None:
    config = {"listen_interfaces": "127.0.0.1:0", "dht": False, "lsd": None, "x": 1}
    assert settings_from(config) == {
        "listen_interfaces": "127.0.0.1:0",
        "enable_dht": False,
    }


def test_libtorrent_listens_where_everything_is_bound_to() -> None:
    config = {"interface": "vpn0", "listen_interfaces": "0.0.0.0:6881,[::]:6881"}
    assert settings_from(config) == {"listen_interfaces": "vpn0:6881"}


def test_finished_swarms_keep_their_peers() -> None:
    assert settings_for({})["close_redundant_connections"] is False
