from random import Random

from plg.protocol.relay_paths import FRESH_FOR_S, NOWHERE, RelayPaths, count_try
from support.protocol_pair import TRANSIT_SOURCE, make_ticket

TICKET = make_ticket(max_paths=3, transits=((1, TRANSIT_SOURCE[0]),))
CLIENT = ("192.0.2.9", 40000)
ELSEWHERE = ("192.0.2.10", 41000)


def paths() -> RelayPaths:
    made = RelayPaths(TICKET, Random(1).randbytes)
    made.restart(0, CLIENT, 0.0)
    return made


def prove(made: RelayPaths, path: int, source: tuple[str, int], seq: int, now: float) -> None:
    back = made.by_id[path]
    trial = made.try_address(back, source, 100, seq, now)
    assert trial is not None
    assert made.answered(back, trial.challenge, source)
    back.heard_at_s = now


def test_a_path_with_a_transit_is_only_the_transits_in_both_forms_of_its_address() -> None:
    made = paths()
    assert made.allows(1, TRANSIT_SOURCE)
    assert made.allows(1, ("::ffff:203.0.113.1", 9))
    assert not made.allows(1, CLIENT)
    assert made.allows(2, CLIENT)
    assert made.allows(2, ELSEWHERE)


def test_paths_beyond_the_ticket_do_not_exist() -> None:
    made = paths()
    assert not made.allows(3, CLIENT)
    assert not made.allows(7, TRANSIT_SOURCE)


def test_a_newer_ticket_with_another_transit_forgets_the_path() -> None:
    made = paths()
    prove(made, 1, TRANSIT_SOURCE, 5, 1.0)
    made.use_ticket(make_ticket(max_paths=3, transits=((1, "203.0.113.77"),)))
    assert made.by_id[1].address == NOWHERE
    assert not made.allows(1, TRANSIT_SOURCE)
    made.use_ticket(make_ticket(max_paths=3, transits=((1, "203.0.113.77"),)))
    assert made.by_id[0].address == CLIENT


def test_an_address_is_used_once_it_has_answered_its_own_challenge() -> None:
    made = paths()
    back = made.by_id[2]
    trial = made.try_address(back, ELSEWHERE, 100, 5, 1.0)
    assert trial is not None
    assert not made.answered(back, b"notthis!", ELSEWHERE)
    assert not made.answered(back, trial.challenge, CLIENT)
    assert back.address == NOWHERE
    assert made.answered(back, trial.challenge, ELSEWHERE)
    assert back.address == ELSEWHERE
    assert not made.answered(back, trial.challenge, ELSEWHERE)


def test_an_older_datagram_does_not_call_the_address_in_question() -> None:
    made = paths()
    prove(made, 2, ELSEWHERE, 50, 1.0)
    assert made.try_address(made.by_id[2], CLIENT, 100, 49, 2.0) is None
    assert made.try_address(made.by_id[2], CLIENT, 100, 51, 2.0) is not None


def test_an_address_on_trial_gets_three_bytes_for_each_of_its_own() -> None:
    made = paths()
    back = made.by_id[2]
    made.try_address(back, ELSEWHERE, 100, 5, 1.0)
    assert back.spend(200) == ELSEWHERE
    assert back.spend(101) is None
    made.try_address(back, ELSEWHERE, 10, 6, 1.1)
    assert back.spend(130) == ELSEWHERE
    assert back.spend(1) is None


def test_a_trial_ends_after_three_tries() -> None:
    made = paths()
    back = made.by_id[2]
    made.try_address(back, ELSEWHERE, 100, 5, 1.0)
    now, tries = 1.0, 0
    while made.next_timeout() is not None:
        for due in made.due_trials(now):
            assert due.trial is not None
            count_try(due.trial, now)
            tries += 1
        now += 0.1
    assert tries == 3
    assert back.trial is None


def test_copies_go_on_paths_that_were_heard_lately() -> None:
    made = paths()
    assert made.others(0.0) == ()
    prove(made, 1, TRANSIT_SOURCE, 5, 1.0)
    prove(made, 2, ELSEWHERE, 6, 2.0)
    assert made.others(2.0) == (2, 1)
    assert made.others(1.5 + FRESH_FOR_S) == (2,)


def test_the_clients_choice_counts_once_that_path_is_proved() -> None:
    made = paths()
    made.choose_primary(1, 1.0)
    assert made.primary == 0
    prove(made, 1, TRANSIT_SOURCE, 5, 1.0)
    made.choose_primary(1, 1.0)
    assert (made.primary, made.first.address) == (1, TRANSIT_SOURCE)


def test_a_new_hand_shake_forgets_every_path_but_its_own() -> None:
    made = paths()
    prove(made, 1, TRANSIT_SOURCE, 5, 1.0)
    made.restart(1, TRANSIT_SOURCE, 2.0)
    assert made.primary == 1
    assert made.by_id[0].address == NOWHERE
