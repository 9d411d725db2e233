"""A real server that sells plans, for tests of the commands: in a thread, with one account and its token."""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from plg.api.server_client import open_server
from plg.cli.server_access import run_async
from plg.contract.accounts import LoginRequest, RegisterRequest
from plg_server.app import create_app
from plg_server.config import load_config
from support.billing_world import DONATEPAY
from support.local_server import serving
from support.operated_server import migrated_folder
from support.payment_signers import ROBOKASSA

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Seller:
    """Its address and the account's token, as the variables that `plg` reads."""

    url: str
    token: str

    @property
    def environ(self) -> dict[str, str]:
        """For the command line."""
        return {"PLG_SERVER": self.url, "PLG_TOKEN": self.token}


@contextmanager
def selling_server(data_dir: Path, *, several_ways: bool = True, **settings: str) -> Iterator[Seller]:
    """Billing on, DonatePay as a way to pay, and Robokassa too unless told otherwise."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    ways = {**DONATEPAY, **(ROBOKASSA if several_ways else {})}
    data_dir.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(migrated_folder().name) / "server.sqlite3", data_dir)
    config = load_config(
        None, {}, {"data_dir": str(data_dir), "rate_limits_on": False, "billing": "on", **ways, **settings}
    )

    async def sign_up(url: str) -> str:
        async with open_server(url) as client:
            await client.register(RegisterRequest(email="ann@example.org", password=PASSWORD))
            pair = await client.login(LoginRequest(email="ann@example.org", password=PASSWORD))
        return pair.access_token

    with serving(create_app(config)) as url:
        yield Seller(url, run_async(sign_up(url)))
