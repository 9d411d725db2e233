"""Hooks of config.toml around a tunnel."""

import json
import os
from pathlib import Path

import pytest

from plg.cli.hook_wiring import hook_targets, open_hooks
from plg.cli.invocation import GlobalFlags, Invocation
from plg.tunnel.tunnel_event import Happening, TunnelEvent


def run_at(home: Path) -> Invocation:
    return Invocation(GlobalFlags(), {**os.environ, "PLG_CONFIG_DIR": str(home)})


def test_without_hooks_no_process_is_started(tmp_path: Path) -> None:
    assert open_hooks(run_at(tmp_path), "openarena") is None


def test_hooks_of_a_tunnel_are_run_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    came = tmp_path / "came"
    program = ["/bin/sh", "-c", f"cat >> {came}"]
    (tmp_path / "config.toml").write_text(
        f"[hooks]\non_connect = {json.dumps(program)}\non_disconnect = {json.dumps(program)}\n"
    )
    hooks = open_hooks(run_at(tmp_path), "openarena")
    assert hooks is not None
    hooks.happened(TunnelEvent(Happening.CONNECTED, {"relay": "r1"}))
    hooks._process.poll()
    hooks.finish()
    hooks._process.returncode = None
    hooks._process.wait(30)
    events = [json.loads(line) for line in came.read_text().splitlines()]
    assert sorted(event["event"] for event in events) == ["connected", "disconnected"]
    assert {event["detail"]["game"] for event in events} == {"openarena"}


def test_hooks_that_cannot_be_started_are_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.toml").write_text('[hooks]\non_connect = "https://hooks.example.org/x"\n')
    run = run_at(tmp_path)
    assert hook_targets(run) == {"on_connect": "https://hooks.example.org/x"}
    monkeypatch.setattr("plg.cli.hook_wiring.plg_command", lambda: ["/no/such/program"])
    assert open_hooks(run, "openarena") is None
    assert "cannot be started" in capsys.readouterr().err
