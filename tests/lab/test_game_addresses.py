"""The four ways of game servers with a changed address."""

import pytest

from plg.contract.games import AddressChange
from plg.lab.game_addresses import PROOF_BYTES, AddressPolicy, AddressRule

HOME, OTHER_PORT, OTHER_HOST = ("192.0.2.1", 5000), ("192.0.2.1", 5001), ("192.0.2.9", 5000)
KEY = (7, 0)


@pytest.mark.parametrize("policy", list(AddressPolicy))
def test_only_port_only_follows_without_a_proof_and_only_a_port(policy: AddressPolicy) -> None:
    rule = AddressRule(policy)
    assert rule.follows_at_once(HOME, HOME)
    assert rule.follows_at_once(HOME, OTHER_PORT) == (policy is AddressPolicy.PORT_ONLY)
    assert not rule.follows_at_once(HOME, OTHER_HOST)


def test_a_cookie_belongs_to_an_address_and_a_ticket_to_a_player() -> None:
    agile, sdr = AddressRule(AddressPolicy.AGILE), AddressRule(AddressPolicy.SDR)
    assert agile.credential(KEY, HOME) != agile.credential(KEY, OTHER_PORT)
    assert sdr.credential(KEY, HOME) == sdr.credential(KEY, OTHER_HOST)
    assert sdr.credential(KEY, HOME) != sdr.credential((8, 0), HOME)


def test_proofs_are_of_this_server_this_player_and_this_address() -> None:
    rule = AddressRule(AddressPolicy.AGILE)
    proof = rule.challenge(KEY, HOME)
    assert 0 <= proof < 256**PROOF_BYTES
    assert proof == rule.challenge(KEY, HOME)
    others = [rule.challenge(KEY, OTHER_PORT), rule.challenge((7, 1), HOME), rule.credential(KEY, HOME)]
    assert proof not in [*others, AddressRule(AddressPolicy.AGILE).challenge(KEY, HOME)]


def test_each_is_a_value_of_the_catalogue_or_counts_as_agile_there() -> None:
    in_catalogue = {change.value for change in AddressChange}
    assert {policy.value for policy in AddressPolicy} - in_catalogue == {"sdr"}
