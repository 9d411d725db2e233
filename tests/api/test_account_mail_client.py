"""The client's calls about address and password: each to its route, with its body and only where needed with the token."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from aiohttp import web

from plg.api.account_mail_client import AccountMailClient, open_account_mail
from plg.api.credentials import FixedToken
from plg.contract.account_changes import AccountSettings, Asked, MailSent
from support.local_server import Script, json_answer, serving

SETTINGS = AccountSettings(
    email="a@b.c", email_verified=True, verification_needed=False, sends_mail=True, new_email=None, language="en"
)
SENT = MailSent(expires_at="2026-01-01T00:00:00Z", resend_after_s=60.0)
ASKED = Asked(detail="maybe")

CALLS: list[tuple[Callable[[AccountMailClient], Awaitable[Any]], str, Any, Any, bool]] = [
    (lambda client: client.settings(), "GET /v1/me/settings", None, SETTINGS, True),
    (lambda client: client.set_language("ru"), "POST /v1/me/language", {"language": "ru"}, SETTINGS, True),
    (lambda client: client.send_verification(), "POST /v1/me/email/verification", None, SENT, True),
    (lambda client: client.verify("AB"), "POST /v1/me/email/verify", {"code": "AB"}, SETTINGS, True),
    (lambda client: client.change_email("n@b.c", "p"), "POST /v1/me/email", {"new_email": "n@b.c", "password": "p"}, SENT, True),
    (lambda client: client.change_password("o", "n"), "POST /v1/me/password", {"old_password": "o", "new_password": "n"}, None, True),
    (lambda client: client.forgot("a@b.c"), "POST /v1/auth/forgot", {"email": "a@b.c"}, ASKED, False),
    (lambda client: client.reset("AB", "n"), "POST /v1/auth/reset", {"code": "AB", "new_password": "n"}, None, False),
    (lambda client: client.undo_email("AB"), "POST /v1/auth/undo-email", {"code": "AB"}, None, False),
]  # fmt: skip


@pytest.mark.parametrize(("call", "route", "body", "answer", "signed"), CALLS, ids=[call[1] for call in CALLS])
async def test_each_call_goes_to_its_route(
    call: Callable[[AccountMailClient], Awaitable[Any]], route: str, body: Any, answer: Any, signed: bool
) -> None:
    reply = web.Response(status=204) if answer is None else json_answer(msgspec.json.encode(answer))
    script = Script({route: [reply]})
    with serving(script.app()) as url:
        async with open_account_mail(url, FixedToken(url, "token")) as client:
            assert await call(client) == answer
    (seen,) = script.seen
    assert (json.loads(seen.body) if seen.body else None, seen.token) == (body, "token" if signed else None)
