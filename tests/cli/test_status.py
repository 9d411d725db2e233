"""`plg status`."""

import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest

from plg.contract.cli_output import StatusDocument
from plg.tunnel.control_protocol import StopMode
from support.inside import Inside
from support.talking_tunnel import STATUS, talking_tunnel


def test_without_a_tunnel_it_says_so_and_exits_with_3(plg: Inside, tmp_path: Path) -> None:
    done = plg("status", PLG_RUNTIME_DIR=str(tmp_path))
    assert (done.code, done.out) == (3, "off: no tunnel is running\n")
    done = plg("status", "--json", PLG_RUNTIME_DIR=str(tmp_path))
    assert (done.code, done.document()["state"]) == (3, "off")


def test_the_page_shows_numbers_and_every_flow_with_its_way(plg: Inside, tmp_path: Path) -> None:
    with talking_tunnel(tmp_path / "run"):
        done = plg("status", PLG_RUNTIME_DIR=str(tmp_path / "run"))
    assert done.code == 0
    assert "connected | lab-game | relay Lab One | ping 20.0 ms (12.0 to relay)" in done.out
    assert "50001 -> 198.20.9.9:27015  straight: was alive before plg connect" in done.out


def test_the_document_is_the_tunnels_own(plg: Inside, tmp_path: Path) -> None:
    with talking_tunnel(tmp_path / "run"):
        done = plg("status", "--json", PLG_RUNTIME_DIR=str(tmp_path / "run"))
    assert msgspec.json.decode(done.out, type=StatusDocument) == STATUS


def test_watch_goes_on_until_the_tunnel_ends(plg: Inside, tmp_path: Path) -> None:
    with talking_tunnel(tmp_path / "run") as tunnel:
        loop_end = threading.Timer(0.5, lambda: plg_disconnect(tmp_path / "run"))
        loop_end.start()
        done = plg("status", "--watch", "--interval", "0.1", "--json", PLG_RUNTIME_DIR=str(tmp_path / "run"))
        loop_end.join()
        assert tunnel.asked == [StopMode.NOW]
    assert done.code == 0
    assert len(done.out.splitlines()) >= 3


def plg_disconnect(directory: Path) -> None:
    import os

    from plg.tunnel.control_client import ask_once
    from plg.tunnel.control_protocol import ControlRequest
    from plg.tunnel.runtime_place import RuntimePlace

    ask_once(RuntimePlace(directory, os.geteuid()), ControlRequest(ask="disconnect", mode=StopMode.NOW))


def test_a_tunnel_of_another_kind_is_said_to_be_silent(plg: Inside, tmp_path: Path) -> None:
    (tmp_path / "control.sock").mkdir()
    done = plg("status", PLG_RUNTIME_DIR=str(tmp_path))
    assert done.code in {1, 3}
    assert "Traceback" not in done.err


@pytest.mark.parametrize("interval", ["0", "x", "100"])
def test_a_wrong_interval_is_a_usage_error(plg: Inside, interval: str) -> None:
    assert plg("status", "--watch", "--interval", interval).code == 2


def test_it_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from plg.cli.root import run; run(['status'], {'PLG_RUNTIME_DIR': sys.argv[1]});"
        "print([name for name in ('aiohttp', 'cryptography', 'asyncio', 'uvloop', 'psutil') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.stderr.splitlines()[-1] == "[]"
