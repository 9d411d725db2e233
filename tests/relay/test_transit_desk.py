"""Who gets a binding at a transit, how it moves, and how it ends (SPEC section 10)."""

from dataclasses import replace
from ipaddress import ip_address

import msgspec
import pytest

from plg.protocol.client_handshake import ClientGrant, ClientHandshake
from plg.protocol.constants import HELLO_LENGTH
from plg.protocol.destination import pack_address
from plg.protocol.errors import CloseReason, DropReason, WelcomeStatus
from plg.protocol.handshake import Cookie, Welcome, parse_cookie
from plg.protocol.ticket import ROLE_TRANSIT, ExitTicket, TransitTicket, seal_ticket, seal_transit_ticket
from plg_relay.policy import NextHop
from plg_relay.session_table import UNCONFIRMED_IDLE_S
from plg_relay.transit_table import TRANSIT_IDLE_S
from support.mutation import Mutator, fuzz_inputs
from support.relay_bench import (
    HOME,
    KEY_ID,
    PROFILE_ID,
    RELAY_ID,
    TICKET_KEY,
    UNIX_S,
    RelayBench,
    Source,
    a_grant,
    a_policy,
)
from support.transit_bench import (
    CID,
    EXIT,
    NONCE,
    OTHER_EXIT,
    SELF,
    STRANGER,
    TransitBench,
    a_transit_ticket,
    data_down,
    data_up,
    exits_policy,
    limits,
    transit_hello,
)

ROAMED: Source = ("84.17.99.2", 1234)


def status_of(welcome: Welcome | None) -> WelcomeStatus:
    assert welcome is not None
    return welcome.status


def test_a_client_with_a_ticket_gets_a_binding_and_hears_its_caps_and_its_address() -> None:
    bench = TransitBench.make()
    welcome = bench.ask(a_transit_ticket(pps=700, kbit=1600))
    assert welcome is not None
    assert welcome.status is WelcomeStatus.OK
    assert (str(welcome.observed_address), welcome.observed_port) == HOME
    assert (welcome.packets_per_second, welcome.kbit_per_second_up, welcome.flows) == (700, 1600, 0)
    (binding,) = bench.relay.forwarder.transits.table.bindings()
    assert (binding.cid, binding.client, binding.next_hop) == (CID, HOME, EXIT)
    assert bench.relay.forwarder.counters.transits_opened == 1


def test_the_clients_own_hand_shake_binds_a_path_with_cookies_and_all() -> None:
    bench = TransitBench.make(hellos_per_second=0.0)
    ticket = a_transit_ticket()
    token = seal_transit_ticket(ticket, TICKET_KEY, KEY_ID, RELAY_ID, bytes(12))
    grant = ClientGrant(CID, ticket.secret, token, RELAY_ID)
    offset_ms = (UNIX_S - 1000.0) * 1000
    handshake = ClientHandshake(bench.relay.random.randbytes, offset_ms, role=ROLE_TRANSIT, path=2)
    ((cookie, _),) = bench.says(HOME, handshake.start(grant, bench.relay.now_s))
    again = handshake.receive_cookie(cookie, grant, bench.relay.now_s)
    assert isinstance(again, bytes)
    ((answer, _),) = bench.says(HOME, again)
    welcome = handshake.receive_welcome(answer, grant)
    assert not isinstance(welcome, DropReason)
    assert status_of(welcome[0]) is WelcomeStatus.OK
    (binding,) = bench.relay.forwarder.transits.table.bindings()
    assert binding.is_shown, "the cookie came back from where it was sent"
    assert len(bench.says(EXIT, *[data_down(1400)] * 9)) == 9


