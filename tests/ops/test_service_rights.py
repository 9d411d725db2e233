"""A relay with exactly the rights that its unit gives it: port 443 and nothing else."""

import base64
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from plg.cli.exit_codes import ExitCode
from plg.contract.relay_control import TicketKey
from plg_relay.identity import RelayIdentity, save_identity
from support.requirements import require_binary, require_root

CAP_NET_BIND_SERVICE = 1 << 10
START_TIMEOUT_S = 60.0

FORBID_WRITABLE_CODE = """
import ctypes, os, sys
PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1  # what MemoryDenyWriteExecute=yes asks the kernel for; older ones lack it
ctypes.CDLL(None).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)
os.execv(sys.executable, [sys.executable, "-m", "plg", "relay", "run", *sys.argv[1:]])
"""

Start = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Starts a relay on UDP 443 in a network of its own, with these capabilities as the most it can ever have."""
    require_root()
    key = TicketKey(key_id=1, key=base64.b64encode(bytes(32)).decode())
    identity = RelayIdentity(
        server="http://127.0.0.1:9",  # nobody answers there, which a relay bears
        node_id="rights",
        relay_id=1,
        relay_key="r" * 32,
        control_key="c" * 32,
        ticket_keys=[key],
        public_host="127.0.0.1",
        public_port=443,
    )
    save_identity(tmp_path, identity)

    def run(capabilities: str) -> subprocess.Popen[str]:
        rights: list[str | Path] = [
            require_binary("setpriv"),
            f"--bounding-set={capabilities}",
            "--inh-caps=-all",
            "--no-new-privs",
        ]
        options: list[str | Path] = ["--data-dir", tmp_path, "--host", "127.0.0.1", "--port", "443", "--allow-private"]
        command = [*rights, sys.executable, "-c", FORBID_WRITABLE_CODE, *options, "--port-file", tmp_path / "port"]
        inside: list[str | Path] = ["sh", "-c", 'ip link set lo up && exec "$@"', "sh", *command]
        return subprocess.Popen([require_binary("unshare"), "--net", *inside], stderr=subprocess.PIPE, text=True)

    return run


def test_the_relay_serves_port_443_with_its_one_capability(start: Start, tmp_path: Path) -> None:
    with start("-all,+net_bind_service") as relay:
        try:
            deadline = time.monotonic() + START_TIMEOUT_S
            while not (tmp_path / "port").exists():
                assert relay.poll() is None, relay.communicate()[1]
                assert time.monotonic() < deadline
                time.sleep(0.1)
            status = Path(f"/proc/{relay.pid}/status").read_text(encoding="ascii")
            assert (tmp_path / "port").read_text(encoding="ascii").strip() == "443"
            assert f"CapEff:\t{CAP_NET_BIND_SERVICE:016x}\n" in status
            assert "NoNewPrivs:\t1\n" in status
        finally:
            relay.kill()


def test_without_it_the_relay_says_which_right_is_missing(start: Start) -> None:
    with start("-all") as relay:
        _, said = relay.communicate(timeout=START_TIMEOUT_S)
    assert relay.returncode == ExitCode.NEEDS_PRIVILEGES
    assert "CAP_NET_BIND_SERVICE" in said
