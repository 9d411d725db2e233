"""Bindings of a transit: by session id, counted by source, gone in time."""

from plg.protocol.handshake import Hello
from plg.protocol.ticket import ROLE_TRANSIT, TransitTicket
from plg_relay.session_table import UNCONFIRMED_IDLE_S
from plg_relay.transit_table import TRANSIT_IDLE_S, Binding, TransitTable, key_of

HOME, ROAMED, EXIT = ("90.0.0.1", 1), ("90.0.0.2", 2), ("91.0.0.1", 443)


def a_hello(cid: int = 5, ts_ms: int = 1, nonce: bytes = b"n") -> Hello:
    return Hello(cid, 1, ts_ms, nonce, b"", role=ROLE_TRANSIT)


def a_ticket(cid: int = 5, *, expires_at_s: int = 10_000, pps: int = 10) -> TransitTicket:
    return TransitTicket(cid, 0, expires_at_s, bytes(32), bytes(16), 443, pps, 1000, 1000)


def a_binding(
    cid: int = 5, *, client: tuple[str, int] = HOME, now_s: float = 0.0, expires_at_s: int = 10_000
) -> Binding:
    return Binding(a_hello(cid), a_ticket(cid, expires_at_s=expires_at_s), client, EXIT, now_s)


def a_table() -> TransitTable:
    return TransitTable(0.0, lambda: 0.0)


def gone_at(table: TransitTable, until_s: int) -> int | None:
    return next((second for second in range(until_s) if table.expired(float(second))), None)


def test_a_binding_is_found_by_the_bytes_of_a_datagram() -> None:
    table, binding = a_table(), a_binding(0x0102)
    table.add(binding)
    assert table.by_key[bytes(6) + b"\1\2"] is binding is table.get(0x0102)
    assert key_of(2**64 - 1) == b"\xff" * 8
    assert table.get(1) is None


def test_bindings_are_counted_by_source_also_when_they_move_and_go() -> None:
    table = a_table()
    first, second = a_binding(1), a_binding(2)
    table.add(first)
    table.add(second)
    table.move(first, a_hello(1, 2), a_ticket(1), ROAMED, EXIT, 1.0)
    assert (table.of_source(HOME), table.of_source(ROAMED)) == (1, 1)
    table.remove(first)
    table.remove(second)
    assert (table.of_source(HOME), table.of_source(ROAMED), len(table), table.bindings()) == (0, 0, 0, [])


def test_a_silent_client_is_forgotten_after_a_minute_and_one_never_heard_after_ten_seconds() -> None:
    table, binding = a_table(), a_binding()
    table.add(binding)
    assert gone_at(table, 100) in (int(UNCONFIRMED_IDLE_S), int(UNCONFIRMED_IDLE_S) + 1, int(UNCONFIRMED_IDLE_S) + 2)
    table, binding = a_table(), a_binding()
    binding.is_shown = True
    table.add(binding)
    gone = gone_at(table, 100)
    assert gone is not None
    assert TRANSIT_IDLE_S <= gone <= TRANSIT_IDLE_S + 2


def test_a_binding_that_is_used_stays_until_its_ticket_ends_and_a_minute_more() -> None:
    table, binding = a_table(), a_binding(expires_at_s=200)
    binding.is_shown = True
    table.add(binding)
    for second in range(400):
        binding.heard_at_s = float(second)
        if table.expired(float(second)):
            break
    assert 260 <= second <= 262


def test_what_was_removed_does_not_expire_again() -> None:
    table, binding = a_table(), a_binding()
    table.add(binding)
    table.remove(binding)
    assert gone_at(table, 100) is None


def test_a_newer_hello_at_the_same_address_keeps_what_was_shown_and_what_was_spent() -> None:
    binding = a_binding()
    binding.is_shown = True
    assert all(binding.up.take(31, 0.0) for _ in range(10))
    binding.take(a_hello(ts_ms=2), a_ticket(), HOME, EXIT, 0.0)
    assert binding.is_shown
    assert not binding.up.take(31, 0.0)


def test_a_new_address_has_everything_to_show() -> None:
    binding = a_binding()
    binding.is_shown, binding.unshown_bytes_left = True, 500
    binding.take(a_hello(ts_ms=2), a_ticket(), ROAMED, EXIT, 0.0)
    assert (binding.is_shown, binding.unshown_bytes_left, binding.client) == (False, 0, ROAMED)


def test_a_repeat_has_the_time_and_the_nonce_of_the_first() -> None:
    binding = a_binding()
    assert binding.is_repeat(a_hello())
    assert not binding.is_repeat(a_hello(ts_ms=2))
    assert not binding.is_repeat(a_hello(nonce=b"m"))
