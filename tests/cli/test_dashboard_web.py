"""`plg dashboard --web` on the command line; the browser's side is tested with the dashboard."""

import socket
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from plg.cli.cli_error import CliError
from plg.cli.dashboard_web import serve_dashboard
from plg.cli.exit_codes import ExitCode
from support.inside import Inside, invocation_at


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_an_address_that_others_could_reach_is_refused(plg: Inside, host: str) -> None:
    done = plg("dashboard", "--web", "--host", host)
    assert (done.code, done.out) == (ExitCode.USAGE, "")
    assert f"'{host}' is no loopback address" in done.err


def test_a_port_that_is_taken_is_named(plg: Inside) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = plg("dashboard", "--web", "--port", str(taken.getsockname()[1]))
    assert (done.code, done.out) == (ExitCode.FAILURE, "")
    assert "cannot listen on 127.0.0.1" in done.err


def test_a_missing_library_is_named_with_what_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def find(name: str) -> ModuleSpec | None:
        return None if name == "textual_serve" else ModuleSpec(name, None)

    monkeypatch.setattr("importlib.util.find_spec", find)
    with pytest.raises(CliError) as missing:
        serve_dashboard(invocation_at(tmp_path), None, "127.0.0.1", 0)
    assert "textual_serve" in missing.value.message
    assert missing.value.next_step is not None
    assert "'.[web]'" in missing.value.next_step
