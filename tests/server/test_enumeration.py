"""Whether somebody has an account here is told to nobody: one answer and the same work, whatever the reason is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plg_server import app_keys
from plg_server.ids import utc_now
from plg_server.models.accounts import Account
from plg_server.services.passwords import Passwords
from support.api_driver import PASSWORD, ApiDriver, Reply
from support.shared_server import shared_server
from support.smtp_sink import smtp_sink

KNOWN, BANNED, UNKNOWN = "player@example.org", "banned@example.org", "nobody@example.org"
WRONG = "wrong battery"


class CountedWork:
    """How often argon2 ran."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runs = 0
        hash_, verify = Passwords.hash, Passwords.verify

        async def counted_hash(passwords: Passwords, password: str) -> str:
            self.runs += 1
            return await hash_(passwords, password)

        async def counted_verify(passwords: Passwords, encoded: str | None, password: str) -> bool:
            self.runs += 1
            return await verify(passwords, encoded, password)

        monkeypatch.setattr(Passwords, "hash", counted_hash)
        monkeypatch.setattr(Passwords, "verify", counted_verify)

    def taken(self) -> int:
        """Since the last time."""
        runs, self.runs = self.runs, 0
        return runs


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiDriver]:
    """E-mails are sent; one account that may sign in and one that is banned."""
    with smtp_sink(tmp_path) as mail:
        async with shared_server(tmp_path / "data", {"billing": "on", **mail.settings()}) as api:
            for email in (KNOWN, BANNED):
                await api.register(email)
            with api.app[app_keys.DATABASE].active():
                await Account.filter(email=BANNED).update(banned_at=utc_now())
            yield api


@pytest.fixture
def work(api: ApiDriver, monkeypatch: pytest.MonkeyPatch) -> CountedWork:
    """Counts from here on."""
    return CountedWork(monkeypatch)


def told(reply: Reply) -> tuple[object, ...]:
    """All that an answer says, but for its own number and time."""
    headers = {name: value for name, value in reply.headers.items() if name not in ("X-Request-ID", "Date")}
    body = {name: value for name, value in (reply.json or {}).items() if name != "request_id"}
    return reply.status, headers, body


async def test_signing_in_says_and_works_the_same_for_every_reason(api: ApiDriver, work: CountedWork) -> None:
    answers, runs = [], []
    for email in (KNOWN, BANNED, UNKNOWN, "PLAYER@example.org", "pläyer@example.org"):
        answers.append(told(await api.post("/v1/auth/login", {"email": email, "password": WRONG})))
        runs.append(work.taken())
    assert answers[0][0] == 401
    assert answers == answers[:1] * 5
    assert runs == [1] * 5


async def test_a_ban_is_told_only_to_who_knows_the_password(api: ApiDriver) -> None:
    reply = await api.post("/v1/auth/login", {"email": BANNED, "password": PASSWORD})
    assert (reply.status, reply.code) == (403, "account_banned")
    assert BANNED not in reply.text


async def test_asking_for_a_new_password_says_and_works_the_same_for_everybody(
    api: ApiDriver, work: CountedWork
) -> None:
    answers, runs = [], []
    for email in (KNOWN, BANNED, UNKNOWN, KNOWN, UNKNOWN):
        answers.append(told(await api.post("/v1/auth/forgot", {"email": email})))
        runs.append(work.taken())
    assert answers[0][0] == 202
    assert answers == answers[:1] * 5
    assert runs == runs[:1] * 5


@pytest.mark.parametrize("url", ["/v1/auth/reset", "/v1/auth/verify-link", "/v1/auth/undo-email"])
async def test_a_code_that_nobody_was_sent_is_refused_without_a_reason(
    api: ApiDriver, work: CountedWork, url: str
) -> None:
    more = {"new_password": PASSWORD} if url.endswith("reset") else {}
    answers, runs = [], []
    for code in ("ABCD-EFGH", "0000-0000-0000", "x" * 43):
        answers.append(told(await api.post(url, {"code": code, **more})))
        runs.append(work.taken())
    assert (answers[0][0], answers[0][2]["code"]) == (404, "code_refused")  # type: ignore[index]  # a dict, by `told`
    assert answers == answers[:1] * 3
    assert runs == runs[:1] * 3


async def test_registering_says_only_that_an_address_is_taken(api: ApiDriver) -> None:
    replies = [
        await api.post("/v1/auth/register", {"email": email, "password": PASSWORD, "display_name": "Ann"})
        for email in (KNOWN, BANNED)
    ]
    assert {(reply.status, reply.code) for reply in replies} == {(409, "email_taken")}
    assert told(replies[0]) == told(replies[1])


async def test_a_second_trial_is_refused_alike_for_the_account_and_for_the_person(api: ApiDriver) -> None:
    answers = []
    for email in ("trial@example.org", "t.rial+again@example.org"):
        access = await api.signed_in(email)
        answers += [told(await api.post("/v1/subscription/trial", token=access)) for _again in range(2)]
    assert answers[0][0] == 200
    assert answers[1][0] == 409
    assert answers[1] == answers[2] == answers[3]
