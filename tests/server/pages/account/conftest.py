"""A server that sells plans, with somebody signed in at its pages."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.api_driver import PASSWORD, ApiDriver
from support.billing_world import DONATEPAY
from support.guarded_account import Guarded, guarded_account
from support.payment_signers import ROBOKASSA
from support.shared_server import shared_server
from support.site_visitor import SiteVisitor


@pytest.fixture
async def cabinet(tmp_path: Path) -> AsyncIterator[ApiDriver]:
    """The server."""
    settings = {"billing": "on", "telegram_bot_name": "plg_test_bot", **DONATEPAY, **ROBOKASSA}
    async with shared_server(tmp_path, settings) as made:
        yield made


@pytest.fixture
async def owner(cabinet: ApiDriver) -> Guarded:
    """An account of it whose password is PASSWORD."""
    return await guarded_account(cabinet)


@pytest.fixture
async def visitor(cabinet: ApiDriver, owner: Guarded) -> SiteVisitor:
    """A browser in which the owner is signed in."""
    made = SiteVisitor(cabinet)
    assert (await made.sign_in(owner.email, PASSWORD)).path == "/en/account"
    return made
