"""The running tunnel's door, knocked at with real sockets."""

import asyncio
import json
import os
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plg.contract.cli_output import DisconnectDocument, StatusDocument
from plg.tunnel.clock import LoopClock
from plg.tunnel.control_client import NoTunnel, TunnelSilent, ask_once, ask_tunnel
from plg.tunnel.control_protocol import (
    MAX_REQUEST_BYTES,
    ControlAnswer,
    ControlRequest,
    PortFile,
    StopMode,
    read_answer,
)
from plg.tunnel.control_socket import MAX_CLIENTS, ControlSocket
from plg.tunnel.live_recording import LiveRecording
from plg.tunnel.path_recorder import Take
from plg.tunnel.path_recording import parse_recording
from plg.tunnel.runtime_place import RuntimePlace, make_private
from plg.tunnel.states import rfc3339


class Running:
    """A tunnel that only talks."""

    def __init__(self, live: int = 0) -> None:
        self.live = live
        self.state = "connected"
        self.asked: list[StopMode] = []
        self.stopped = asyncio.Event()
        self.recording: LiveRecording | None = None
        self.asked_to_record = asyncio.Event()

    def status(self) -> StatusDocument:
        return StatusDocument(state=self.state, at=rfc3339(datetime.now(UTC)), game="lab-game")

    def live_flow_count(self) -> int:
        return self.live

    def request_stop(self, mode: StopMode) -> None:
        self.asked.append(mode)
        if mode is StopMode.NOW or not self.live:
            self.state = "off"
            self.stopped.set()

    async def wait_stopped(self) -> DisconnectDocument:
        await self.stopped.wait()
        return DisconnectDocument(disconnected=True, was_live=self.live > 0, waited_s=0.0)

    def record(self, take: Take) -> LiveRecording | None:
        if self.recording is not None and not self.recording.is_over:
            return None
        self.asked_to_record.set()
        self.recording = LiveRecording(
            take, lambda: None, LoopClock(), game="lab-game", program="plg test", max_overhead=1
        )
        return self.recording


@pytest.fixture
def place(tmp_path: Path) -> RuntimePlace:
    found = RuntimePlace(tmp_path / "run", os.geteuid())
    make_private(found)
    return found


@asynccontextmanager
async def door(place: RuntimePlace, tunnel: Running, *, use_port: bool = False) -> AsyncIterator[ControlSocket]:
    opened = ControlSocket(place, tunnel, use_port=use_port)
    await opened.open()
    try:
        yield opened
    finally:
        tunnel.stopped.set()
        await opened.close()


async def ask(place: RuntimePlace, request: ControlRequest) -> list[ControlAnswer]:
    return await asyncio.to_thread(lambda: list(ask_tunnel(place, request)))


async def raw(place: RuntimePlace, data: bytes) -> list[dict[str, object]]:
    reader, writer = await asyncio.open_unix_connection(str(place.control_socket))
    writer.write(data)
    writer.write_eof()
    lines = (await reader.read()).splitlines()
    writer.close()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("use_port", [False, True])
async def test_status_is_answered_over_both_kinds_of_door(place: RuntimePlace, use_port: bool) -> None:
    async with door(place, Running(), use_port=use_port):
        answer = await asyncio.to_thread(ask_once, place, ControlRequest(ask="status"))
    assert answer.status is not None
    assert answer.status.game == "lab-game"


@pytest.mark.parametrize("use_port", [False, True])
async def test_nothing_is_left_behind(place: RuntimePlace, use_port: bool) -> None:
    async with door(place, Running(), use_port=use_port):
        assert list(place.directory.iterdir())
    assert list(place.directory.iterdir()) == []
    with pytest.raises(NoTunnel):
        ask_once(place, ControlRequest(ask="status"))


async def test_only_the_owner_can_reach_it(place: RuntimePlace) -> None:
    async with door(place, Running()):
        assert stat.S_IMODE(place.control_socket.stat().st_mode) == 0o600
        assert stat.S_IMODE(place.directory.stat().st_mode) == 0o700


async def test_the_port_asks_for_the_token_of_the_private_file(place: RuntimePlace) -> None:
    async with door(place, Running(), use_port=True):
        assert stat.S_IMODE(place.control_port_file.stat().st_mode) == 0o600
        known = json.loads(place.control_port_file.read_text())
        reader, writer = await asyncio.open_connection("127.0.0.1", known["port"])
        writer.write(b'{"ask":"disconnect","mode":"now","token":"guess"}\n')
        assert json.loads(await reader.readline()) == {"error": "wrong token"}
        writer.close()
    assert PortFile(**known).token != "guess"


async def test_what_a_crashed_run_left_is_replaced(place: RuntimePlace) -> None:
    code = "import socket,sys; s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen()"
    done = await asyncio.create_subprocess_exec("python3", "-c", code, str(place.control_socket))
    await done.wait()
    assert place.control_socket.exists()
    with pytest.raises(NoTunnel):
        ask_once(place, ControlRequest(ask="status"))
    async with door(place, Running()):
        assert (await ask(place, ControlRequest(ask="status")))[0].status is not None


