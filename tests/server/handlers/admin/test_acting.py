"""Who acts, as the audit log keeps it."""

from aiohttp.test_utils import make_mocked_request

from plg_server import app_keys
from plg_server.handlers.admin.acting import actor_of
from plg_server.ids import utc_now
from plg_server.models.accounts import Account
from plg_server.services.accounts import Identity
from plg_server.services.audit import Actor


def test_an_actor_is_the_account_its_role_its_token_the_request_and_the_address() -> None:
    account = Account(id="a" * 16, email="boss@example.org", role="admin", created_at=utc_now())
    request = make_mocked_request("GET", "/")
    request[app_keys.REQUEST_ID] = "request-1"
    request[app_keys.CLIENT_ADDRESS] = "192.0.2.7"
    request[app_keys.IDENTITY] = Identity(account, "sign-in-1")
    assert actor_of(request) == Actor("a" * 16, "admin", "sign_in", "request-1", "192.0.2.7")
    request[app_keys.IDENTITY] = Identity(account, "", "token-1", frozenset())
    assert actor_of(request).via == "token-1"
