"""How `plg watch` hears from `plg connect`."""

from pathlib import Path

from plg.cli.invocation import GlobalFlags, Invocation
from plg.cli.watch_tunnel import LocalTunnel, read_refusal
from plg.cli.watching import Refused


def tunnel_at(home: Path, *options: str) -> LocalTunnel:
    environ = {"PLG_CONFIG_DIR": str(home), "PLG_RUNTIME_DIR": str(home / "run"), "HOME": str(home), "PATH": "/usr/bin"}
    return LocalTunnel(Invocation(GlobalFlags(), environ), options)


def test_the_error_of_a_command_is_found_among_its_remarks() -> None:
    said = (
        b'{"schema":"plg.event/1","event":"plain_http","at":"","detail":{}}\nnoise\n'
        b'{"schema":"plg.error/1","error":{"code":"direct_is_better","message":"direct","exit_code":14,"next_step":null}}\n'
    )
    assert read_refusal(14, said) == Refused(14, "direct_is_better", "direct", None)
    assert read_refusal(1, b"\xff broke") == Refused(1, "failed", "\ufffd broke")
    assert read_refusal(1, b"[" * 5000).code == "failed"


def test_a_command_that_is_refused_says_why(tmp_path: Path) -> None:
    refused = tunnel_at(tmp_path, "--capture", "nonsense").connect("openarena")
    assert isinstance(refused, Refused)
    assert refused.exit_code == 2
    assert "nonsense" in refused.message


def test_without_a_tunnel_there_is_no_status_and_nothing_to_leave(tmp_path: Path) -> None:
    tunnel = tunnel_at(tmp_path)
    assert tunnel.status() is None
    assert tunnel.leave()
    assert tunnel.leave_unless_live()
    assert not tunnel.broke_off()
