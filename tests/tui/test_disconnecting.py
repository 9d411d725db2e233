"""Ending the tunnel from the dashboard, beside a real control socket."""

import os
from pathlib import Path

import pytest

from plg.tunnel.control_client import NoTunnel
from plg.tunnel.control_protocol import StopMode
from plg.tunnel.runtime_place import RuntimePlace
from plg_tui.disconnecting import Ended, MatchLive, WaitsForMatch, end_tunnel
from support.talking_tunnel import talking_tunnel


def test_a_tunnel_without_a_match_ends(tmp_path: Path) -> None:
    with talking_tunnel(tmp_path) as tunnel:
        assert end_tunnel(RuntimePlace(tmp_path, os.geteuid()), StopMode.ASK) == Ended()
        assert tunnel.stopped.is_set()


def test_a_live_match_is_not_broken_by_asking(tmp_path: Path) -> None:
    with talking_tunnel(tmp_path, live=2) as tunnel:
        assert end_tunnel(RuntimePlace(tmp_path, os.geteuid()), StopMode.ASK) == MatchLive(2)
        assert not tunnel.stopped.is_set()
        assert end_tunnel(RuntimePlace(tmp_path, os.geteuid()), StopMode.WAIT) == WaitsForMatch()


def test_without_a_tunnel_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoTunnel):
        end_tunnel(RuntimePlace(tmp_path, os.geteuid()), StopMode.NOW)
