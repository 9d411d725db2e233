"""`plg connect --metrics`: where figures are served. A whole connection with it: tests/cli/test_connect.py."""

import errno
import json
import socket
import urllib.request
from pathlib import Path

import pytest

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.metrics_option import read_metrics, serving
from plg.cli.tunnel_view import TunnelView
from plg.tunnel.grants import HostPort
from support.inside import Inside, invocation_at
from support.talking_tunnel import TalkingTunnel


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("9464", HostPort("127.0.0.1", 9464)),
        ("0", HostPort("127.0.0.1", 0)),
        ("localhost:1", HostPort("127.0.0.1", 1)),
        ("0.0.0.0:9464", HostPort("0.0.0.0", 9464)),
        ("[::1]:9464", HostPort("::1", 9464)),
    ],
)
def test_a_port_alone_is_on_this_machine_alone(text: str, place: HostPort) -> None:
    assert read_metrics(text) == place


@pytest.mark.parametrize(
    "text", ["", "x", "65536", "-1", ":9464", "host.example:9464", "1.2.3:9464", "[1.2.3.4.5]:1", "::1:9464", "9464/"]
)
def test_what_is_no_place_is_refused(plg: Inside, text: str) -> None:
    with pytest.raises(CliError) as caught:
        read_metrics(text)
    assert caught.value.exit_code is ExitCode.USAGE
    assert plg("connect", "openarena", f"--metrics={text}").code == 2


async def test_figures_are_served_inside_the_block_and_the_address_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import asyncio

    view = TunnelView(invocation_at(tmp_path, as_json=True))
    async with serving(view, TalkingTunnel(0), HostPort("127.0.0.1", 0)):  # type: ignore[arg-type]  # only its status is asked
        event = json.loads(capsys.readouterr().out)
        assert event["event"] == "metrics_served"
        url = event["detail"]["url"]
        answer = await asyncio.to_thread(urllib.request.urlopen, url)
        with answer:
            assert b'plg_client_state{state="connected"} 1.0' in answer.read()
    with pytest.raises(OSError, match="refused"):
        await asyncio.to_thread(urllib.request.urlopen, url)


async def test_an_address_that_others_reach_is_said_to_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    view = TunnelView(invocation_at(tmp_path))
    async with serving(view, TalkingTunnel(0), HostPort("0.0.0.0", 0)):  # type: ignore[arg-type]  # as above
        assert "Everybody who reaches 0.0.0.0:" in capsys.readouterr().err


async def test_a_taken_port_ends_it_before_anything_is_touched(tmp_path: Path) -> None:
    view = TunnelView(invocation_at(tmp_path))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        place = HostPort("127.0.0.1", taken.getsockname()[1])
        with pytest.raises(CliError) as caught:
            async with serving(view, TalkingTunnel(0), place):  # type: ignore[arg-type]  # as above
                raise AssertionError(errno.EADDRINUSE)
    assert (caught.value.exit_code, caught.value.code) == (ExitCode.PORT_TAKEN, "port_taken")


async def test_without_the_option_nothing_is_served(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with serving(TunnelView(invocation_at(tmp_path)), TalkingTunnel(0), None):  # type: ignore[arg-type]  # as above
        pass
    assert capsys.readouterr() == ("", "")
