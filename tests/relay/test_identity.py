"""The relay's identity file."""

import stat
from pathlib import Path

import pytest

from plg.contract.relay_control import EnrolAnswer, TicketKey
from plg_relay.errors import IdentityError
from plg_relay.identity import RelayIdentity, identity_path, load_identity, save_identity


def an_identity() -> RelayIdentity:
    answer = EnrolAnswer(
        node_id="node-1",
        relay_id=7,
        relay_key="r" * 32,
        control_key="c" * 32,
        ticket_keys=[TicketKey(key_id=1, key="QUJD")],
    )
    return RelayIdentity.from_enrolment(answer, server="http://s", public_host="h", public_port=443)


def test_an_identity_survives_its_file_and_is_secret(tmp_path: Path) -> None:
    save_identity(tmp_path, an_identity())
    assert load_identity(tmp_path) == an_identity()
    assert stat.S_IMODE(identity_path(tmp_path).stat().st_mode) == 0o600


def test_a_relay_that_never_enrolled_is_told_how(tmp_path: Path) -> None:
    with pytest.raises(IdentityError, match=r"not enrolled.*plg relay enrol"):
        load_identity(tmp_path)


@pytest.mark.parametrize("damage", [b"", b"{}", b"\xff", b"[1]", b"x" * 100_000])
def test_a_damaged_file_is_one_line_that_says_what_to_do(tmp_path: Path, damage: bytes) -> None:
    save_identity(tmp_path, an_identity())
    identity_path(tmp_path).write_bytes(damage)
    with pytest.raises(IdentityError, match="damaged") as caught:
        load_identity(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_file_that_others_may_read_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    save_identity(tmp_path, an_identity())
    identity_path(tmp_path).chmod(0o644)
    with pytest.raises(IdentityError, match="chmod 600"):
        load_identity(tmp_path)


def test_an_identity_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IdentityError, match="cannot write"):
        save_identity(tmp_path / "file", an_identity())