async def test_something_that_is_no_socket_is_not_removed(place: RuntimePlace) -> None:
    place.control_socket.write_text("precious")
    with pytest.raises(FileExistsError):
        await ControlSocket(place, Running()).open()
    assert place.control_socket.read_text() == "precious"


async def test_watch_goes_on_until_the_tunnel_ends(place: RuntimePlace) -> None:
    tunnel = Running()
    async with door(place, tunnel):
        asyncio.get_running_loop().call_later(0.25, tunnel.request_stop, StopMode.NOW)
        answers = await ask(place, ControlRequest(ask="watch", interval_s=0.1))
    states = [answer.status.state for answer in answers if answer.status is not None]
    assert len(states) >= 3
    assert (states[0], states[-1]) == ("connected", "off")


async def test_disconnect_ends_a_quiet_tunnel(place: RuntimePlace) -> None:
    tunnel = Running()
    async with door(place, tunnel):
        (answer,) = await ask(place, ControlRequest(ask="disconnect"))
    assert answer.disconnected is not None
    assert answer.disconnected.disconnected
    assert tunnel.asked == [StopMode.NOW]


async def test_disconnect_is_refused_while_a_match_is_live_unless_told_how(place: RuntimePlace) -> None:
    tunnel = Running(live=2)
    async with door(place, tunnel):
        (answer,) = await ask(place, ControlRequest(ask="disconnect"))
        assert answer == ControlAnswer(live_flows=2)
        assert tunnel.asked == []
        asyncio.get_running_loop().call_later(0.2, tunnel.request_stop, StopMode.NOW)
        waiting, gone = await ask(place, ControlRequest(ask="disconnect", mode=StopMode.WAIT))
    assert waiting == ControlAnswer(waiting_for=2)
    assert gone.disconnected is not None
    assert tunnel.asked[0] is StopMode.WAIT


@pytest.mark.parametrize(
    "data",
    [b"\n", b"junk\n", b'{"ask":"everything"}\n', b"{" * 100 + b"\n", b"\x00\xff\n", b"x" * (MAX_REQUEST_BYTES + 10)],
)
async def test_junk_gets_one_refusal_and_the_door_stays_open(place: RuntimePlace, data: bytes) -> None:
    async with door(place, Running()):
        answers = await raw(place, data)
        assert [list(answer) for answer in answers] == [["error"]]
        assert (await ask(place, ControlRequest(ask="status")))[0].status is not None


async def test_somebody_who_says_nothing_and_goes_does_no_harm(place: RuntimePlace) -> None:
    async with door(place, Running()):
        assert await raw(place, b"") == []
        assert await raw(place, b'{"ask":"status"}') == []


async def test_too_many_at_once_are_shown_out(place: RuntimePlace) -> None:
    async with door(place, Running()):
        held = [await asyncio.open_unix_connection(str(place.control_socket)) for _ in range(MAX_CLIENTS)]
        assert await raw(place, b'{"ask":"status"}\n') == [{"error": "too many clients"}]
        for _, writer in held:
            writer.close()
        async with asyncio.timeout(2):
            while (await raw(place, b'{"ask":"status"}\n'))[0].get("error"):  # noqa: ASYNC110 - the door notices them going one by one
                await asyncio.sleep(0.01)


async def test_a_tunnel_that_hangs_up_is_said_to_be_silent(place: RuntimePlace) -> None:
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"half an answ")
        writer.close()

    server = await asyncio.start_unix_server(hang_up, str(place.control_socket))
    with pytest.raises(TunnelSilent):
        await asyncio.to_thread(ask_once, place, ControlRequest(ask="status"))
    server.close()
    await server.wait_closed()


async def test_a_recording_comes_as_blocks_of_a_file_until_the_client_says_that_it_is_enough(
    place: RuntimePlace,
) -> None:
    tunnel = Running()
    async with door(place, tunnel):
        reader, writer = await asyncio.open_unix_connection(str(place.control_socket))
        writer.write(b'{"ask":"record"}\n')
        first = read_answer(await reader.readline())
        assert first.recording is not None
        second_client = await asyncio.to_thread(ask_once, place, ControlRequest(ask="record"))
        assert second_client.error == "a recording is running already"
        writer.write_eof()
        rest = [read_answer(line).recording or b"" for line in (await reader.read()).splitlines(keepends=True)]
        writer.close()
        await writer.wait_closed()
        recording = parse_recording(first.recording + b"".join(rest))
        assert (recording.finished, recording.start.game) == (True, "lab-game")
        assert tunnel.recording is not None
        assert tunnel.recording.is_over


async def test_a_recording_ends_with_the_tunnel(place: RuntimePlace) -> None:
    tunnel = Running()
    async with door(place, tunnel):
        asking = asyncio.create_task(asyncio.to_thread(lambda: list(ask_tunnel(place, ControlRequest(ask="record")))))
        await tunnel.asked_to_record.wait()
        tunnel.request_stop(StopMode.NOW)
        answers = await asking
    assert parse_recording(b"".join(answer.recording or b"" for answer in answers)).finished
