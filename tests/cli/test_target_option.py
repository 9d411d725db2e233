"""The game and the target of commands that measure."""

import pytest

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.target_option import read_target, run_measuring
from plg.tunnel.capture_plan import GameNotCarried, NotCarried
from plg.tunnel.connect_request import TargetUnknown
from plg.tunnel.grants import HostPort


def test_a_target_is_a_host_and_a_port() -> None:
    assert read_target("192.0.2.7:27960") == HostPort("192.0.2.7", 27960)
    assert read_target(None) is None


@pytest.mark.parametrize("text", ["192.0.2.7", "192.0.2.7:0", "a b:1 2", ""])
def test_anything_else_is_a_usage_error_with_an_example(text: str) -> None:
    with pytest.raises(CliError) as caught:
        read_target(text)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.next_step is not None


async def fails(error: Exception) -> None:
    raise error


def test_failures_of_tunnels_are_told_in_the_same_words() -> None:
    with pytest.raises(CliError) as caught:
        run_measuring(fails(TargetUnknown(HostPort("nowhere", 1))), "openarena", HostPort("nowhere", 1))
    assert (caught.value.code, caught.value.exit_code) == ("target_unknown", ExitCode.NOT_FOUND)
    with pytest.raises(CliError) as tcp:
        run_measuring(fails(GameNotCarried("Chess", NotCarried.TCP_ONLY)), "chess", None)
    assert tcp.value.code == "tcp_only"
    with pytest.raises(ZeroDivisionError):
        run_measuring(fails(ZeroDivisionError()), "openarena", None)