@pytest.mark.parametrize(
    ("next_hop", "status"),
    [
        (EXIT, WelcomeStatus.OK),
        ((EXIT[0], 27015), WelcomeStatus.NEXT_HOP_DENIED),
        (("93.184.216.34", 27015), WelcomeStatus.NEXT_HOP_DENIED),
        (("127.0.0.1", 443), WelcomeStatus.NEXT_HOP_DENIED),
        (("10.0.0.1", 443), WelcomeStatus.NEXT_HOP_DENIED),
        (("224.0.0.1", 443), WelcomeStatus.NEXT_HOP_DENIED),
        (SELF, WelcomeStatus.NEXT_HOP_DENIED),
        (("2600::1", 443), WelcomeStatus.NEXT_HOP_DENIED),
    ],
)
def test_the_next_hop_is_a_relay_that_the_server_named_and_our_socket_reaches(
    next_hop: Source, status: WelcomeStatus
) -> None:
    named = (EXIT, SELF, ("127.0.0.1", 443), ("10.0.0.1", 443), ("224.0.0.1", 443), ("2600::1", 443))
    bench = TransitBench.make(exits_policy(*named))
    assert status_of(bench.ask(a_transit_ticket(next_hop=next_hop))) is status
    assert len(bench) == (status is WelcomeStatus.OK)


def test_a_socket_for_both_families_reaches_both_and_knows_ipv4_by_its_mapped_form() -> None:
    bench = TransitBench.make(exits_policy(EXIT, ("2600::1", 443)), limits(bound="::"))
    mapped, client = (f"::ffff:{EXIT[0]}", EXIT[1]), (f"::ffff:{HOME[0]}", HOME[1])
    bench.bind(a_transit_ticket(), client)
    assert bench.says(client, data_up()) == [(data_up(), mapped)]
    assert bench.says(mapped, data_down()) == [(data_down(), client)]
    bench.bind(a_transit_ticket(CID + 1, ("2600::1", 443)), ("2001:470::5", 5))
    assert bench.says(("2001:470::5", 5), data_up(cid=CID + 1))[0][1] == ("2600::1", 443)


def test_in_a_lab_private_next_hops_are_allowed_but_never_ourselves() -> None:
    lab = limits(bound="127.0.0.5")
    bench = TransitBench(RelayBench(allow_private=True, transit=replace(lab, own_ports=frozenset({4430}))))
    assert status_of(bench.ask(a_transit_ticket(1, ("127.0.0.1", 4430)))) is WelcomeStatus.OK
    assert status_of(bench.ask(a_transit_ticket(2, ("10.9.9.9", 5)))) is WelcomeStatus.OK
    assert status_of(bench.ask(a_transit_ticket(3, ("127.0.0.5", 4430)))) is WelcomeStatus.NEXT_HOP_DENIED
    everywhere = TransitBench(RelayBench(allow_private=True, transit=limits()))
    assert status_of(everywhere.ask(a_transit_ticket(4, ("127.0.0.77", SELF[1])))) is WelcomeStatus.NEXT_HOP_DENIED
    assert status_of(everywhere.ask(a_transit_ticket(5, (SELF[0], SELF[1])))) is WelcomeStatus.NEXT_HOP_DENIED


@pytest.mark.parametrize("source", [OTHER_EXIT, EXIT, SELF])
def test_a_relay_is_nobodys_client_so_relays_are_not_chained_to_a_ring(source: Source) -> None:
    bench = TransitBench.make()
    assert status_of(bench.ask(source=source)) is WelcomeStatus.NO_TRANSIT
    assert len(bench) == 0


def test_a_relay_that_does_not_forward_says_so_and_keeps_nothing() -> None:
    bench = TransitBench(RelayBench(exits_policy()))
    assert status_of(bench.ask()) is WelcomeStatus.NO_TRANSIT
    assert len(bench) == 0


def test_the_exit_of_a_session_is_not_its_transit_too() -> None:
    bench = TransitBench.make()
    bench.relay.player(a_grant(cid=CID))
    assert status_of(bench.ask(later_s=0.001)) is WelcomeStatus.NO_TRANSIT
    assert len(bench) == 0


