"""Grants: what is in them is tested where sessions start (`test_session_relays`, `handlers/test_sessions`)."""

from plg_server.models.sessions import Session
from plg_server.services.session_grants import approved_targets, user_ref


def test_relays_know_an_account_by_a_number_that_is_not_its_id() -> None:
    assert user_ref("00000000000000aa") == user_ref("00000000000000aa")
    assert user_ref("00000000000000aa") != user_ref("00000000000000ab")
    assert user_ref("00000000000000aa") != 0xAA
    assert 0 <= user_ref("x") < 2**64


def test_approved_targets_come_back_from_their_text() -> None:
    session = Session(approved="9.9.9.9:27015 [2620:fe::9]:27015")
    assert [target.text for target in approved_targets(session)] == ["9.9.9.9:27015", "[2620:fe::9]:27015"]
