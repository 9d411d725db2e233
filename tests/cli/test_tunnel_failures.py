"""What a tunnel's failures mean to a person."""

import errno
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plg.capture.packet_source import CaptureUnavailable
from plg.cli.exit_codes import ExitCode
from plg.cli.tunnel_failures import already_running, explain_tunnel_error
from plg.tunnel.capture_plan import GameNotCarried, NotCarried
from plg.tunnel.connect import AlreadyRunning
from plg.tunnel.connect_request import ConnectRequest, TargetUnknown
from plg.tunnel.grants import BadGrant, HostPort
from plg.tunnel.planning import DirectIsBetter
from plg.tunnel.runtime_place import RuntimeDirectoryUnsafe
from plg.tunnel.session_opening import RelaysUnreachable
from support.talking_tunnel import talking_tunnel

WISH = ConnectRequest(game="g", target=HostPort("host", 1))


@pytest.mark.parametrize(
    ("error", "code", "exit_code"),
    [
        (AlreadyRunning(), "already_connected", ExitCode.BUSY),
        (GameNotCarried("G", NotCarried.TCP_ONLY), "tcp_only", ExitCode.FAILURE),
        (GameNotCarried("G", NotCarried.TARGET_NEEDED), "target_needed", ExitCode.FAILURE),
        (GameNotCarried("G", NotCarried.PROXY_NEEDS_TARGET), "proxy_needs_target", ExitCode.USAGE),
        (GameNotCarried("G", NotCarried.BAD_PROFILE), "bad_profile", ExitCode.FAILURE),
        (CaptureUnavailable("CAP_BPF is missing", "run it with sudo"), "capture_unavailable", ExitCode.NEEDS_PRIVILEGES),
        (RelaysUnreachable(["r1"], ["no answer"]), "relay_unreachable", ExitCode.UNREACHABLE),
        (DirectIsBetter(18.2, 24.9), "direct_is_better", ExitCode.DIRECT_IS_BETTER),
        (TargetUnknown(HostPort("host", 1)), "target_unknown", ExitCode.NOT_FOUND),
        (BadGrant("no key"), "bad_grant", ExitCode.UNREACHABLE),
        (RuntimeDirectoryUnsafe(Path("/x"), "belongs to user 7"), "runtime_directory", ExitCode.BAD_CONFIGURATION),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_each_has_its_code_and_number(error: Exception, code: str, exit_code: ExitCode) -> None:
    told = explain_tunnel_error(error, WISH)
    assert told is not None
    assert (told.code, told.exit_code) == (code, exit_code)
    assert told.message


def test_a_tcp_game_is_said_to_be_one_plainly() -> None:
    told = explain_tunnel_error(GameNotCarried("Chess Online", NotCarried.TCP_ONLY), WISH)
    assert told is not None
    assert told.message == "Chess Online plays over TCP, which PLG does not carry: it stays on its direct way"


def test_the_captures_own_next_step_is_passed_on() -> None:
    told = explain_tunnel_error(CaptureUnavailable("no right", "use --capture proxy"), WISH)
    assert told is not None
    assert (told.message, told.next_step) == ("no right", "use --capture proxy")


def test_a_taken_port_has_a_number_of_its_own() -> None:
    error = CaptureUnavailable("cannot listen", "name another port")
    error.__cause__ = OSError(errno.EADDRINUSE, "in use")
    told = explain_tunnel_error(error, WISH)
    assert told is not None
    assert told.exit_code is ExitCode.PORT_TAKEN


def test_what_runs_already_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLG_RUNTIME_DIR", str(tmp_path / "run"))
    with talking_tunnel(tmp_path / "run"):
        told = already_running()
        assert re.fullmatch(r"a tunnel is running already: lab-game, Lab One, since \d\d:\d\d:\d\d", told.message)
        assert told.next_step == "see: plg status; end it with: plg disconnect"
        assert (told.detail["game"], told.detail["relay"], told.detail["pid"]) == ("lab-game", "Lab One", 7)
        since = datetime.fromisoformat(str(told.detail["since"]))
        assert abs((datetime.now(UTC) - since).total_seconds() - 61.5) < 30
    assert (already_running().message, already_running().detail) == ("a tunnel is running already", {})


def test_our_own_mistakes_are_left_to_others() -> None:
    assert explain_tunnel_error(ZeroDivisionError(), WISH) is None


def test_when_direct_is_better_both_ways_are_told() -> None:
    told = explain_tunnel_error(DirectIsBetter(18.2, 24.9), WISH)
    assert told is not None
    assert str(told) == "direct is better (18 ms direct, 25 ms boosted), not boosting"
    assert told.next_step is not None
    assert "--force" in told.next_step
