"""The service's door: its owner is served, everybody else and everything hostile is shown out, and it stays open."""

import asyncio
import contextlib
import json
import os
import socket
import stat
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from plg.tunnel import service_door
from plg.tunnel.service_door import (
    MAX_CLIENTS,
    CannotRun,
    DirectoryUnsafe,
    ServiceBusy,
    ServiceDoor,
    make_service_directory,
)
from plg.tunnel.service_protocol import (
    MAX_REQUEST_BYTES,
    CommandEnd,
    ServiceAbout,
    ServiceAnswer,
    ServiceRequest,
    ServiceWish,
    encode,
    read_answer,
)
from support.requirements import require_binary, require_linux, require_root

WISH = ServiceWish(game="cs2", server="http://127.0.0.1:1")
STRANGER = 12345
SYSTEM_PYTHON = "/usr/bin/python3"
"""Other users can run it; this test's own interpreter may lie in a closed folder."""
KNOCK_CODE = """
import socket, sys
knock = socket.socket(socket.AF_UNIX)
try:
    knock.connect(sys.argv[1])
except PermissionError:
    print("no entry")
else:
    knock.sendall(b'{"ask":"about"}\\n')
    print(knock.makefile().readline())
"""


class Desk:
    """Writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.end = CommandEnd(exit_code=0, out="{}", err="")
        self.trouble: Exception | None = None
        self.delay_s = 0.0
        self.ended = asyncio.Event()

    def about(self) -> ServiceAbout:
        return ServiceAbout(version="1", pid=os.getpid(), user_id=os.geteuid(), user="me")

    async def run(self, request: ServiceRequest, /) -> CommandEnd:
        self.asked.append(request.ask)
        await asyncio.sleep(self.delay_s)
        if self.trouble is not None:
            raise self.trouble
        return self.end

    async def end_tunnel(self, _request: ServiceRequest, /) -> CommandEnd:
        self.asked.append("end")
        self.ended.set()
        return self.end


@pytest.fixture
def folder() -> Iterator[Path]:
    """Open to other users, with a short name."""
    require_linux()
    with tempfile.TemporaryDirectory(prefix="plg-door-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
async def desk() -> Desk:
    return Desk()


@pytest.fixture
async def door(folder: Path, desk: Desk) -> AsyncIterator[ServiceDoor]:
    opened = ServiceDoor(folder / "service.sock", os.geteuid(), desk)
    await opened.open()
    yield opened
    await opened.close()


async def say(path: Path, line: bytes) -> ServiceAnswer | None:
    reader, writer = await asyncio.open_unix_connection(str(path))
    with contextlib.suppress(ConnectionError):
        writer.write(line)
        await writer.drain()
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(10):
            answer = await reader.readline()
        writer.close()
        return read_answer(answer) if answer else None
    return None


async def test_its_owner_is_served(door: ServiceDoor, desk: Desk, folder: Path) -> None:
    path = folder / "service.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    about = await say(path, encode(ServiceRequest(ask="about")))
    assert about is not None
    assert about.about == desk.about()
    answer = await say(path, encode(ServiceRequest(ask="connect", wish=WISH)))
    assert answer is not None
    assert answer.end == desk.end
    await say(path, encode(ServiceRequest(ask="restore")))
    assert desk.asked == ["connect", "restore"]


@pytest.mark.parametrize(
    "line", [b"hello\n", b"{}\n", b'{"ask":"shell"}\n', b"\x00\xff\n", b"[" * 5000 + b"\n", b"x" * (MAX_REQUEST_BYTES + 10) + b"\n"]
)  # fmt: skip
async def test_what_makes_no_sense_is_refused_and_the_next_one_is_served(
    door: ServiceDoor, desk: Desk, folder: Path, line: bytes
) -> None:
    answer = await say(folder / "service.sock", line)
    assert answer is None or answer.code == "bad_request"
    assert (await say(folder / "service.sock", encode(ServiceRequest(ask="about")))) is not None
    assert desk.asked == []


async def test_who_says_nothing_is_shown_out(door: ServiceDoor, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_door, "REQUEST_TIMEOUT_S", 0.05)
    reader, writer = await asyncio.open_unix_connection(str(folder / "service.sock"))
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()


async def test_a_crowd_is_kept_out(door: ServiceDoor, folder: Path) -> None:
    crowd = [await asyncio.open_unix_connection(str(folder / "service.sock")) for _ in range(MAX_CLIENTS)]
    answer = await say(folder / "service.sock", encode(ServiceRequest(ask="about")))
    assert answer is not None
    assert answer.code == "busy"
    for _, writer in crowd:
        writer.close()


@pytest.mark.parametrize(("trouble", "code"), [(ServiceBusy(), "busy"), (CannotRun("no such file"), "failed")])
async def test_what_cannot_be_done_is_said(door: ServiceDoor, desk: Desk, folder: Path, trouble: Exception, code: str) -> None:  # fmt: skip
    desk.trouble = trouble
    answer = await say(folder / "service.sock", encode(ServiceRequest(ask="connect", wish=WISH)))
    assert answer is not None
    assert answer.code == code


async def test_an_attached_tunnel_ends_with_its_conversation(door: ServiceDoor, desk: Desk, folder: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(str(folder / "service.sock"))
    writer.write(encode(ServiceRequest(ask="connect", wish=WISH, attached=True)))
    assert read_answer(await reader.readline()).end == desk.end
    await asyncio.sleep(0.05)
    assert desk.asked == ["connect"]
    writer.close()
    async with asyncio.timeout(5):
        await desk.ended.wait()
    desk.asked.clear()
    desk.end = CommandEnd(exit_code=7, out="", err="")
    await say(folder / "service.sock", encode(ServiceRequest(ask="connect", wish=WISH, attached=True)))
    await asyncio.sleep(0.05)
    assert desk.asked == ["connect"]  # what never connected needs no end


async def test_who_hangs_up_while_it_connects_gets_no_tunnel(door: ServiceDoor, desk: Desk, folder: Path) -> None:
    desk.delay_s = 0.2
    _, writer = await asyncio.open_unix_connection(str(folder / "service.sock"))
    writer.write(encode(ServiceRequest(ask="connect", wish=WISH)))
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.close()
    async with asyncio.timeout(5):
        await desk.ended.wait()
    assert desk.asked == ["connect", "end"]


@pytest.mark.parametrize("is_open_to_all", [False, True])
async def test_another_user_is_refused_even_when_somebody_opened_the_socket_to_all(
    desk: Desk, folder: Path, is_open_to_all: bool
) -> None:
    require_root()
    require_binary(SYSTEM_PYTHON)
    path = folder / "service.sock"
    door = ServiceDoor(path, 4242, desk)
    await door.open()
    assert (path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) == (4242, 0o600)
    if is_open_to_all:
        path.chmod(0o666)
    said = {}
    for uid in (STRANGER, 65534, 4242):
        knock = await asyncio.create_subprocess_exec(
            SYSTEM_PYTHON, "-I", "-S", "-c", KNOCK_CODE, str(path), user=uid, group=uid, extra_groups=[], stdout=subprocess.PIPE, cwd="/"
        )  # fmt: skip
        said[uid] = (await knock.communicate())[0].decode().strip()
    await door.close()
    for uid in (STRANGER, 65534):
        if is_open_to_all:
            assert json.loads(said[uid]) == {"error": "this service is for another user", "code": "refused"}
        else:
            assert said[uid] == "no entry"
    assert json.loads(said[4242])["about"]["version"] == "1"
    assert not path.exists()


async def test_on_a_port_only_the_token_opens(desk: Desk, folder: Path) -> None:
    door = ServiceDoor(folder / "service.json", None, desk)
    await door.open()
    known = json.loads((folder / "service.json").read_bytes())
    assert stat.S_IMODE((folder / "service.json").stat().st_mode) == 0o600
    answers = []
    for token in ("", "wrong", known["token"]):
        reader, writer = await asyncio.open_connection("127.0.0.1", known["port"])
        writer.write(encode(ServiceRequest(ask="about", token=token)))
        answers.append(read_answer(await reader.readline()))
        writer.close()
    await door.close()
    assert [answer.code for answer in answers] == ["refused", "refused", None]
    assert not (folder / "service.json").exists()


async def test_what_is_no_socket_is_not_removed(desk: Desk, folder: Path) -> None:
    (folder / "service.sock").write_text("kept")
    with pytest.raises(FileExistsError):
        await ServiceDoor(folder / "service.sock", os.geteuid(), desk).open()
    assert (folder / "service.sock").read_text() == "kept"


async def test_a_socket_that_a_crash_left_is_replaced(desk: Desk, folder: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(folder / "service.sock"))
    left.close()
    door = ServiceDoor(folder / "service.sock", os.geteuid(), desk)
    await door.open()
    assert (await say(folder / "service.sock", encode(ServiceRequest(ask="about")))) is not None
    await door.close()


def test_the_sockets_directory_is_nobody_elses_to_change(folder: Path) -> None:
    before = os.umask(0o077)
    make_service_directory(folder / "services" / "1000")
    os.umask(before)
    assert stat.S_IMODE((folder / "services" / "1000").stat().st_mode) == 0o755
    make_service_directory(folder / "services" / "1000")
    (folder / "services").chmod(0o777)
    with pytest.raises(DirectoryUnsafe):
        make_service_directory(folder / "services" / "1000")
    (folder / "services").chmod(0o755)
    (folder / "services" / "7").symlink_to(folder)
    with pytest.raises(DirectoryUnsafe):
        make_service_directory(folder / "services" / "7")
    if os.geteuid() == 0:
        os.chown(folder / "services" / "1000", STRANGER, -1)
        with pytest.raises(DirectoryUnsafe):
            make_service_directory(folder / "services" / "1000")
