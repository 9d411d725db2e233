"""A server that sells plans, with people of each role and payments of every kind, for tests of `plg admin` about money."""

import logging
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog
from aiohttp import web

from plg.contract.billing import CheckoutRequest
from plg_server import app_keys
from plg_server.app import create_app
from plg_server.config import load_config
from plg_server.ids import utc_now
from plg_server.services.ledger import settle
from plg_server.services.money import to_minor
from plg_server.services.payment_facts import FactKind, PaymentFact
from support.billing_world import DONATEPAY
from support.local_server import serving
from support.operated_server import migrated_folder
from support.operator_rows import account_row, sign_in_row


@dataclass(frozen=True)
class Till:
    """Its address, the tokens of "admin", "support" and "player", and the player's id."""

    url: str
    tokens: dict[str, str]
    player_id: str

    def environ(self, who: str = "admin") -> dict[str, str]:
        """For somebody's command line."""
        return {"PLG_SERVER": self.url, "PLG_TOKEN": self.tokens[who]}


@contextmanager
def operated_money(data_dir: Path, *told: str) -> Iterator[Till]:
    """The player sets out to pay one month for each word, and the provider tells it so: "good", "short", "no_code" or "back"."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    data_dir.mkdir(parents=True)
    shutil.copy(Path(migrated_folder().name) / "server.sqlite3", data_dir)
    config = load_config(
        None,
        {},
        {"data_dir": str(data_dir), "rate_limits_on": False, "billing": "on", **DONATEPAY},
    )
    tokens: dict[str, str] = {}
    ids: dict[str, str] = {}

    async def move_in(app: web.Application) -> AsyncIterator[None]:
        now = utc_now()
        with app[app_keys.DATABASE].active():
            for role in ("player", "support", "admin"):
                account = await account_row(f"{role}@example.org", now, role=role)
                sign_in = await sign_in_row(account, now)
                tokens[role] = (await app[app_keys.ACCOUNTS]._issue(account.id, sign_in.id, now)).access_token
                ids[role] = account.id
            for number, kind in enumerate(told):
                request = CheckoutRequest(plan="monthly", provider="donatepay")
                checkout = await app[app_keys.CHECKOUTS].start(ids["player"], request)
                fact = PaymentFact(
                    provider="donatepay",
                    external_id=f"{kind}-{number}",
                    kind=FactKind.PAID,
                    amount_minor=1 if kind == "short" else to_minor(checkout.amount),
                    currency=checkout.currency,
                    at=utc_now() + timedelta(seconds=number),
                    comment="thank you" if kind == "no_code" else checkout.code,
                )
                await settle(fact, utc_now())
                if kind == "back":
                    gone = {"kind": FactKind.CHARGED_BACK}
                    await settle(PaymentFact(**{**vars(fact), **gone}), utc_now())
        yield

    app = create_app(config)
    app.cleanup_ctx.append(move_in)
    with serving(app) as url:
        yield Till(url, tokens, ids["player"])
