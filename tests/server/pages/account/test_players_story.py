"""One player's whole way through the pages, without JavaScript, against real e-mails and a provider's signed notices."""

import base64
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plg_server.services.totp import STEP_S, step_of, totp_code
from support.api_driver import PASSWORD
from support.money_story import MoneyStory, money_story, until
from support.payment_signers import robokassa_notice
from support.site_visitor import SiteVisitor

ANN = "ann@example.org"


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[MoneyStory]:
    async with money_story(tmp_path, {}) as made:
        yield made


async def test_from_signing_up_to_leaving(story: MoneyStory) -> None:
    visitor = SiteVisitor(story.api)
    shown = await visitor.open("/ru/sign-up")
    shown = await visitor.submit(shown.form("sign-up"), email=ANN, password=PASSWORD, display_name="Анна")
    assert "Здравствуйте, Анна" in shown.text

    # Without a confirmed address there is no trial here.
    plan = await visitor.open("/ru/account/plan")
    early = await visitor.submit(plan.form("trial"))
    assert (early.status, "Сначала подтвердите" in early.text) == (403, True)

    async def has_come() -> bool:
        return bool(story.mail.to(ANN))

    await until(has_come)
    shown = await visitor.open("/ru/account/verify")
    shown = await visitor.submit(shown.form("verify"), code=story.mail.to(ANN)[0].code)
    assert "Адрес электронной почты подтверждён." in shown.text

    shown = await visitor.submit((await visitor.open("/ru/account/plan")).form("trial"))
    assert "осталось 7 дней" in shown.text

    ways = set(re.findall(r'name="way" value="([^"]+)"', shown.html))
    assert {way.partition(":")[0] for way in ways} == {"donatepay", "robokassa", "stripe", "cryptomus"}
    for way in ("donatepay:RUB", "stripe:USD", "cryptomus:USD"):
        assert way in ways
        begun = await visitor.submit(shown.form("pay"), plan="monthly", way=way)
        assert (begun.status, any(one.startswith("https://") for one in begun.links)) == (200, True), way

    checkout = await visitor.submit(shown.form("pay"), plan="monthly", way="robokassa:RUB")
    assert "Ждём платёж" in checkout.text
    link = next(one for one in checkout.links if "robokassa" in one)
    for _twice in range(2):
        assert (await story.tell("robokassa", robokassa_notice(link))).status == 200
    paid = await visitor.open(checkout.path)
    assert "Платёж пришёл" in paid.text
    receipt = await visitor.open(next(one for one in paid.links if "/account/payments/" in one))
    assert ANN in receipt.text
    assert "осталось 37 дней" in (await visitor.open("/ru/account/plan")).text
    assert (
        len(set(re.findall(r"/ru/account/payments/[0-9a-f]{16}", (await visitor.open("/ru/account/payments")).html)))
        == 1
    )

    shown = await visitor.submit(
        (await visitor.open("/ru/account/security/totp")).form("begin-totp"), password=PASSWORD
    )
    secret = secret_bytes(re.findall(r'id="totp-secret">([A-Z2-7]{32})<', shown.html)[0])
    shown = await visitor.submit(shown.form("totp-confirm"), totp=code_of(story, secret))
    assert "Второй фактор включён" in shown.text

    shown = await visitor.submit((await visitor.open("/ru/account")).form("sign-out"))
    assert "Вы вышли" in shown.text
    assert (await visitor.open("/ru/account")).path == "/ru/sign-in"
    shown = await visitor.sign_in(ANN, PASSWORD, "ru")
    assert shown.status == 401
    story.clock.forward(seconds=STEP_S)
    shown = await visitor.submit(shown.form("sign-in"), password=PASSWORD, totp=code_of(story, secret))
    assert shown.path == "/ru/account"

    phone = SiteVisitor(story.api, agent="Mozilla/5.0 (Linux; Android 15) Firefox/140.0")
    asked = await phone.sign_in(ANN, PASSWORD)
    story.clock.forward(seconds=STEP_S)
    assert (
        await phone.submit(asked.form("sign-in"), password=PASSWORD, totp=code_of(story, secret))
    ).path == "/en/account"
    devices = await visitor.open("/ru/account/security/devices")
    assert "Firefox on Android" in devices.text
    await visitor.submit(devices.form("end-others"))
    assert (await phone.open("/en/account")).path == "/en/sign-in"

    shown = await visitor.open("/ru/account/data/delete")
    story.clock.forward(seconds=STEP_S)
    shown = await visitor.submit(shown.form("preview"), password=PASSWORD, totp=code_of(story, secret))
    assert "Платежи, которые останутся в учёте без вашего имени 1" in shown.text
    shown = await visitor.submit(shown.form("delete"), password=PASSWORD, totp=code_of(story, secret), sure="true")
    assert "Учётная запись удалена." in shown.text
    shown = await visitor.sign_in(ANN, PASSWORD, "ru")
    assert shown.status == 401


def secret_bytes(text: str) -> bytes:
    """From base32, as an authenticator reads it."""
    return base64.b32decode(text)


def code_of(story: MoneyStory, secret: bytes) -> str:
    """What the authenticator shows now."""
    return totp_code(secret, step_of(story.clock()))
