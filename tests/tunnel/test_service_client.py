"""Asking the service: what it answers, and what is told when it is not there, not ours, or not what it claims to be."""

import asyncio
import contextlib
import json
import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from plg.tunnel import service_client
from plg.tunnel.service_client import NoService, NotForYou, ServiceSilent, ask_service, other_services
from plg.tunnel.service_door import ServiceDoor, make_service_directory
from plg.tunnel.service_protocol import CommandEnd, ServiceAbout, ServiceRequest, service_socket
from support.requirements import require_linux

ABOUT = ServiceAbout(version="1.2", pid=7, user_id=1000, user="alice")


class Desk:
    def about(self) -> ServiceAbout:
        return ABOUT

    async def run(self, _request: ServiceRequest, /) -> CommandEnd:
        return CommandEnd(exit_code=0, out="", err="")

    async def end_tunnel(self, _request: ServiceRequest, /) -> CommandEnd:
        return CommandEnd(exit_code=0, out="", err="")


@pytest.fixture
def place() -> Iterator[Path]:
    require_linux()
    with tempfile.TemporaryDirectory(prefix="plg-client-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def environ(place: Path) -> dict[str, str]:
    return {"PLG_SERVICE_DIR": str(place)}


def ask(place: Path) -> ServiceAbout | None:
    with ask_service(ServiceRequest(ask="about"), environ(place)) as answer:
        return answer.about


@pytest.fixture
def serving(place: Path) -> Iterator[Callable[[int], None]]:
    """Starts the real door for a user."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    doors = []

    def serve(user_id: int) -> None:
        path = service_socket(os.geteuid(), str(place))
        make_service_directory(path.parent)
        door = ServiceDoor(path, user_id, Desk())
        asyncio.run_coroutine_threadsafe(door.open(), loop).result(10)
        doors.append(door)

    yield serve
    for door in doors:
        asyncio.run_coroutine_threadsafe(door.close(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def answering(place: Path, content: bytes) -> None:
    """Something else than the service, at its place, for one conversation."""
    path = service_socket(os.geteuid(), str(place))
    path.parent.mkdir(parents=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen(1)

    def serve() -> None:
        taken, _ = listening.accept()
        with taken, listening, contextlib.suppress(ConnectionError):  # who asks may have heard enough
            taken.recv(4096)
            taken.sendall(content)

    threading.Thread(target=serve, daemon=True).start()


def test_it_says_what_it_is(place: Path, serving: Callable[[int], None]) -> None:
    serving(os.geteuid())
    assert ask(place) == ABOUT
    assert other_services(environ(place)) == []


def test_without_one_there_is_none(place: Path) -> None:
    with pytest.raises(NoService):
        ask(place)
    path = service_socket(os.geteuid(), str(place))
    path.parent.mkdir(parents=True)
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    with pytest.raises(NoService):  # a crashed one's socket
        ask(place)


@pytest.mark.parametrize("content", [b"", b"half an answer", b"[]\n", b"\xff\n", b"x" * 100_000 + b"\n"])
def test_what_makes_no_sense_is_no_answer(place: Path, content: bytes) -> None:
    answering(place, content)
    with pytest.raises(ServiceSilent):
        ask(place)


def test_one_that_says_nothing_is_not_waited_for(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_client, "ABOUT_TIMEOUT_S", 0.05)
    path = service_socket(os.geteuid(), str(place))
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen(1)
        with pytest.raises(ServiceSilent, match="in time"):
            ask(place)


def test_a_refusal_is_told_as_one(place: Path) -> None:
    answering(place, b'{"error":"this service is for another user","code":"refused"}\n')
    with pytest.raises(NotForYou, match="another user"):
        ask(place)


def test_a_socket_of_somebody_else_gets_no_token(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(place, b"{}\n")
    path = str(service_socket(os.geteuid(), str(place)))
    with socket.socket(socket.AF_UNIX) as knock:
        knock.connect(path)
        monkeypatch.setattr(os, "geteuid", lambda: 4242)
        if os.getuid() == 0:
            service_client._check_server(knock)  # root may be anybody's service
        else:
            with pytest.raises(ServiceSilent, match="not by root"):
                service_client._check_server(knock)


def test_services_of_others_are_seen(place: Path) -> None:
    for name in ("4242", "17", "readme"):
        (place / name).mkdir()
    (place / "4242" / "service.sock").write_text("")
    (place / "readme" / "service.sock").write_text("")
    assert other_services(environ(place)) == [4242]
    assert other_services(environ(place / "missing")) == []


def test_where_there_are_no_sockets_the_private_file_leads_to_the_port(place: Path) -> None:
    with pytest.raises(NoService):
        service_client._connect_port(place / "service.json")
    (place / "service.json").write_text("not JSON")
    with pytest.raises(NoService):
        service_client._connect_port(place / "service.json")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        (place / "service.json").write_text(json.dumps({"port": listening.getsockname()[1], "token": "secret"}))
        opened, token = service_client._connect_port(place / "service.json")
        opened.close()
        assert token == "secret"
