"""The server's policy, parsed: what is wrong in it is left out and never widens anything."""

from ipaddress import ip_address, ip_network

import msgspec
import pytest

from plg.contract.relay_control import ProfileAcl, ProfileRule, TicketKey
from plg.protocol.ticket import ExitTicket
from plg_relay.policy import NextHop
from plg_relay.rules import Rules, compile_rules
from support.relay_bench import KEY_ID, PROFILE_ID, TICKET_KEY, a_policy, a_profile


def a_ticket(*, cid: int = 1, user_ref: int = 2, profile_id: int = PROFILE_ID, revision: int = 1) -> ExitTicket:
    return ExitTicket(cid, user_ref, 0, 1, b"k" * 32, profile_id, revision)


def compiled(*rules: ProfileRule) -> Rules:
    profile = ProfileAcl(profile_id=PROFILE_ID, revision=1, slug="game", rules=list(rules))
    return compile_rules(a_policy(profile), (), allow_private=False)


def allows(rules: Rules, address: str, port: int) -> bool:
    access = rules.access(a_ticket())
    return access is not None and any(entry.allows(ip_address(address), port) for entry in access)


def test_prefixes_and_port_ranges_are_enforced() -> None:
    rules = compiled(ProfileRule(cidrs=["5.5.0.0/16"], ports=["27015", "28000-28010"]))
    assert allows(rules, "5.5.1.1", 27015)
    assert allows(rules, "5.5.1.1", 28010)
    assert not allows(rules, "5.5.1.1", 28011)
    assert not allows(rules, "5.6.1.1", 27015)


def test_a_bad_prefix_is_left_out_and_the_good_one_beside_it_stays(caplog: pytest.LogCaptureFixture) -> None:
    rules = compiled(ProfileRule(cidrs=["5.5.0.0/99", "6.6.0.0/16"], ports=[]))
    assert allows(rules, "6.6.6.6", 2000)
    assert not allows(rules, "5.5.5.5", 2000)
    assert "5.5.0.0/99" in caplog.text


def test_a_rule_whose_ports_are_all_unreadable_does_not_open_every_port(caplog: pytest.LogCaptureFixture) -> None:
    rules = compiled(ProfileRule(cidrs=["5.5.0.0/16"], ports=["9-3", "70000"]))
    assert not allows(rules, "5.5.5.5", 2000)
    assert "not a port range" in caplog.text


def test_a_profile_that_is_unknown_or_older_than_the_ticket_is_none() -> None:
    rules = compiled()
    assert rules.access(a_ticket(profile_id=99)) is None
    assert rules.access(a_ticket(revision=2)) is None
    assert rules.access(a_ticket(revision=0)) is not None


def test_keys_that_are_no_keys_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    policy = a_policy(a_profile())
    bad = [
        TicketKey(key_id=2, key="QUJD"),
        TicketKey(key_id=3, key="%%%"),
        TicketKey(key_id=300, key=policy.ticket_keys[0].key),
    ]
    rules = compile_rules(
        msgspec.structs.replace(policy, ticket_keys=[*policy.ticket_keys, *bad]), (), allow_private=False
    )
    assert rules.ticket_keys == {KEY_ID: TICKET_KEY}
    assert caplog.text.count("not usable") == 3


def test_revocations_by_session_and_by_user_count() -> None:
    policy = msgspec.structs.replace(a_policy(), revoked_cids=[f"{1:016x}", "junk"], revoked_users=[f"{9:016x}"])
    rules = compile_rules(policy, (), allow_private=False)
    assert rules.is_revoked(a_ticket())
    assert rules.is_revoked(a_ticket(cid=5, user_ref=9))
    assert not rules.is_revoked(a_ticket(cid=5))


def test_our_own_and_other_relays_addresses_are_denied_and_in_a_lab_private_ones_are_not() -> None:
    policy = msgspec.structs.replace(a_policy(), denied_addresses=["9.9.9.9/32", "10.0.0.1/32"])
    own = (ip_network("8.8.4.4/32"), ip_network("127.0.0.1/32"))
    assert len(compile_rules(policy, own, allow_private=False).denied) == 4
    lab = compile_rules(policy, own, allow_private=True).denied
    assert set(map(str, lab)) == {"9.9.9.9/32", "8.8.4.4/32"}


HOPS = ["93.184.217.1", "2600::1", "10.0.0.1", "127.0.0.1", "192.0.2.1", "::ffff:93.184.217.2", "no address"]


@pytest.mark.parametrize(
    ("address", "port", "outside", "in_a_lab"),
    [
        ("93.184.217.1", 443, True, True),
        ("93.184.217.1", 444, False, False),
        ("93.184.217.2", 443, True, True),
        ("93.184.217.9", 443, False, False),
        ("2600::1", 443, True, True),
        ("10.0.0.1", 443, False, True),
        ("10.0.0.2", 9, False, True),
        ("127.0.0.1", 443, False, True),
        ("192.0.2.1", 443, False, False),
        ("224.0.0.1", 443, False, False),
    ],
)
def test_a_transit_forwards_to_named_relays_and_in_a_lab_to_private_addresses(
    address: str, port: int, outside: bool, in_a_lab: bool, caplog: pytest.LogCaptureFixture
) -> None:
    policy = msgspec.structs.replace(a_policy(), next_hops=[NextHop(text, 443) for text in HOPS])
    for allow_private, expected in ((False, outside), (True, in_a_lab)):
        rules = compile_rules(policy, (), allow_private=allow_private)
        assert rules.is_next_hop(ip_address(address), port) is expected
    assert "no address" in caplog.text
