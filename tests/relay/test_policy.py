"""What the server's word becomes."""

from plg.contract.relay_control import HeartbeatAnswer, PeerRelay, ProfileAcl, ProfileSet, RevokeRequest, TicketKey
from plg_relay.policy import MAX_NEXT_HOPS, NextHop, Policy, after_heartbeat, with_profiles, with_revocation

KEYS = [TicketKey(key_id=1, key="QUJD")]


def answer(**changes: object) -> HeartbeatAnswer:
    fields: dict[str, object] = {
        "server_time_ms": 0,
        "profiles_etag": "e",
        "ticket_keys": KEYS,
        "revoked_cids": [],
        "revoked_users": [],
        "denied_addresses": [],
        "probe_targets": [],
    }
    return HeartbeatAnswer(**(fields | changes))  # type: ignore[arg-type]  # the test's own table of fields


def test_an_answer_that_says_nothing_new_leaves_the_same_object() -> None:
    policy = Policy(ticket_keys=KEYS)
    assert after_heartbeat(policy, answer(), 10) is policy


def test_keys_revocations_and_denied_addresses_are_taken_over() -> None:
    new_keys = [*KEYS, TicketKey(key_id=2, key="REVG")]
    policy = after_heartbeat(
        Policy(ticket_keys=KEYS),
        answer(ticket_keys=new_keys, revoked_cids=["ab"], revoked_users=["cd"], denied_addresses=["1.2.3.4/32"]),
        0,
    )
    assert policy.ticket_keys == new_keys
    assert policy.all_revoked_cids() == {"ab"}
    assert policy.all_revoked_users() == {"cd"}
    assert policy.denied_addresses == ["1.2.3.4/32"]


def test_an_answer_without_keys_keeps_the_old_ones() -> None:
    assert after_heartbeat(Policy(ticket_keys=KEYS), answer(ticket_keys=[], disabled=True), 0).ticket_keys == KEYS


def test_a_small_wander_of_the_clock_is_not_a_change_and_a_step_is() -> None:
    policy = Policy(ticket_keys=KEYS)
    assert after_heartbeat(policy, answer(), 400) is policy
    assert after_heartbeat(policy, answer(), -60_000).clock_offset_ms == -60_000


def test_profiles_are_replaced_as_a_whole() -> None:
    profile = ProfileAcl(profile_id=1, revision=1, slug="game", rules=[])
    policy = with_profiles(Policy(ticket_keys=KEYS), ProfileSet(etag="e2", profiles=[profile]))
    assert (policy.profiles_etag, policy.profiles) == ("e2", [profile])


def test_own_revocations_add_to_the_servers_and_leave_at_their_expiry() -> None:
    policy = Policy(revoked_cids=["aa"])
    policy = with_revocation(policy, RevokeRequest(cid="bb", expires_at_s=100), 0)
    policy = with_revocation(policy, RevokeRequest(user_ref="cc", expires_at_s=300), 0)
    assert policy.all_revoked_cids() == {"aa", "bb"}
    assert policy.all_revoked_users() == {"cc"}
    policy = with_revocation(policy, RevokeRequest(cid="dd", expires_at_s=300), 200)
    assert policy.all_revoked_cids() == {"aa", "dd"}


def a_peer(*addresses: str, port: int = 443, token: str = "QUJD") -> PeerRelay:
    return PeerRelay(node_id="b", relay_id=2, addresses=list(addresses), port=port, ping_token=token)


def test_the_relays_that_the_server_names_are_the_next_hops_and_their_tokens_are_no_change() -> None:
    policy = after_heartbeat(
        Policy(ticket_keys=KEYS), answer(peers=[a_peer("9.1.1.1", "2600::1"), a_peer("9.1.1.2")]), 0
    )
    assert policy.next_hops == [NextHop("2600::1", 443), NextHop("9.1.1.1", 443), NextHop("9.1.1.2", 443)]
    later = answer(peers=[a_peer("9.1.1.2", token="REVG"), a_peer("2600::1", "9.1.1.1", token="RkdI")])
    assert after_heartbeat(policy, later, 0) is policy


def test_a_relay_that_is_named_no_more_stays_a_next_hop_for_two_minutes() -> None:
    policy = after_heartbeat(Policy(ticket_keys=KEYS), answer(peers=[a_peer("9.1.1.1")]), 0)
    gone = after_heartbeat(policy, answer(server_time_ms=1_000_000_500), 0)
    assert gone.next_hops == [NextHop("9.1.1.1", 443, gone_since_s=1_000_000)]
    assert after_heartbeat(gone, answer(server_time_ms=1_000_119_000), 0) is gone, "nothing is written meanwhile"
    assert after_heartbeat(gone, answer(server_time_ms=1_000_119_000, peers=[a_peer("9.1.1.1")]), 0) == policy
    assert after_heartbeat(gone, answer(server_time_ms=1_000_120_000), 0).next_hops == []


def test_however_the_list_changes_it_stays_bounded() -> None:
    policy, peers = Policy(ticket_keys=KEYS), [a_peer("9.9.9.9")]
    for number in range(12):
        peers = [a_peer(f"9.{number}.{high}.{low}", port=1 + low) for high in range(8) for low in range(64)]
        policy = after_heartbeat(policy, answer(server_time_ms=1_000_000_000 + number, peers=peers), 0)
    assert len(policy.next_hops) == MAX_NEXT_HOPS
    assert {hop.address for hop in policy.next_hops if not hop.gone_since_s} == {peer.addresses[0] for peer in peers}