def test_the_limits_hold_in_all_and_for_each_source() -> None:
    bench = TransitBench.make(given=limits(most=5, per_address=3))
    asked = [status_of(bench.ask(a_transit_ticket(cid))) for cid in range(1, 5)]
    assert asked == [WelcomeStatus.OK] * 3 + [WelcomeStatus.TOO_MANY_SESSIONS]
    elsewhere = [status_of(bench.ask(a_transit_ticket(cid), (f"90.0.0.{cid}", 1))) for cid in range(11, 14)]
    assert elsewhere == [WelcomeStatus.OK] * 2 + [WelcomeStatus.FULL]
    bench.pass_time(1.0)
    assert status_of(bench.ask(a_transit_ticket(1), later_s=1, nonce=b"2" * 16)) is WelcomeStatus.OK, "its own renewal"
    moved = bench.ask(a_transit_ticket(11), HOME, later_s=1, nonce=b"2" * 16)
    assert status_of(moved) is WelcomeStatus.TOO_MANY_SESSIONS, "a move to a full source"
    assert bench.says(("90.0.0.11", 1), data_up(cid=11)), "and the old place stays"


def test_revoked_sessions_get_no_binding_and_lose_the_one_they_have() -> None:
    bench = TransitBench.make()
    bench.bind()
    bench.relay.apply(msgspec.structs.replace(exits_policy(), revoked_cids=[f"{CID:016x}"]))
    assert len(bench) == 0
    assert status_of(bench.ask(later_s=1)) is WelcomeStatus.REVOKED
    assert bench.drops[DropReason.REVOKED] == 1


def test_a_next_hop_that_is_no_relay_any_more_ends_its_bindings_alone() -> None:
    bench = TransitBench.make()
    bench.bind(a_transit_ticket(1, EXIT))
    bench.bind(a_transit_ticket(2, OTHER_EXIT))
    bench.relay.apply(exits_policy(OTHER_EXIT))
    assert [binding.cid for binding in bench.relay.forwarder.transits.table.bindings()] == [2]


def test_a_drain_refuses_new_bindings_lets_the_old_ones_move_and_ends_them_at_its_end() -> None:
    bench = TransitBench.make()
    bench.bind()
    bench.relay.forwarder.start_drain(30)
    assert status_of(bench.ask(a_transit_ticket(CID + 1))) is WelcomeStatus.DRAINING
    bench.bind(source=ROAMED, later_s=1)
    assert bench.says(ROAMED, data_up()) == [(data_up(), EXIT)]
    bench.relay.forwarder.end_all(CloseReason.DRAINED, bench.relay.now_s)
    assert len(bench) == 0
    assert bench.relay.forwarder.counters.transits_closed == 1


def test_a_disabled_relay_takes_no_new_bindings() -> None:
    bench = TransitBench.make(msgspec.structs.replace(exits_policy(), disabled=True))
    assert status_of(bench.ask()) is WelcomeStatus.DRAINING


def test_a_silent_client_is_forgotten_after_a_minute_whatever_the_exit_sends() -> None:
    bench = TransitBench.make()
    bench.bind()
    for _ in range(int(TRANSIT_IDLE_S) + 2):
        bench.says(EXIT, data_down())
        bench.pass_time(1.0)
    assert len(bench) == 0
    bench.bind(later_s=1)
    for _ in range(int(TRANSIT_IDLE_S) + 20):
        bench.says(HOME, data_up())
        bench.pass_time(1.0)
    assert len(bench) == 1


def test_a_client_that_never_spoke_after_its_hello_is_forgotten_soon() -> None:
    bench = TransitBench.make()
    bench.ask()
    bench.pass_time(UNCONFIRMED_IDLE_S + 2.5)
    assert len(bench) == 0


