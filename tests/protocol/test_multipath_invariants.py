"""Whatever happens to a session over several paths, the invariants hold after every step (SPEC sections 6 and 10).

I1 each uplink datagram leaves at most once; I2 one source per flow unless the exit was switched; I3 only the active exit's downlink
reaches the game; I4 a key and nonce seal one content; I5 a transit sends to its client and its next hop only. And: nothing raises,
nothing is doubled to the player either, memory is bounded, and once everything is mended the match goes on.

PLG_SCHEDULES=1000000 runs more of them.
"""

import os
from random import Random

import pytest

from plg.lab.simulation.exit_model import ExitModel
from plg.lab.simulation.transit_model import Binding, TransitModel
from plg.protocol import packet_crypto, sequence_window
from plg.protocol.packet_crypto import PacketSealer
from support.forwarder_host import ForwarderHost
from support.multipath_schedules import (
    KINDS,
    Match,
    SealedOnce,
    failure_of,
    random_steps,
    relay_of,
    run_schedule,
    shortened,
)

SCHEDULES = int(os.environ.get("PLG_SCHEDULES", "10000"))
PARTS = 20
STEPS = 20


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
def test_the_invariants_hold_after_every_step_of_every_schedule(part: int) -> None:
    for seed in range(part * SCHEDULES // PARTS, (part + 1) * SCHEDULES // PARTS):
        steps = random_steps(Random(seed), STEPS)
        why = failure_of(seed, steps, relay_of(seed))
        if why is not None:
            short = shortened(seed, steps, relay_of(seed))
            pytest.fail(
                f"seed {seed}, {relay_of(seed)}: {why}\nshortened to {short}: {failure_of(seed, short, relay_of(seed))}"
            )


def test_the_same_schedule_has_the_same_end() -> None:
    steps = random_steps(Random(5), STEPS)
    assert failure_of(5, steps, ForwarderHost) == failure_of(5, steps, ForwarderHost) is None


def test_every_kind_of_step_is_drawn() -> None:
    assert {kind for kind, _, _ in random_steps(Random(1), 1000)} == set(KINDS)


# --- the checks would notice ------------------------------------------------------------------------------------------


def fails(seeds: range) -> str:
    """Why the first of these schedules fails; they are expected to."""
    found = (failure_of(seed, random_steps(Random(seed), STEPS), ExitModel) for seed in seeds)
    why = next((why for why in found if why is not None), None)
    assert why is not None, "no schedule noticed the fault"
    return why


def test_a_window_that_forgets_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packet_crypto, "REPLAY_WINDOW", 1 << 40)  # no number is stale
    monkeypatch.setattr(sequence_window, "REPLAY_WINDOW", 2)

    class Forgetful(list[int]):
        def __getitem__(self, _index: object) -> int:  # type: ignore[override]  # remembers no number at all
            return -1

        def __setitem__(self, _index: object, _value: object) -> None: ...

    def forget(window: sequence_window.SequenceWindow) -> None:
        window.top = -1
        window.ring = Forgetful()

    monkeypatch.setattr(sequence_window.SequenceWindow, "__init__", forget)
    assert "I1" in fails(range(30))


def test_a_nonce_that_is_used_twice_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    original = PacketSealer.seal

    def seal(sealer: PacketSealer, body: bytes, p: int = 0) -> bytes:
        if sealer.next_seq % 50 == 49:
            sealer.next_seq -= 1
        return original(sealer, body, p)

    monkeypatch.setattr(PacketSealer, "seal", seal)
    monkeypatch.setattr(packet_crypto, "make_aead", SealedOnce().make)
    with pytest.raises(AssertionError, match="I4"):
        run_schedule(1, [("play", 0, 900)] * 5, ExitModel)


def test_a_transit_that_sends_to_a_third_address_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    original = TransitModel._up

    def up(transit: TransitModel, datagram: bytes, kind: int, binding: Binding) -> None:
        original(transit, datagram, kind, binding)
        transit._network.send(datagram, transit._address, ("198.22.0.9", 9))

    monkeypatch.setattr(TransitModel, "_up", up)
    with pytest.raises(AssertionError, match="I5"):
        run_schedule(3, [("play", 0, 900)] * 2, ExitModel)


def test_an_exit_that_changes_its_port_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    original = ExitModel.stop

    def stop(relay: ExitModel) -> None:
        original(relay)
        relay._kept_ports = {}

    monkeypatch.setattr(ExitModel, "stop", stop)
    monkeypatch.setattr(ExitModel, "_open_client", _without_resume(ExitModel._open_client))
    steps = [("play", 0, 900), ("kill", 1, 100), ("play", 0, 900), ("play", 0, 900)]
    with pytest.raises(AssertionError, match="I2"):
        run_schedule(2, steps, ExitModel)


def _without_resume(original: object) -> object:
    from dataclasses import replace

    def open_client(relay: ExitModel, handshake: object, accepted: object) -> object:
        return original(relay, handshake, replace(accepted, resume=None))  # type: ignore[operator, type-var]  # as it is called

    return open_client


def test_a_match_that_does_not_go_on_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExitModel, "_from_game", lambda *_: None)
    with pytest.raises(AssertionError, match="16 of 16 down"):
        run_schedule(3, [], ExitModel)


def test_a_shortened_schedule_keeps_what_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(match: object, which: int, amount: int) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(Match, "_do_big", breaks)
    steps = [("play", 0, 10), ("weather", 1, 1), ("big", 0, 0), ("play", 0, 10)]
    assert shortened(1, steps, ExitModel) == [("big", 0, 0)]
