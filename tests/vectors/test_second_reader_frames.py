"""What SPEC.md says of bad control bodies and of long payloads, held against the second reader."""

import json
from pathlib import Path
from typing import Any

import pytest

from support import second_reader_frames as frames
from support.second_reader import Refused

FRAMES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "frames.json").read_text(encoding="utf-8"))

# The frames whose content can be too short or too long; FLOW_OPEN has a test of its own, TICKET_RENEWAL takes any length.
MEASURED = [entry for entry in FRAMES if entry["frame"] not in {"FlowOpen", "TicketRenewal"}]


@pytest.mark.parametrize("entry", FRAMES, ids=lambda entry: entry["bytes"][:24])
def test_a_frame_cut_short_ends_the_reading_and_the_frames_before_it_stay(entry: dict[str, Any]) -> None:
    frame, before = bytes.fromhex(entry["bytes"]), frames.frame_bytes(14, b"\x07")
    for end in range(len(frame)):
        assert [read.name for read in frames.read_frames(before + frame[:end])] == ["FlowClose"]


@pytest.mark.parametrize("entry", MEASURED, ids=lambda entry: entry["bytes"][:24])
def test_a_frame_of_a_wrong_length_ends_the_reading(entry: dict[str, Any]) -> None:
    frame, after = bytes.fromhex(entry["bytes"]), frames.frame_bytes(14, b"\x07")
    opcode, content = frame[0], frame[3:]
    shape = frames.SHAPES[opcode]
    fixed = shape.tail is None or shape.tail[1] != frames.REST
    wrong = [content[:-1], content + b"\0"] if fixed else [content[: shape.fixed - 1]]
    for changed in wrong:
        assert frames.read_frames(frames.frame_bytes(opcode, changed) + after) == []


@pytest.mark.parametrize(("family", "length"), [(4, 3), (6, 15), (5, 16)])
def test_a_flow_open_without_room_for_its_address_and_port_ends_the_reading(family: int, length: int) -> None:
    content = bytes([9, 0, 1, 0, 0, family]) + bytes(length + 1)
    assert frames.read_frames(frames.frame_bytes(3, content) + frames.frame_bytes(14, b"\x07")) == []


def test_unknown_opcodes_are_skipped_whatever_their_length() -> None:
    unknown = (
        frames.frame_bytes(0, b"")
        + frames.frame_bytes(20, bytes(9))
        + frames.frame_bytes(21, b"x")
        + frames.frame_bytes(255, bytes(300))
    )
    read = frames.read_frames(unknown + frames.frame_bytes(14, b"\x07") + unknown)
    assert [frame.fields for frame in read] == [{"flow": 7}]


@pytest.mark.parametrize("length", [1342, 1343, 2650])
def test_a_long_payload_survives_two_fragments_in_any_order(length: int) -> None:
    payload = bytes(at % 251 for at in range(length))
    halves = frames.split_payload(payload)
    assert len(halves[0]) >= len(halves[1]) > 0
    built = [
        frames.build_frame("Fragment", {"fragment_id": 3, "index": index, "flow": 9, "payload": half})
        for index, half in enumerate(halves)
    ]
    (first,), (second,) = (frames.read_frames(frame) for frame in built)
    assert frames.join_fragments(first, second) == (9, payload)
    assert frames.join_fragments(second, first) == (9, payload)


def test_payloads_that_fit_or_are_too_long_are_not_split() -> None:
    for length in (1341, 2651):
        with pytest.raises(Refused):
            frames.split_payload(bytes(length))
