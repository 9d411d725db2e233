"""Address, password and language of one's own account, over HTTP and real e-mails."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from plg_server import app_keys
from plg_server.models.mail import MailCode, OutboxMail
from plg_server.services.passwords import Passwords
from support.api_driver import PASSWORD
from support.mail_world import MailWorld, mail_world
from support.shared_server import shared_server

ANN, NEW, BOB = "ann@example.org", "ann.new@example.org", "bob@example.org"
OTHER_PASSWORD = "another good password"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[MailWorld]:
    """On SQLite: the two things that depend on the engine, taking e-mails and codes, are tested on both below."""
    async with mail_world(tmp_path, public_url="https://plg.example.org/") as made:
        yield made


async def test_an_address_is_confirmed_with_the_code_of_the_first_email_on_both_engines(
    tmp_path: Path, backend: dict[str, Any]
) -> None:
    async with mail_world(tmp_path, **backend) as world:
        access = await world.player(ANN, language="ru")
        assert (await world.settings(access))["email_verified"] is False
        mail = await world.mail(ANN)
        assert mail.message["Subject"] == "Это ваш адрес?"
        replies = await asyncio.gather(*(world.verify(access, mail.code) for _ in range(5)))
        assert sorted(reply.status for reply in replies) == [200, 404, 404, 404, 404]
        assert (await world.settings(access))["email_verified"] is True


async def test_the_link_of_the_email_confirms_too_and_its_token_reaches_no_log(world: MailWorld) -> None:
    access = await world.player(ANN)
    page, _, token = (await world.mail(ANN)).link.partition("#")
    assert page == "https://plg.example.org/account/verify"
    assert (await world.api.post("/v1/auth/verify-link", {"code": token})).status == 204
    assert (await world.settings(access))["email_verified"] is True
    assert (await world.api.post("/v1/auth/verify-link", {"code": token})).code == "code_refused"


async def test_a_code_may_be_typed_as_people_type(world: MailWorld) -> None:
    access = await world.player(ANN)
    code = (await world.mail(ANN)).code
    assert (await world.verify(access, code.lower().replace("-", " ").replace("0", "o"))).status == 200


async def test_after_ten_tries_even_the_right_code_is_none(world: MailWorld) -> None:
    access = await world.player(ANN)
    code = (await world.mail(ANN)).code
    wrong = await asyncio.gather(*(world.verify(access, f"AAAA-{n:04}") for n in range(10)))
    assert {reply.code for reply in wrong} == {"code_refused"}
    assert (await world.verify(access, code)).code == "code_refused"
    world.clock.forward(minutes=2)
    assert (await world.api.post("/v1/me/email/verification", None, access)).status == 202
    assert (await world.verify(access, (await world.mail(ANN, 2)).code)).status == 200


async def test_somebody_elses_code_is_none(world: MailWorld) -> None:
    await world.player(ANN)
    access = await world.player(BOB)
    assert (await world.verify(access, (await world.mail(ANN)).code)).code == "code_refused"


async def test_a_code_ends_after_an_hour_and_with_the_next_one(world: MailWorld) -> None:
    access = await world.player(ANN)
    first = (await world.mail(ANN)).code
    world.clock.forward(minutes=2)
    assert (await world.api.post("/v1/me/email/verification", None, access)).status == 202
    second = (await world.mail(ANN, 2)).code
    assert (await world.verify(access, first)).code == "code_refused"
    world.clock.forward(minutes=61)
    assert (await world.verify(access, second)).code == "code_refused"


async def test_asking_again_and_again_is_refused_with_when_to_come_back(world: MailWorld) -> None:
    access = await world.player(ANN)
    again = await world.api.post("/v1/me/email/verification", None, access)
    assert (again.status, again.code) == (429, "rate_limited")
    assert 0 < again.json["retry_after_s"] <= 60
    for _ in range(4):
        world.clock.forward(minutes=2)
        assert (await world.api.post("/v1/me/email/verification", None, access)).status == 202
    world.clock.forward(minutes=2)
    sixth = await world.api.post("/v1/me/email/verification", None, access)
    assert (sixth.status, sixth.json["retry_after_s"] > 60) == (429, True)
    world.clock.forward(minutes=60)
    access = str((await world.api.login(ANN))["access_token"])
    assert (await world.api.post("/v1/me/email/verification", None, access)).status == 202


async def test_a_confirmed_address_needs_no_further_code(world: MailWorld) -> None:
    access = await world.player(ANN)
    await world.verify(access, (await world.mail(ANN)).code)
    assert (await world.api.post("/v1/me/email/verification", None, access)).code == "email_verified_already"


async def test_where_it_is_asked_for_nobody_plays_or_tries_before_confirming(tmp_path: Path) -> None:
    async with mail_world(tmp_path, require_verified_email="on", billing="on") as world:
        access = await world.player(ANN)
        for url, body in (("/v1/sessions", {"game": "cs2"}), ("/v1/subscription/trial", None)):
            refused = await world.api.post(url, body, access)
            assert (refused.status, refused.code) == (403, "email_not_verified")
            assert "plg account verify" in refused.json["detail"]
        await world.verify(access, (await world.mail(ANN)).code)
        assert (await world.api.post("/v1/subscription/trial", None, access)).status == 200


async def test_a_server_without_email_works_as_before_and_says_what_it_cannot(tmp_path: Path) -> None:
    async with shared_server(tmp_path) as api:
        access = await api.signed_in(ANN)
        settings = (await api.get("/v1/me/settings", access)).json
        assert (settings["sends_mail"], settings["verification_needed"]) == (False, False)
        for url, body, token in (
            ("/v1/me/email/verification", None, access),
            ("/v1/me/email", {"new_email": NEW, "password": PASSWORD}, access),
            ("/v1/auth/forgot", {"email": ANN}, None),
        ):
            assert (await api.post(url, body, token)).code == "mail_off"
        changed = {"old_password": PASSWORD, "new_password": OTHER_PASSWORD}
        assert (await api.post("/v1/me/password", changed, access)).status == 204
        with api.app[app_keys.DATABASE].active():
            assert await OutboxMail.all().count() == 0


async def test_the_language_of_emails_comes_from_the_request_or_the_browser_and_may_be_changed(
    world: MailWorld,
) -> None:
    body = {"email": ANN, "password": PASSWORD}
    await world.api.post("/v1/auth/register", body, headers={"Accept-Language": "de, ru;q=0.9, en;q=0.5"})
    assert (await world.mail(ANN)).message["Content-Language"] == "ru"
    access = str((await world.api.login(ANN))["access_token"])
    chosen = await world.api.post("/v1/me/language", {"language": "en"}, access)
    assert chosen.json["language"] == "en"
    assert (await world.api.post("/v1/me/language", {"language": "xx"}, access)).code == "invalid_body"
    await world.forgot(ANN)
    assert (await world.mail(ANN, 2)).message["Subject"] == "Choose a new password"


class TestPassword:
    async def test_a_new_password_ends_every_other_sign_in_and_is_told_by_email(self, world: MailWorld) -> None:
        access = await world.player(ANN)
        elsewhere = await world.api.login(ANN)
        body = {"old_password": PASSWORD, "new_password": OTHER_PASSWORD}
        assert (await world.api.post("/v1/me/password", body, access)).status == 204
        assert (await world.api.get("/v1/me", access)).status == 200
        assert (await world.api.get("/v1/me", elsewhere["access_token"])).status == 401
        assert (await world.api.refresh(elsewhere["refresh_token"])).status == 401
        assert (await world.mail(ANN, 2)).message["Subject"] == "Your password was changed"
        assert await world.can_log_in(ANN, OTHER_PASSWORD)
        assert not await world.can_log_in(ANN, PASSWORD)

    async def test_the_old_password_is_asked_for(self, world: MailWorld) -> None:
        access = await world.player(ANN)
        body = {"old_password": "not this one", "new_password": OTHER_PASSWORD}
        refused = await world.api.post("/v1/me/password", body, access)
        assert (refused.status, refused.code) == (403, "wrong_password")
        assert await world.can_log_in(ANN, PASSWORD)

    async def test_of_two_changes_at_the_same_moment_one_wins(self, world: MailWorld) -> None:
        access = await world.player(ANN)
        bodies = [{"old_password": PASSWORD, "new_password": f"{OTHER_PASSWORD} {n}"} for n in range(3)]
        replies = await asyncio.gather(*(world.api.post("/v1/me/password", body, access) for body in bodies))
        assert sorted(reply.status for reply in replies) == [204, 403, 403]


class TestReset:
    async def test_a_lost_password_is_replaced_once_and_every_sign_in_ends(
        self, tmp_path: Path, backend: dict[str, Any]
    ) -> None:
        async with mail_world(tmp_path, **backend) as world:
            access = await world.player(ANN)
            assert (await world.forgot(ANN)).status == 202
            code = (await world.mail(ANN, 2)).code
            replies = await asyncio.gather(*(world.reset(code, f"{OTHER_PASSWORD} {n}") for n in range(4)))
            assert sorted(reply.status for reply in replies) == [204, 404, 404, 404]
            assert (await world.api.get("/v1/me", access)).status == 401
            assert not await world.can_log_in(ANN, PASSWORD)
            assert (await world.mail(ANN, 3)).message["Subject"] == "Your password was changed"
            opened = [n for n in range(4) if await world.can_log_in(ANN, f"{OTHER_PASSWORD} {n}")]
            assert opened == [[reply.status for reply in replies].index(204)]

    async def test_api_tokens_end_too_when_the_password_was_lost_and_stay_when_it_was_changed(
        self, world: MailWorld
    ) -> None:
        access = await world.player(ANN)
        made = await world.api.post("/v1/me/tokens", {"name": "script", "scopes": ["read"]}, access)
        token = made.json["token"]
        body = {"old_password": PASSWORD, "new_password": OTHER_PASSWORD}
        assert (await world.api.post("/v1/me/password", body, access)).status == 204
        assert (await world.api.get("/v1/me", token)).status == 200
        # What a token may not do: change who may use the account.
        assert (await world.api.post("/v1/me/password", body, token)).code == "scope_missing"
        await world.mail(ANN, 2)
        await world.forgot(ANN)
        assert (await world.reset((await world.mail(ANN, 3)).code)).status == 204
        assert (await world.api.get("/v1/me", token)).status == 401

    async def test_who_reads_the_mailbox_has_confirmed_the_address(self, world: MailWorld) -> None:
        await world.player(ANN)
        await world.forgot(ANN)
        await world.reset((await world.mail(ANN, 2)).code)
        access = str((await world.api.login(ANN, OTHER_PASSWORD))["access_token"])
        assert (await world.settings(access))["email_verified"] is True

    async def test_the_link_works_as_the_code_does(self, world: MailWorld) -> None:
        await world.player(ANN)
        await world.forgot(ANN)
        token = (await world.mail(ANN, 2)).link.partition("#")[2]
        assert (await world.reset(token)).status == 204
        assert await world.can_log_in(ANN, OTHER_PASSWORD)

    async def test_a_code_ends_after_an_hour(self, world: MailWorld) -> None:
        await world.player(ANN)
        await world.forgot(ANN)
        code = (await world.mail(ANN, 2)).code
        world.clock.forward(minutes=61)
        assert (await world.reset(code)).code == "code_refused"
        assert await world.can_log_in(ANN, PASSWORD)

    async def test_a_code_of_another_purpose_is_none(self, world: MailWorld) -> None:
        await world.player(ANN)
        mail = await world.mail(ANN)
        assert (await world.reset(mail.code)).code == "code_refused"
        assert (await world.reset(mail.link.partition("#")[2])).code == "code_refused"

    async def test_known_and_unknown_addresses_get_the_same_answer_for_the_same_work(
        self, world: MailWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await world.player(ANN)
        hashed: list[str] = []
        for name in ("hash", "verify"):
            original = getattr(Passwords, name)

            async def counted(self: Passwords, *given: Any, original: Any = original, name: str = name) -> Any:
                hashed.append(name)
                return await original(self, *given)

            monkeypatch.setattr(Passwords, name, counted)
        known, unknown = await world.forgot(ANN), await world.forgot("nobody@example.org")
        assert (known.status, known.json) == (unknown.status, unknown.json)
        assert {**known.headers, "X-Request-ID": "", "Date": ""} == {**unknown.headers, "X-Request-ID": "", "Date": ""}
        assert hashed == []
        await world.mail(ANN, 2)
        for email in (ANN, "nobody@example.org"):
            await world.api.post("/v1/auth/login", {"email": email, "password": "wrong"})
        assert hashed == ["verify", "verify"]

    async def test_an_unknown_address_gets_no_email_and_nothing_is_left_of_it(self, world: MailWorld) -> None:
        await world.player(ANN)
        await world.forgot("nobody@example.org")
        await world.forgot(ANN)
        await world.mail(ANN, 2)  # it was put in later, so the other one has been looked at
        with world.api.app[app_keys.DATABASE].active():
            row = await OutboxMail.get(address="nobody@example.org")
            assert (row.state, row.facts) == ("stale", "{}")
        assert world.sink.to("nobody@example.org") == []

    async def test_one_address_gets_three_emails_an_hour_and_the_same_answer_afterwards(self, world: MailWorld) -> None:
        await world.player(ANN)
        answers = [await world.forgot(ANN) for _ in range(5)]
        assert len({reply.text for reply in answers}) == 1
        await world.mail(ANN, 4)
        with world.api.app[app_keys.DATABASE].active():
            assert await OutboxMail.filter(address=ANN, kind="reset").count() == 3


class TestEmail:
    async def test_a_new_address_counts_once_its_code_came_back_and_the_old_one_is_told(self, world: MailWorld) -> None:
        access = await world.player(ANN)
        assert (await world.change_email(access, NEW.upper())).status == 202
        settings = await world.settings(access)
        assert (settings["email"], settings["new_email"]) == (ANN, NEW)
        done = await world.verify(access, (await world.mail(NEW)).code)
        assert (done.json["email"], done.json["email_verified"], done.json["new_email"]) == (NEW, True, None)
        told = await world.mail(ANN, 2)
        assert NEW in told.text
        assert await world.can_log_in(NEW, PASSWORD)
        assert not await world.can_log_in(ANN, PASSWORD)

    async def test_the_password_is_asked_for(self, world: MailWorld) -> None:
        access = await world.player(ANN)
        assert (await world.change_email(access, NEW, "wrong")).code == "wrong_password"
        assert world.sink.to(NEW) == []

    async def test_whether_the_new_address_is_taken_is_told_to_nobody_but_its_owner(self, world: MailWorld) -> None:
        access = await world.player(ANN)
        await world.player(BOB)
        taken = await world.change_email(access, BOB)
        world.clock.forward(minutes=2)
        free = await world.change_email(access, NEW)
        assert (taken.status, taken.json.keys()) == (free.status, free.json.keys())
        world.clock.forward(minutes=2)
        await world.change_email(access, BOB)
        assert (await world.verify(access, (await world.mail(BOB, 3)).code)).code == "email_taken"
        assert (await world.settings(access))["email"] == ANN

    @pytest.mark.parametrize("by", ["code", "link"])
    async def test_the_old_address_takes_the_change_back_for_seven_days(self, world: MailWorld, by: str) -> None:
        access = await world.player(ANN)
        await world.change_email(access, NEW)
        await world.verify(access, (await world.mail(NEW)).code)
        told = await world.mail(ANN, 2)
        text = told.code if by == "code" else told.link.partition("#")[2]
        world.clock.forward(days=6)
        # Meanwhile nobody else gets the address.
        taken = await world.api.post("/v1/auth/register", {"email": ANN, "password": PASSWORD})
        assert taken.code == "email_taken"
        assert (await world.api.post("/v1/auth/undo-email", {"code": text})).status == 204
        assert (await world.api.get("/v1/me", access)).status == 401
        assert await world.can_log_in(ANN, PASSWORD)
        assert (await world.api.post("/v1/auth/undo-email", {"code": text})).code == "code_refused"

    async def test_after_seven_days_it_is_too_late_and_the_old_address_is_free(self, world: MailWorld) -> None:
        access = await world.player(ANN)
        await world.change_email(access, NEW)
        await world.verify(access, (await world.mail(NEW)).code)
        code = (await world.mail(ANN, 2)).code
        world.clock.forward(days=8)
        assert (await world.api.post("/v1/auth/undo-email", {"code": code})).code == "code_refused"
        assert (await world.api.post("/v1/auth/register", {"email": ANN, "password": PASSWORD})).status == 201

    async def test_ones_own_address_and_invisible_characters_are_refused(self, world: MailWorld) -> None:
        access = await world.player(ANN)
        assert (await world.change_email(access, ANN.upper())).code == "invalid_body"
        assert (await world.change_email(access, "an\u202en@example.org")).code == "invalid_body"


async def test_no_code_stands_in_the_database_once_its_email_is_sent(world: MailWorld) -> None:
    access = await world.player(ANN)
    mail = await world.mail(ANN)
    await world.forgot(ANN)
    secret = [mail.code, mail.code.replace("-", ""), mail.link.partition("#")[2]]
    second = await world.mail(ANN, 2)
    secret += [second.code, second.code.replace("-", ""), second.link.partition("#")[2]]
    async with asyncio.timeout(20):
        with world.api.app[app_keys.DATABASE].active():
            while await OutboxMail.filter(state="waiting").count():  # noqa: ASYNC110 - a row tells nobody
                await asyncio.sleep(0.02)
            rows = [*await OutboxMail.all().values(), *await MailCode.all().values()]
    assert rows
    assert [text for text in secret if any(text in str(value) for row in rows for value in row.values())] == []
    assert (await world.settings(access))["email"] == ANN
