"""`plg account totp`, against a real server."""

import base64
import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from plg.cli.account.totp import qr_text
from plg_server.services.totp import step_of, totp_code
from support.inside import Inside
from support.selling_server import PASSWORD, selling_server


def code(secret: str, later_steps: int = 0) -> str:
    return totp_code(base64.b32decode(secret), step_of(datetime.now(UTC)) + later_steps)


def typed(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_a_script_sets_up_confirms_logs_in_and_switches_off(
    plg: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with selling_server(tmp_path / "server", billing="off") as seller:
        assert plg("account", "totp", "status", **seller.environ).out == "The second factor is off.\n"
        typed(PASSWORD, monkeypatch)
        setup = plg("account", "totp", "on", "--password-stdin", "--json", **seller.environ).document()["setup"]
        assert parse_qs(urlsplit(setup["uri"]).query)["secret"] == [setup["secret"]]
        done = plg("account", "totp", "confirm", code(setup["secret"], -1), "--json", **seller.environ).document()
        codes = done["recovery_codes"]
        assert (done["schema"], len(codes)) == ("plg.recovery_codes/1", 10)
        shown = plg("account", "totp", "status", "--lang", "ru", **seller.environ)
        assert "осталось 10 запасных кодов" in shown.out

        login = ("login", "--email", "ann@example.org", "--password-stdin", "--json")
        typed(PASSWORD, monkeypatch)
        needed = plg(*login, PLG_SERVER=seller.url)
        assert (needed.code, needed.error()["code"]) == (4, "totp_needed")
        typed(f"{PASSWORD}\n{code(setup['secret'])}\n", monkeypatch)
        assert plg(*login, "--totp-stdin", PLG_SERVER=seller.url).code == 0
        typed(PASSWORD, monkeypatch)
        assert plg(*login, "--totp", "000000", PLG_SERVER=seller.url).error()["code"] == "totp_wrong"

        typed(PASSWORD, monkeypatch)
        fresh = plg("account", "totp", "recovery-codes", "--password-stdin", "--totp", codes[0], **seller.environ)
        assert (fresh.code, len(fresh.out.splitlines())) == (0, 10)
        typed(f"{PASSWORD}\n{fresh.out.splitlines()[0]}\n", monkeypatch)
        off = plg("account", "totp", "off", "--password-stdin", "--totp-stdin", **seller.environ)
        assert (off.code, off.out) == (0, "The second factor is off.\n")


def test_a_qr_code_is_small_enough_for_a_terminal_and_square() -> None:
    rows = qr_text(
        "otpauth://totp/PLG:somebody@example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=PLG"
    ).splitlines()
    assert len(rows) <= 23
    assert {len(row) for row in rows} == {len(rows) * 2 - 1}
    assert set("".join(rows)) == set("█▀▄ ")
