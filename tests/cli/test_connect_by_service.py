"""`plg connect` through the service: when it is asked, what is asked of it, and what a person or a program sees.

That packets flow is proved in namespaces; here the service is the real door with a desk that only writes down.
"""

import asyncio
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from plg.capture import privilege
from plg.capture.privilege import Missing
from plg.cli import connect_by_service
from plg.cli.cli_error import CliError
from plg.cli.connect_by_service import service_request, through_service
from plg.cli.settings import ServerAddress
from plg.tunnel.connect_request import ConnectRequest
from plg.tunnel.control_client import ask_once
from plg.tunnel.control_protocol import ControlRequest, StopMode
from plg.tunnel.grants import HostPort
from plg.tunnel.local_interfaces import LocalInterface
from plg.tunnel.runtime_place import RuntimePlace
from plg.tunnel.service_door import CannotRun, ServiceBusy, ServiceDoor, make_service_directory
from plg.tunnel.service_protocol import CommandEnd, ServiceAbout, ServiceRequest, service_socket
from support.inside import Inside, invocation_at
from support.requirements import require_linux
from support.talking_tunnel import STATUS, talking_tunnel

SERVER = ServerAddress("http://127.0.0.1:1", is_loopback=True, is_encrypted=False)
CONNECTED = CommandEnd(exit_code=0, out="connected | lab-game\n", err="It goes on in the background\n")


class Desk:
    def __init__(self) -> None:
        self.end: CommandEnd | Exception = CONNECTED
        self.asked: list[ServiceRequest] = []
        self.ended = threading.Event()

    def about(self) -> ServiceAbout:
        return ServiceAbout(version="1", pid=1, user_id=0, user="me")

    async def run(self, request: ServiceRequest, /) -> CommandEnd:
        self.asked.append(request)
        if isinstance(self.end, Exception):
            raise self.end
        return self.end

    async def end_tunnel(self, _request: ServiceRequest, /) -> CommandEnd:
        self.ended.set()
        return CONNECTED


