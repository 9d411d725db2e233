"""Grants and records."""

from datetime import timedelta

from plg_server.ids import utc_now
from plg_server.models.nodes import Node
from plg_server.models.sessions import Session
from plg_server.services.session_grants import approved_targets, record_of, user_ref


def a_session(**fields: object) -> Session:
    now = utc_now()
    node = Node(id="n", name="Node", relay_id=1)
    session = Session(
        id="s", account_id="a", node_id="n", game="cs2", cid="0" * 16, secret="", approved="", started_at=now,
        renewed_at=now, expires_at=now + timedelta(hours=4), **fields,
    )  # fmt: skip
    session.node = node
    return session


def test_relays_know_an_account_by_a_number_that_is_not_its_id() -> None:
    assert user_ref("00000000000000aa") == user_ref("00000000000000aa")
    assert user_ref("00000000000000aa") != user_ref("00000000000000ab")
    assert user_ref("00000000000000aa") != 0xAA
    assert 0 <= user_ref("x") < 2**64


def test_approved_targets_come_back_from_their_text() -> None:
    session = a_session()
    session.approved = "9.9.9.9:27015 [2620:fe::9]:27015"
    assert [target.text for target in approved_targets(session)] == ["9.9.9.9:27015", "[2620:fe::9]:27015"]


def test_a_running_session_shows_how_long_it_has_run() -> None:
    session = a_session()
    record = record_of(session, session.started_at + timedelta(seconds=90))
    assert (record.state, record.seconds, record.ended_at) == ("active", 90.0, None)


def test_an_expired_session_ended_when_its_ticket_did() -> None:
    session = a_session()
    record = record_of(session, session.started_at + timedelta(hours=9))
    assert (record.state, record.seconds) == ("ended", 4 * 3600.0)
