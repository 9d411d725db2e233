"""Which ports face game servers."""

from pathlib import Path

from plg_relay.game_ports import BOOT_FILE, OTHER_HALF_AFTER_S, TRIES, GamePorts, next_boot_parity


def test_right_after_the_start_only_this_boots_half_is_given_out() -> None:
    ports = GamePorts(40000, 40009, parity=1, started_s=0.0)
    assert sorted(ports.candidates(0.0, start=123)) == [40001, 40003, 40005, 40007, 40009]


def test_later_the_other_half_follows_the_own_one() -> None:
    ports = GamePorts(40000, 40009, parity=1, started_s=0.0)
    found = list(ports.candidates(OTHER_HALF_AFTER_S, start=2))
    assert [port % 2 for port in found] == [1] * 5 + [0] * 5


def test_a_taken_port_is_not_offered_until_it_is_released() -> None:
    ports = GamePorts(40000, 40003, parity=0, started_s=0.0)
    assert ports.take(40002)
    assert not ports.take(40002)
    assert list(ports.candidates(0.0, 0)) == [40000]
    assert ports.taken == 1
    ports.release(40002)
    assert sorted(ports.candidates(0.0, 0)) == [40000, 40002]


def test_a_port_outside_the_range_is_never_taken() -> None:
    ports = GamePorts(40000, 40003, parity=0, started_s=0.0)
    assert not ports.take(22)
    assert not ports.take(40004)


def test_the_search_for_a_port_is_bounded() -> None:
    ports = GamePorts(1024, 65535, parity=0, started_s=0.0)
    assert len(list(ports.candidates(99.0, 5))) == TRIES


def test_each_boot_uses_the_other_half(tmp_path: Path) -> None:
    seen = [next_boot_parity(tmp_path) for _ in range(4)]
    assert seen == [0, 1, 0, 1]
    (tmp_path / BOOT_FILE).write_bytes(b"damaged" * 100)
    assert next_boot_parity(tmp_path) == 0
