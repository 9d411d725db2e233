import pytest

from plg.protocol.frames import Payload, Repeat, read_frames
from plg.protocol.header import DATA_HEADER, DATA_UP, path_byte
from plg.protocol.keys import DirectionKey
from plg.protocol.packet_crypto import PacketOpener, PacketSealer
from plg.protocol.payload_sender import MAX_DELAYED, MAX_REPEATED, Copy, CopyPlan, PayloadSender, make_plan
from plg.protocol.redundancy import STAGGER_S, Level

KEY = DirectionKey(bytes(32), bytes(12))


def sealer() -> PacketSealer:
    return PacketSealer(KEY, 1, 7, DATA_UP, 0.0)


def opened(opener: PacketOpener, datagram: bytes) -> bytes:
    t, _, p, seq32 = DATA_HEADER.unpack_from(datagram)
    body = opener.open(datagram, t, p, seq32)
    assert isinstance(body, bytes), body
    return body


def sender(level: Level, others: tuple[int, ...] = (1,), max_overhead: float = 3.0) -> PayloadSender:
    made = PayloadSender(max_overhead)
    made.plan = make_plan(level, 0, others)
    return made


@pytest.mark.parametrize(
    ("level", "others", "plan"),
    [
        (Level.SINGLE, (1,), CopyPlan(0, 0)),
        (Level.REPEAT, (1,), CopyPlan(0, 0, repeats=True)),
        (Level.DUAL, (2, 1), CopyPlan(0, 0, (Copy(2, path_byte(2, 1), 0.0),))),
        (Level.STAGGERED, (1,), CopyPlan(0, 0, (Copy(1, path_byte(1, 1), STAGGER_S),))),
        (Level.STAGGERED_REPEAT, (1,), CopyPlan(0, 0, (Copy(1, path_byte(1, 1), STAGGER_S),), repeats=True)),
        (Level.DUAL, (), CopyPlan(0, 0, repeats=True)),
        (Level.STAGGERED, (), CopyPlan(0, 0, (Copy(0, path_byte(0, 1), STAGGER_S),), repeats=True)),
    ],
)
def test_what_each_level_means_with_the_paths_there_are(level: Level, others: tuple[int, ...], plan: CopyPlan) -> None:
    assert make_plan(level, 0, others) == plan


def test_in_doubt_every_other_path_carries_a_copy_at_once() -> None:
    plan = make_plan(Level.SINGLE, 0, (1, 3), in_doubt=True)
    assert [(copy.path, copy.delay_s) for copy in plan.copies] == [(1, 0.0), (3, 0.0)]
    assert make_plan(Level.SINGLE, 0, (), in_doubt=True) == CopyPlan(0, 0)


def test_both_copies_have_one_number_and_open_to_the_same_body() -> None:
    made, seal = sender(Level.DUAL), sealer()
    out = made.send_payload(seal, 9, b"payload", 0.0)
    assert [path for path, _ in out] == [0, 1]
    for _, datagram in out:
        assert opened(PacketOpener(KEY, 1, DATA_UP), datagram) == b"\x09payload"
    assert seal.next_seq == 1
    assert made.sent_counts[:2] == [1, 1]


def test_a_staggered_copy_leaves_20_ms_later_and_counts_then() -> None:
    made = sender(Level.STAGGERED)
    assert [path for path, _ in made.send_payload(sealer(), 9, b"payload", 1.0)] == [0]
    assert made.sent_counts[:2] == [1, 0]
    assert made.next_due_s == 1.0 + STAGGER_S
    assert made.due(1.0 + STAGGER_S / 2) == []
    assert [path for path, _ in made.due(1.0 + STAGGER_S)] == [1]
    assert made.sent_counts[:2] == [1, 1]
    assert made.next_due_s is None


def test_the_payload_before_rides_along_and_names_its_number() -> None:
    made, seal, opener = sender(Level.REPEAT), sealer(), PacketOpener(KEY, 1, DATA_UP)
    made.send_payload(seal, 9, b"one", 0.0)
    seal.seal(b"\0")  # a control datagram between them
    ((_, datagram),) = made.send_payload(seal, 8, b"two", 0.1)
    body = opened(opener, datagram)
    assert list(read_frames(body[1:])) == [Repeat(2, 9, b"one"), Payload(8, b"two")]


def test_long_empty_or_ancient_payloads_are_not_repeated() -> None:
    made, seal = sender(Level.REPEAT), sealer()
    made.send_payload(seal, 9, bytes(MAX_REPEATED + 1), 0.0)
    ((_, datagram),) = made.send_payload(seal, 9, b"x", 0.0)
    assert opened(PacketOpener(KEY, 1, DATA_UP), datagram) == b"\x09x"
    ((_, datagram),) = made.send_payload(seal, 9, b"", 0.0)
    assert opened(PacketOpener(KEY, 1, DATA_UP), datagram) == b"\x09"
    seal.next_seq += 300
    ((_, datagram),) = made.send_payload(seal, 9, b"y", 0.0)
    assert len(datagram) == 32


def test_copies_stop_where_the_budget_does() -> None:
    made, seal = sender(Level.DUAL, max_overhead=1.0), sealer()
    assert all(len(made.send_payload(seal, 9, b"payload", 0.0)) == 1 for _ in range(20))


def test_new_keys_leave_nothing_of_the_old_ones() -> None:
    made, seal = sender(Level.STAGGERED_REPEAT), sealer()
    made.send_payload(seal, 9, b"payload", 0.0)
    made.restart()
    assert made.sent_counts == [0] * 8
    assert made.due(10.0) == []
    ((_, datagram),) = made.send_payload(sealer(), 9, b"next", 0.0)
    assert opened(PacketOpener(KEY, 1, DATA_UP), datagram) == b"\x09next"


def test_copies_that_wait_are_bounded() -> None:
    made, seal = sender(Level.STAGGERED, max_overhead=8.0), sealer()
    for _ in range(MAX_DELAYED + 50):
        made.send_payload(seal, 9, b"payload", 0.0)
    assert len(made.delayed) == MAX_DELAYED


def test_another_plan_makes_what_waits_due_at_once() -> None:
    made, seal = sender(Level.STAGGERED), sealer()
    made.send_payload(seal, 9, b"payload", 1.0)
    made.change_plan(made.plan)
    assert made.due(1.0) == []
    made.change_plan(make_plan(Level.SINGLE, 1, (0,)))
    assert [path for path, _ in made.due(1.0)] == [1]
