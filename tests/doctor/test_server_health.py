"""DNS, clock, server and login: the verdict on what a visit saw."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest

from plg.api.errors import NotSignedIn, NotSignedInReason
from plg.doctor.finding import Verdict
from plg.doctor.server_health import (
    check_login,
    judge_clock,
    judge_dns,
    judge_no_login,
    judge_server,
    token_minutes,
)
from plg.doctor.server_visit import ServerVisit, Trouble
from support.doctor_scene import DoctorsServer, scene_at
from support.local_server import Script, json_answer, serving
from support.loopback_server import refused

SEEN = ServerVisit(
    "plg.example.org", 443, True, ("192.0.2.1",), "192.0.2.1", 20.0, 30.0, 40.0, "TLSv1.3", 60.0, 35.0, 200, 0.2, 0.6
)


@pytest.mark.parametrize(
    ("visit", "code", "verdict"),
    [
        (SEEN, "dns_answers", Verdict.OK),
        (replace(SEEN, resolve_ms=2000.0), "dns_slow", Verdict.WARN),
        (replace(SEEN, host="192.0.2.1"), "dns_not_needed", Verdict.OK),
        (replace(SEEN, resolve_ms=None, addresses=(), detail="Name unknown"), "dns_fails", Verdict.FAIL),
    ],
)
def test_dns(visit: ServerVisit, code: str, verdict: Verdict) -> None:
    found = judge_dns(visit)
    assert (found.code, found.verdict) == (code, verdict)


@pytest.mark.parametrize(
    ("ahead_s", "code"),
    [(0.9, "clock_right"), (60.3, "clock_right"), (61.5, "clock_off"), (-3600.0, "clock_off"), (2e5, "clock_far_off")],
)
def test_the_clock_is_wrong_only_by_more_than_could_be_an_error_of_measuring(ahead_s: float, code: str) -> None:
    assert judge_clock(replace(SEEN, clock_ahead_s=ahead_s)).code == code


def test_without_an_answer_or_a_date_the_clock_is_unknown() -> None:
    assert judge_clock(replace(SEEN, status=None)).code == "no_server"
    assert judge_clock(replace(SEEN, clock_ahead_s=None)).code == "clock_no_date"


@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_on_the_way_fails_with_a_code_of_its_own(trouble: Trouble) -> None:
    found = judge_server(replace(SEEN, trouble=trouble, detail="why"))
    assert found.verdict is Verdict.FAIL
    assert str(trouble) in found.code
    assert found.facts == {"where": "plg.example.org:443", "why": "why"}


def test_an_answering_server_is_judged_by_its_encryption_and_its_certificate() -> None:
    assert judge_server(SEEN).facts["days"] == 60
    assert judge_server(replace(SEEN, certificate_days=3.0)).code == "server_certificate_ends"
    plain = replace(SEEN, is_encrypted=False, address="192.0.2.1")
    assert (judge_server(plain).code, judge_server(plain).verdict) == ("server_plain", Verdict.WARN)
    assert judge_server(replace(plain, address="127.0.0.1")).verdict is Verdict.OK
    assert judge_server(replace(SEEN, status=502)).code == "server_error"


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (NotSignedInReason.NEVER, "login_none"),
        (NotSignedInReason.ENDED, "login_over"),
        (NotSignedInReason.ENVIRONMENT, "login_over"),
        (NotSignedInReason.KEYRING, "login_keyring"),
    ],
)
def test_why_nobody_is_logged_in(reason: NotSignedInReason, code: str) -> None:
    assert judge_no_login(reason).code == code


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (None, "login_good"),
        (NotSignedIn("server", NotSignedInReason.NEVER), "login_none"),
        (refused("account_blocked"), "login_refused"),
    ],
)
async def test_the_login_is_tried_at_the_server(tmp_path: Path, refusal: Exception | None, code: str) -> None:
    with serving(Script({"GET /v1/games": [json_answer(b"{}")]}).app()) as url:
        scene = scene_at(tmp_path, url=url)
        assert isinstance(scene.server, DoctorsServer)
        if refusal is not None:
            scene.server.refuses["account"] = refusal
        assert (await check_login(scene)).code == code


async def test_without_a_server_the_login_cannot_be_told(tmp_path: Path) -> None:
    assert (await check_login(scene_at(tmp_path, url="http://127.0.0.1:1"))).code == "no_server"


def token(claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"eyJhbGciOiJIUzI1NiJ9.{body}.signature"


def test_a_tokens_age_is_read_from_it() -> None:
    assert token_minutes(token({"iat": 1000, "exp": 1900}), 1300.0) == (5, 10)


@pytest.mark.parametrize(
    "text",
    [None, "opaque", "a.b.c", "a.!!!.c", token([]), token({"iat": "x", "exp": 1}), token({"iat": 1}), "." * 9000],
)
def test_a_token_that_does_not_tell_has_no_age(text: str | None) -> None:
    assert token_minutes(text, 0.0) is None