def test_a_binding_ends_with_its_ticket_and_lives_on_with_a_newer_one() -> None:
    bench = TransitBench.make()
    bench.bind(a_transit_ticket(1, life_s=100))
    bench.bind(a_transit_ticket(2, life_s=100))
    for second in range(200):
        bench.says(HOME, data_up(cid=1), data_up(cid=2))
        if second == 50:
            bench.bind(a_transit_ticket(2, life_s=4000), later_s=1)
        bench.pass_time(1.0)
    assert [binding.cid for binding in bench.relay.forwarder.transits.table.bindings()] == [2]


def test_a_newer_hello_moves_the_binding_and_the_old_address_is_a_stranger_then() -> None:
    bench = TransitBench.make()
    bench.bind()
    bench.bind(source=ROAMED, later_s=0.5)
    assert bench.says(ROAMED, data_up()) == [(data_up(), EXIT)]
    assert bench.says(EXIT, data_down()) == [(data_down(), ROAMED)]
    assert bench.says(HOME, data_up()) == []
    assert len(bench) == 1


def test_a_move_to_another_exit_leaves_the_first_one_without_a_say() -> None:
    bench = TransitBench.make()
    bench.bind()
    bench.bind(a_transit_ticket(next_hop=OTHER_EXIT), later_s=0.5)
    assert bench.says(EXIT, data_down()) == []
    assert bench.says(OTHER_EXIT, data_down()) == [(data_down(), HOME)]


def test_a_hello_renewed_at_the_same_address_interrupts_nothing() -> None:
    bench = TransitBench.make()
    bench.bind()
    assert status_of(bench.ask(later_s=1, nonce=b"2" * 16)) is WelcomeStatus.OK
    assert len(bench.says(EXIT, *[data_down(1400)] * 9)) == 9


def test_a_replayed_hello_takes_no_path_over_once_its_client_was_heard() -> None:
    bench = TransitBench.make()
    bench.bind()
    captured = transit_hello(a_transit_ticket(), bench.unix_s, nonce=bytes(16))
    assert bench.says(STRANGER, captured) == []
    assert bench.drops == {DropReason.HELLO_STALE: 1}
    assert bench.says(EXIT, data_down()) == [(data_down(), HOME)]
    older = transit_hello(a_transit_ticket(), bench.unix_s - 1, nonce=b"o" * 16)
    assert bench.says(STRANGER, older) == []
    assert bench.drops[DropReason.HELLO_STALE] == 2


def test_the_same_hello_from_where_the_nat_now_shows_the_client_moves_a_binding_that_nobody_used() -> None:
    bench = TransitBench.make()
    assert status_of(bench.ask()) is WelcomeStatus.OK
    assert status_of(bench.ask(source=ROAMED)) is WelcomeStatus.OK
    assert bench.says(ROAMED, data_up()) == [(data_up(), EXIT)]


def test_after_the_end_of_a_binding_its_last_hello_cannot_be_replayed() -> None:
    bench = TransitBench.make()
    bench.bind()
    assert bench.relay.forwarder.transits.end_cid(CID)
    assert not bench.relay.forwarder.transits.end_cid(CID)
    assert bench.says(STRANGER, transit_hello(a_transit_ticket(), bench.unix_s, nonce=bytes(16))) == []
    assert status_of(bench.ask(later_s=0.1)) is WelcomeStatus.OK


def test_saying_hello_again_does_not_refill_the_caps() -> None:
    bench = TransitBench.make()
    ticket = a_transit_ticket(pps=20)
    bench.bind(ticket)
    passed = 0
    for number in range(1, 5):
        bench.ask(ticket, later_s=number / 1000, nonce=bytes([number]) * 16)
        passed += len(bench.says(HOME, *[data_up()] * 20))
    assert passed <= 20


