"""One of everything that has a name in an address, so that requests about it reach what lies behind the reading."""

from plg_server import app_keys
from plg_server.models.codes import Code
from support.api_driver import ApiDriver
from support.callers import Caller, signed_in_as
from support.member_relay import MemberRelay
from support.payment_signers import robokassa_notice


async def named_things(api: ApiDriver, relay: MemberRelay, caller: Caller) -> dict[str, str]:
    """By the names that addresses use. The session, device, token and payment are `caller`'s, who must be an admin."""
    access = caller.access_token
    other = await signed_in_as(api)
    await api.post("/v1/subscription/trial", token=access)
    session = await api.post("/v1/sessions", {"game": "cs2"}, access)
    token = await api.post("/v1/me/tokens", {"name": "script", "scopes": ["read"]}, access)
    devices = await api.get("/v1/me/devices", access)
    asked = {"plan": "monthly", "provider": "robokassa"}
    checkout = await api.post("/v1/payments/checkout", asked, access)
    await api.post("/v1/payments/notices/robokassa", data=robokassa_notice(checkout.json["link"]))
    payments = await api.get("/v1/payments", access)
    await api.post("/v1/admin/codes", {"kind": "gift", "days": 3}, access)
    incident = await api.post("/v1/admin/incidents", {"title": "Slow", "text": "We look into it."}, access)
    with api.app[app_keys.DATABASE].active():
        code = await Code.all().order_by("-created_at").first()
    assert code is not None
    return {
        "session_id": session.json["session_id"],
        "token_id": token.json["api_token"]["id"],
        "device_id": devices.json["devices"][0]["id"],
        "payment_id": payments.json["payments"][0]["id"],
        "node_id": relay.identity.node_id,
        "code_id": code.id,
        "incident_id": incident.json["id"],
        "user_id": other.account_id,
        "account": other.account_id,
        "name": "monthly",
        "slug": "cs2",
        "provider": "robokassa",
        "benchmark_id": "0123456789abcdef",
    }
