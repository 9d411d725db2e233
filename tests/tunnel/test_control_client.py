"""Asking when nobody is there, or nothing sensible. (Conversations with a real door: test_control_socket.)"""

import os
import socket
from pathlib import Path

import pytest

from plg.tunnel.control_client import NoTunnel, TunnelSilent, ask_once, ask_tunnel
from plg.tunnel.control_protocol import ControlRequest
from plg.tunnel.runtime_place import RuntimePlace

STATUS = ControlRequest(ask="status")


def test_without_a_socket_no_tunnel_runs(tmp_path: Path) -> None:
    with pytest.raises(NoTunnel):
        ask_once(RuntimePlace(tmp_path, os.geteuid()), STATUS)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"port":0,"token":"x"}', b'{"port":99999,"token":"x"}', b"\xff"])
def test_a_damaged_port_file_means_that_no_tunnel_runs(tmp_path: Path, content: bytes) -> None:
    place = RuntimePlace(tmp_path, os.geteuid())
    place.control_port_file.write_bytes(content)
    with pytest.raises(NoTunnel):
        ask_once(place, STATUS)


def test_a_port_that_nobody_listens_on_means_that_no_tunnel_runs(tmp_path: Path) -> None:
    place = RuntimePlace(tmp_path, os.geteuid())
    with socket.socket() as closed_soon:
        closed_soon.bind(("127.0.0.1", 0))
        port = closed_soon.getsockname()[1]
    place.control_port_file.write_text(f'{{"port":{port},"token":"x"}}')
    with pytest.raises(NoTunnel):
        ask_once(place, STATUS)


def test_a_door_that_never_answers_is_said_to_be_silent(tmp_path: Path) -> None:
    place = RuntimePlace(tmp_path, os.geteuid())
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(place.control_socket))
        mute.listen()
        with pytest.raises(TunnelSilent):
            list(ask_tunnel(place, STATUS, timeout_s=0.1))
