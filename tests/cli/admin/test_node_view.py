"""Relays as an operator sees them."""

from pathlib import Path

import msgspec
import pytest

from plg.cli.admin.node_view import show_act, show_node, show_nodes
from plg.contract.admin_nodes import AdminNode, AdminNodePage, NodeAct, RunningSession
from support.inside import invocation_at

SILENT = AdminNode(
    id="0123456789abcdef", relay_id=7, name="Oslo \u202e1", state="silent", country="", city="", region="", priority_ms=0,
    host="oslo.example.org", port=443, control_url=None, version="", load_percent=None, sessions=None, max_sessions=100,
    running_sessions=2, loop_lag_ms=None, masks=None, heard_seconds_ago=None, created_at="2026-01-01T00:00:00Z",
    disabled_at=None, drained_at=None, deleted_at=None,
)  # fmt: skip


def test_what_is_not_known_is_a_dash_and_names_cannot_turn_a_line_around(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = invocation_at(tmp_path)
    show_nodes(run, AdminNodePage(nodes=[SILENT], total=1, limit=50, offset=0))
    show_node(run, SILENT)
    out = capsys.readouterr().out
    assert "2/100" in out
    assert "\u202e" not in out
    assert out.count("silent") == 2
    show_nodes(run, AdminNodePage(nodes=[], total=0, limit=50, offset=0))
    assert "No relay fits." in capsys.readouterr().err


def test_an_act_names_the_sessions_and_says_what_the_relay_did_not_hear(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = RunningSession(session_id="s1", account_id="a1", game="cs2", started_at="2026-01-01T00:00:00Z")
    act = NodeAct(
        node=SILENT, dry_run=False, changed=True, told=False, control_failure="it is away", running=[session], running_total=3
    )  # fmt: skip
    show_act(invocation_at(tmp_path), "drain", act)
    said = capsys.readouterr()
    assert "s1" in said.out
    assert "and 2 more sessions" in said.err
    assert "it is away" in said.err
    show_act(invocation_at(tmp_path), "enable", msgspec.structs.replace(act, changed=False, control_failure=None))
    assert "Nothing changes" in capsys.readouterr().out
