"""/v1/plans, /v1/subscription and /v1/payments over HTTP: who may see what."""

from support.api_driver import StartServer
from support.billing_world import DONATEPAY, billing_world


async def test_plans_are_open_to_anybody_and_name_the_ways_to_pay(start_server: StartServer) -> None:
    world = await billing_world(start_server, {}, **DONATEPAY)
    shown = (await world.api.get("/v1/plans")).json
    assert shown["billing"] is True
    assert [plan["name"] for plan in shown["plans"]] == ["trial", "monthly", "quarterly", "yearly"]
    assert shown["plans"][1]["prices"][0] == {"currency": "USD", "amount": "5.99"}
    assert shown["providers"] == [{"name": "donatepay", "currencies": ["RUB"]}]


async def test_what_belongs_to_an_account_needs_its_sign_in(start_server: StartServer) -> None:
    api = (await billing_world(start_server, {})).api
    calls = [
        ("GET", "/v1/subscription"),
        ("POST", "/v1/subscription/trial"),
        ("POST", "/v1/subscription/cancel"),
        ("GET", "/v1/payments"),
        ("POST", "/v1/payments/checkout"),
        ("POST", "/v1/codes/redeem"),
        ("GET", "/v1/referral"),
    ]
    assert {(await api.call(method, url)).code for method, url in calls} == {"token_missing"}


async def test_a_page_of_payments_has_bounds(start_server: StartServer) -> None:
    world = await billing_world(start_server, {})
    access = await world.player()
    for query in ("limit=0", "limit=101", "offset=-1", "limit=x", "page=1"):
        assert (await world.api.get(f"/v1/payments?{query}", access)).code == "invalid_query"