@pytest.fixture
def services() -> Iterator[Path]:
    require_linux()
    with tempfile.TemporaryDirectory(prefix="plg-use-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def desk(services: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """Behind the real door, for this user."""
    monkeypatch.setattr(connect_by_service, "_is_wanted", lambda _run, _capture: True)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    found = Desk()
    path = service_socket(os.geteuid(), str(services))
    make_service_directory(path.parent)
    door = ServiceDoor(path, os.geteuid(), found)
    asyncio.run_coroutine_threadsafe(door.open(), loop).result(10)
    yield found
    asyncio.run_coroutine_threadsafe(door.close(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


Connect = Callable[..., int | None]


@pytest.fixture
def connect(services: Path, tmp_path: Path) -> Connect:
    def run(*, detach: bool = True, as_json: bool = False) -> int | None:
        environ = {"PLG_SERVICE_DIR": str(services), "PLG_RUNTIME_DIR": str(tmp_path / "run")}
        invocation = invocation_at(tmp_path, as_json=as_json, **environ)
        return through_service(invocation, SERVER, ConnectRequest(game="lab-game"), None, detach=detach)

    return run


def test_what_was_wished_is_what_is_asked(tmp_path: Path) -> None:
    run = invocation_at(tmp_path, PLG_RUNTIME_DIR="/run/x", PLG_TOKEN="secret", PLG_TOKEN_STORE="file")
    wish = ConnectRequest(
        game="cs2", target=HostPort("2001:db8::7", 27015), capture="tun", node="lab", take_over=True, mode="adaptive", max_overhead=1.5,
        interfaces=(LocalInterface("wlan0"),), force=True, standby=False,
    )  # fmt: skip
    asked = service_request(run, SERVER, wish, 2.0, HostPort("127.0.0.1", 9464), attached=True)
    assert (asked.config_directory, asked.runtime_directory) == (str(tmp_path), "/run/x")
    assert (asked.access_token, asked.keep_tokens, asked.attached) == ("secret", "file", True)
    assert asked.wish is not None
    assert asked.wish.words() == [
        "--server=http://127.0.0.1:1", "--target=[2001:db8::7]:27015", "--capture=tun", "--node=lab", "--mode=adaptive", "--max-overhead=1.5",
        "--via=wlan0", "--seconds=2.0", "--metrics=127.0.0.1:9464", "--take-over", "--force", "--no-standby", "--", "cs2",
    ]  # fmt: skip


def test_what_the_service_would_refuse_is_refused_before(tmp_path: Path) -> None:
    run = invocation_at(tmp_path)
    with pytest.raises(CliError) as told:
        service_request(run, SERVER, ConnectRequest(game="x" * 80), None, attached=False)
    assert told.value.exit_code == 2


@pytest.mark.parametrize(
    ("capture", "lacks_divert", "lacks_tun", "wanted"),
    [
        ("auto", True, True, True), ("auto", True, False, False), ("auto", False, True, False), ("divert", True, False, True),
        ("tun", False, True, True), ("tun", True, False, False), ("proxy", True, True, False),
    ],
)  # fmt: skip
def test_it_is_asked_only_for_a_right_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capture: str, lacks_divert: bool, lacks_tun: bool, wanted: bool
) -> None:
    missing = [Missing("a right", "sudo")]
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    monkeypatch.setattr(privilege, "missing_for_divert", lambda: missing if lacks_divert else [])
    monkeypatch.setattr(privilege, "missing_for_tun", lambda: missing if lacks_tun else [])
    assert connect_by_service._is_wanted(invocation_at(tmp_path), capture) is wanted
    assert not connect_by_service._is_wanted(invocation_at(tmp_path, PLG_UNDER_SERVICE="1"), capture)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert not connect_by_service._is_wanted(invocation_at(tmp_path), capture)


def test_a_detached_start_says_who_does_it(desk: Desk, connect: Connect, capsys: pytest.CaptureFixture[str]) -> None:
    assert connect() == 0
    said = capsys.readouterr()
    assert said.out == "connected | lab-game\n"
    assert said.err.splitlines()[0].startswith("The tunnel service does this")
    assert not desk.asked[0].attached
    desk.end = CommandEnd(exit_code=0, out=msgspec.json.encode(STATUS).decode(), err="")
    assert connect(as_json=True) == 0
    assert msgspec.json.decode(capsys.readouterr().out)["state"] == "connected"
    assert not desk.ended.is_set()


def test_a_failure_comes_with_its_words_and_its_exit_code(
    desk: Desk, connect: Connect, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.end = CommandEnd(exit_code=8, out="", err="plg: unknown game 'lab-game'\n")
    for detach in (True, False):
        assert connect(detach=detach) == 8
        assert "plg: unknown game 'lab-game'" in capsys.readouterr().err


@pytest.mark.parametrize(("trouble", "code"), [(ServiceBusy(), 9), (CannotRun("no such program"), 1)])
def test_a_service_that_cannot_is_told(desk: Desk, connect: Connect, trouble: Exception, code: int) -> None:
    desk.end = trouble
    with pytest.raises(CliError, match="the tunnel service does not connect") as told:
        connect()
    assert told.value.exit_code == code


def test_in_the_foreground_the_tunnel_is_shown_until_it_ends(
    desk: Desk, connect: Connect, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = RuntimePlace(tmp_path / "run", os.geteuid())
    with talking_tunnel(place.directory):
        ender = threading.Timer(0.3, lambda: ask_once(place, ControlRequest(ask="disconnect", mode=StopMode.NOW)))
        ender.start()
        assert connect(detach=False) == 0
        ender.join()
    assert desk.asked[0].attached
    assert "lab-game" in capsys.readouterr().out
    assert desk.ended.wait(5)  # the conversation is over


def test_without_a_service_nothing_changes(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect_by_service, "_is_wanted", lambda _run, _capture: True)
    assert connect() is None


def test_a_service_for_somebody_else_is_named(
    services: Path, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect_by_service, "_is_wanted", lambda _run, _capture: True)
    (services / "54321").mkdir()
    (services / "54321" / "service.sock").touch()
    with pytest.raises(CliError) as told:
        connect()
    assert (told.value.exit_code, told.value.message) == (6, "the tunnel service here is for 54321 only")


def test_the_command_asks_it(desk: Desk, plg: Inside, services: Path, tmp_path: Path) -> None:
    environ = {"PLG_SERVICE_DIR": str(services), "PLG_RUNTIME_DIR": str(tmp_path / "run"), "PLG_SERVER": SERVER.url}
    done = plg("connect", "lab-game", "-d", "--capture", "divert", **environ)
    assert (done.code, done.out) == (0, "connected | lab-game\n")
    assert desk.asked[0].wish is not None
    assert desk.asked[0].wish.game == "lab-game"
