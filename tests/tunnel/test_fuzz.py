"""Mutated lines for the running tunnel's door: any program of the same user may write to it."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

from plg.contract.cli_output import DisconnectDocument, StatusDocument
from plg.tunnel.control_protocol import (
    MAX_ANSWER_BYTES,
    MAX_REQUEST_BYTES,
    BadControlMessage,
    ControlAnswer,
    ControlRequest,
    StopMode,
    encode,
    read_answer,
    read_request,
)
from plg.tunnel.control_socket import ControlSocket
from plg.tunnel.live_recording import LiveRecording
from plg.tunnel.path_recorder import Take
from plg.tunnel.runtime_place import RuntimePlace, make_private
from plg.tunnel.states import rfc3339
from support.mutation import Mutator, fuzz_inputs

STATUS = StatusDocument(state="connected", at=rfc3339(datetime(2026, 1, 1, tzinfo=UTC)), game="lab-game")
REQUESTS = [
    encode(ControlRequest(ask="status", token="a token")),
    encode(ControlRequest(ask="watch", interval_s=0.5)),
    encode(ControlRequest(ask="disconnect", mode=StopMode.WAIT)),
    b'{"ask":"status","token":"\\ud800\\udfff","mode":null,"interval_s":1e400}\n',
    b"[" * 3000 + b"\n",
]
ANSWERS = [encode(ControlAnswer(status=STATUS)), encode(ControlAnswer(live_flows=3)), encode(ControlAnswer(error="no"))]


def test_fuzz_a_line_is_a_message_or_is_refused_with_a_reason() -> None:
    understood = 0
    reasons: set[str] = set()
    for line in Mutator([*REQUESTS, *ANSWERS], seed=1, longest=4096).inputs(fuzz_inputs(150_000)):
        for read in (read_request, read_answer):
            try:
                read(line)
                understood += 1
            except BadControlMessage as error:
                reasons.add(str(error))
    assert understood
    assert reasons
    assert all(0 < len(reason) < MAX_REQUEST_BYTES for reason in reasons)


class Talking:
    """A tunnel that only talks and never stops."""

    def __init__(self) -> None:
        self.stopped = asyncio.Event()

    def status(self) -> StatusDocument:
        return STATUS

    def live_flow_count(self) -> int:
        return 1

    def request_stop(self, mode: StopMode) -> None:
        pass

    async def wait_stopped(self) -> DisconnectDocument:
        await self.stopped.wait()
        return DisconnectDocument(disconnected=True, was_live=True, waited_s=0.0)

    def record(self, take: Take) -> LiveRecording | None:
        return None  # as if one were running already


async def test_fuzz_the_door_answers_every_line_with_one_of_ours_and_stays_open(tmp_path: Path) -> None:
    place, tunnel = RuntimePlace(tmp_path / "run", os.geteuid()), Talking()
    make_private(place)
    door = ControlSocket(place, tunnel)
    await door.open()
    try:
        for line in Mutator(REQUESTS[:1] + REQUESTS[3:], seed=2, longest=6000).inputs(fuzz_inputs(800, at_most=20_000)):
            assert len(await _said(place, line)) <= MAX_ANSWER_BYTES
        assert read_answer(await _said(place, REQUESTS[0])).status == STATUS
        assert len(door._clients) <= 1
    finally:
        tunnel.stopped.set()
        await door.close()


async def _said(place: RuntimePlace, line: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(place.control_socket))
    try:
        writer.write(line)
        writer.write_eof()
        answer = await reader.read()
    except ConnectionError:  # the line was too long and the door has closed on the rest of it
        answer = b""
    finally:
        writer.close()
    for one in answer.splitlines():
        read_answer(one)
    return answer