def test_hellos_for_an_exit_through_a_transit_are_not_counted_against_the_transits_address() -> None:
    """At the exit: all players behind one transit have its address."""
    bench = RelayBench(sessions_per_address=2)
    assert bench.forwarder.table.of_source(EXIT) == 0
    for cid in range(1, 6):
        grant = through(EXIT, cid)
        handshake = ClientHandshake(bench.random.randbytes, (UNIX_S - 1000.0) * 1000, path=1)
        ((answer, address),) = bench.receive(handshake.start(grant, bench.now_s), EXIT)
        assert address == EXIT
        welcome = handshake.receive_welcome(answer, grant)
        assert not isinstance(welcome, DropReason)
        assert welcome[0].status is WelcomeStatus.OK
    assert len(bench.forwarder.table) == 5


def through(transit: Source, cid: int) -> ClientGrant:
    ticket = ExitTicket(
        cid, 5, int(UNIX_S), int(UNIX_S) + 3600, b"K" * 32, PROFILE_ID, 1, max_paths=2,
        transits=((1, pack_address(ip_address(transit[0]))),),
    )  # fmt: skip
    return ClientGrant(cid, ticket.secret, seal_ticket(ticket, TICKET_KEY, KEY_ID, RELAY_ID, bytes(12)), RELAY_ID)


def test_fuzz_a_mutated_transit_hello_binds_nothing_and_gets_no_longer_answer() -> None:
    bench = TransitBench.make(hellos_per_second=1e9)
    genuine = transit_hello(a_transit_ticket(), UNIX_S)
    for number, datagram in enumerate(Mutator([genuine], seed=5).inputs(fuzz_inputs(30_000))):
        if datagram == genuine:
            continue
        source = (f"90.{number >> 16}.{number >> 8 & 255}.{number & 255}", 9)
        sent = bench.says(source, datagram)
        assert sum(len(answer) for answer, _ in sent) <= len(datagram)
        assert all(address == source for _, address in sent)
    assert len(bench) == 0


def test_a_flood_of_forged_transit_hellos_is_answered_by_cookies_and_keeps_nothing() -> None:
    bench = TransitBench.make(hellos_per_second=100)
    template = transit_hello(a_transit_ticket(), UNIX_S)
    for number in range(3000):
        forged = template[:20] + number.to_bytes(4, "big") + template[24:]
        sent = bench.says((f"90.{number >> 8}.{number & 255}.1", 9), forged)
        assert all(len(answer) < HELLO_LENGTH for answer, _ in sent)
    assert len(bench) == 0
    assert bench.relay.forwarder.counters.cookies_sent >= 2800
    cookie = parse_cookie(bench.says(HOME, template)[0][0])
    assert isinstance(cookie, Cookie)
    assert status_of(bench.ask(cookie=cookie)) is WelcomeStatus.OK


def test_a_stolen_ticket_without_its_secret_binds_nothing() -> None:
    bench = TransitBench.make()
    stolen = replace(a_transit_ticket(), secret=b"?" * 32)
    token = seal_transit_ticket(a_transit_ticket(), TICKET_KEY, KEY_ID, RELAY_ID, b"ticket nonce")
    grant = ClientGrant(CID, stolen.secret, token, RELAY_ID)
    handshake = ClientHandshake(bench.relay.random.randbytes, (UNIX_S - 1000.0) * 1000, role=ROLE_TRANSIT, path=1)
    assert bench.says(STRANGER, handshake.start(grant, bench.relay.now_s)) == []
    assert bench.drops == {DropReason.HELLO_FORGED: 1}


def test_tickets_that_no_server_seals_do_not_even_open() -> None:
    bench = TransitBench.make(a_policy())
    assert status_of(bench.ask()) is WelcomeStatus.NEXT_HOP_DENIED, "no relays named: no next hop"
    assert NextHop("1.2.3.4", 5) not in bench.relay.policy.next_hops
    ended: TransitTicket = a_transit_ticket(CID + 1, life_s=1)
    bench.relay.now_s += 100
    assert bench.says(HOME, transit_hello(ended, bench.unix_s, nonce=NONCE)) == []
    assert bench.drops == {DropReason.TICKET_EXPIRED: 1}
