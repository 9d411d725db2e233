"""Requests and answers of the control socket."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.contract.cli_output import DisconnectDocument
from plg.tunnel.control_protocol import (
    BadControlMessage,
    ControlAnswer,
    ControlRequest,
    StopMode,
    encode,
    read_answer,
    read_request,
)


def test_requests_and_answers_survive_the_wire() -> None:
    request = ControlRequest(ask="disconnect", mode=StopMode.WAIT)
    assert read_request(encode(request)) == request
    answer = ControlAnswer(disconnected=DisconnectDocument(disconnected=True, was_live=True, waited_s=1.5))
    assert read_answer(encode(answer)) == answer
    assert encode(answer).count(b"\n") == 1


@pytest.mark.parametrize(
    "line",
    [b"", b"x", b"[]", b"{}", b'{"ask":1}', b'{"ask":"status","more":1}', b'{"ask":"watch","interval_s":0}', b'{"ask":"' + b"x" * 99 + b'"}',
     b'{"ask":"disconnect","mode":"never"}', b"\xff", b"[" * 3000],
)  # fmt: skip
def test_anything_else_is_refused(line: bytes) -> None:
    with pytest.raises(BadControlMessage):
        read_request(line)


@given(st.binary(max_size=300))
def test_no_line_raises_anything_but_a_refusal(line: bytes) -> None:
    for read in (read_request, read_answer):
        with contextlib.suppress(BadControlMessage):
            read(line)
