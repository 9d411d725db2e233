"""Sessions, allowances and tombstones."""

from hypothesis import given
from hypothesis import strategies as st

from plg.protocol.relay_session import RelaySession
from plg.protocol.ticket import ExitTicket, TicketCaps
from plg_relay.limits import TokenBucket
from plg_relay.session_table import Allowance, DestinationBudget, Session, SessionTable, wire_length


def a_session(cid: int, source: tuple[str, int] = ("90.0.0.1", 1), now_s: float = 0.0) -> Session:
    ticket = ExitTicket(cid, 1, 0, 10_000, b"k" * 32, 1, 1)
    protocol = RelaySession(ticket, 1, bytes(8), bytes)
    protocol.heard_at_s = now_s
    opens, denials = TokenBucket(1, 1, now_s), TokenBucket(1, 1, now_s)
    return Session(protocol, TicketCaps(), [], source, opens, denials, now_s)


def a_table() -> SessionTable:
    return SessionTable(0.0, session_idle_s=60.0, unix_offset_s=lambda: 0.0)


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(31, 1500)), max_size=80))
def test_an_allowance_never_lets_more_pass_than_its_two_buckets(steps: list[tuple[float, int]]) -> None:
    allowance, now, packets, volume = Allowance(10, 80, 0.0), 0.0, 0, 0
    for pause, length in steps:
        now += pause
        if allowance.take(length, now):
            packets, volume = packets + 1, volume + length
        assert packets <= 10 * (1 + now) + 1e-6
        assert volume <= 10_000 * (1 + now) + 1e-6


def test_narrower_caps_also_cut_what_was_saved() -> None:
    allowance = Allowance(100, 100, 0.0)
    allowance.change(3, 100)
    assert [allowance.take(50, 0.0) for _ in range(5)] == [True] * 3 + [False] * 2


def test_a_destination_budget_fills_up_with_time() -> None:
    budget = DestinationBudget(10.0, 0.0)
    assert sum(budget.take(0.0) for _ in range(50)) == 10
    assert sum(budget.take(0.5) for _ in range(50)) == 5


def test_sessions_are_counted_by_source_and_the_count_goes_down() -> None:
    table = a_table()
    first, second = a_session(1), a_session(2, ("90.0.0.1", 99))
    table.add(first)
    table.add(second)
    assert table.of_source(("90.0.0.1", 5)) == 2
    table.remove(first, 1.0)
    table.remove(second, 1.0)
    assert (table.of_source(("90.0.0.1", 5)), len(table)) == (0, 0)


def test_a_closed_id_is_remembered_for_fifteen_seconds() -> None:
    table = a_table()
    session = a_session(1)
    table.add(session)
    table.remove(session, 100.0)
    assert table.is_tombstone(1, 114.9)
    assert not table.is_tombstone(1, 115.1)
    table.expired(115.1)
    assert not table.is_tombstone(1, 100.0), "forgotten for good"


def test_a_session_opened_again_goes_on_with_what_it_had_left() -> None:
    table = a_table()
    before = a_session(1)
    table.add(before)
    before.up.packets_left = 3.0
    before.locked_until_s = 77.0
    table.remove(before, 1.0)
    again = a_session(1, now_s=2.0)
    table.add(again)
    assert (again.up.packets_left, again.locked_until_s) == (3.0, 77.0)


def test_what_is_silent_or_out_of_date_expires() -> None:
    table = a_table()
    silent, fresh = a_session(1), a_session(2)
    table.add(silent)
    table.add(fresh)
    fresh.protocol.heard_at_s = 50.0
    assert table.expired(20.0) == [silent]
    assert table.expires_at_s(fresh) == 10_060.0


def test_caps_are_counted_in_bytes_of_the_tunnel() -> None:
    assert wire_length(100) == 131
