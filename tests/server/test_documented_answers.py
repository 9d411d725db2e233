"""Generated requests from every kind of caller: each answer is one that the description of the API promises, none is an error of the server.

By default each caller sends a few drawn requests, always the same ones, to what is open to it; the bounds of every field are in
`test_hostile_bodies.py`. `PLG_EXAMPLES=50 ... --timeout 0` makes that many to every operation, open to the caller or not, and
tries every bound as well (ten minutes).
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

from plg_server import app_keys
from plg_server.app import all_routes
from support.api_driver import ApiDriver
from support.billing_world import DONATEPAY
from support.callers import signed_in_again, signed_in_as
from support.member_relay import enrolled_relay
from support.named_things import named_things
from support.payment_signers import ROBOKASSA
from support.shared_server import shared_server

LONG_RUN_EXAMPLES = int(os.environ.get("PLG_EXAMPLES", "0"))
EXAMPLES = LONG_RUN_EXAMPLES or 4
SEED = 20_261_122

CALLERS = {
    "nobody": ("none", "optional"),
    "player": ("account",),
    "support": ("support",),
    "admin": ("admin",),
    "relay": ("relay",),
}
"""Who calls, and the kinds of route that are made for it. The player is the one whose things the names in addresses are."""

Headers = dict[str, str]


@pytest.fixture
async def api(tmp_path: Path, backend: dict[str, object]) -> AsyncIterator[ApiDriver]:
    """Plans are sold: all that there is can be reached."""
    async with shared_server(tmp_path, {"billing": "on", **backend, **DONATEPAY, **ROBOKASSA}) as api:
        yield api


@pytest.mark.timeout(400)
# The server's own use of chance, in the same process, looks to the library like a strategy's.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
async def test_generated_requests_of_each_caller_are_answered_as_documented(
    api: ApiDriver, logs: list[dict[str, object]]
) -> None:
    relay = await enrolled_relay(api)
    owner = await signed_in_as(api, "admin")
    names = await named_things(api, relay, owner)
    here = asyncio.get_running_loop()
    found = []
    for who in CALLERS:

        async def headers(who: str = who) -> Headers:
            # A new sign-in each time: a drawn request may have ended the one before it.
            if who in ("nobody", "relay"):
                return relay.headers if who == "relay" else {}
            return (
                await (signed_in_again(api, owner.account_id) if who == "player" else signed_in_as(api, who))
            ).headers

        def fresh(headers: Callable[[], Any] = headers) -> Headers:
            made: Headers = asyncio.run_coroutine_threadsafe(headers(), here).result()
            return made

        document = json.loads(api.app[app_keys.OPENAPI])
        url = str(api.client.make_url("")).rstrip("/")
        failures = await asyncio.to_thread(failures_of, document, url, operations_for(who), fresh, names)
        found += [f"{who}: {failure}" for failure in failures]
    assert not found, "\n".join(found)
    assert [entry for entry in logs if entry["event"] == "unforeseen"] == []


def operations_for(who: str) -> list[str]:
    """The names of the operations that this caller tries."""
    kinds = CALLERS[who]
    return [
        f"{route.tag}_{route.name}"
        for route in all_routes()
        if route.documented and (LONG_RUN_EXAMPLES or route.auth.value in kinds)
    ]


def failures_of(
    document: dict[str, Any],
    url: str,
    operations: list[str],
    fresh_headers: Callable[[], Headers],
    names: Mapping[str, str],
) -> list[str]:
    """Everything that was not as documented, one line each, with the request that shows it."""
    if not operations:
        return []
    config = SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "base-url": url,
            "continue-on-failure": True,
            "request-timeout": 60,
            # Things that are there; names of a wrong form are tried in test_bodies.py.
            "parameters": {f"path.{name}": value for name, value in names.items()},
            "generation": {"max-examples": EXAMPLES, "database": "none", "no-shrink": True},
            "checks": {
                # A random password or token is a valid request by its form, and refused all the same.
                "positive_data_acceptance": {"enabled": False},
                # With the token in every request the check that leaves it out cannot do so: see test_role_matrix.
                "ignored_auth": {"enabled": False},
                # 503 is an answer of its own: the relay here has not been heard for a while.
                "not_a_server_error": {"expected-statuses": ["2xx", "3xx", "4xx", 503]},
                # A fixed word beside a name (`/devices/revoke-others`, `/devices/{device_id}`) has the methods of both.
                "unsupported_method": {"enabled": False},
                "allow_header_conformance": {"enabled": False},
            },
            "phases": {
                "examples": {"enabled": False},
                "stateful": {"enabled": False},
                "coverage": {"enabled": bool(LONG_RUN_EXAMPLES)},
            },
        }
    )
    schema = schemathesis.openapi.from_dict(document, config=config).include(operation_id=operations)
    schema.auth(refresh_interval=None)(provider_of(fresh_headers))
    tried, lines = set(), []
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError):
            lines.append(f"{event.label}: {event.value}")
        if isinstance(event, events.ScenarioFinished):
            tried.add(event.recorder.label)
            lines += failed_checks(event.recorder.cases, event.recorder.checks)
    assert len(tried) == len(operations)
    return lines


def provider_of(fresh_headers: Callable[[], Headers]) -> type:
    """The library's form of somebody who signs each request."""

    class Signed:
        def get(self, _case: schemathesis.Case[Any], _context: object) -> Headers:
            return fresh_headers()

        def set(self, case: schemathesis.Case[Any], data: Headers, _context: object) -> None:
            case.headers.update(data)

    return Signed


def failed_checks(cases: Mapping[str, Any], checks: Mapping[str, Any]) -> list[str]:
    """What the library found wrong, with a command line that shows it."""
    return [
        f"{check.failure_info.failure.title}: {check.failure_info.failure.message[:300]} | "
        f"{cases[case_id].value.as_curl_command()[:400]}"
        for case_id, nodes in checks.items()
        for check in nodes
        if check.failure_info is not None
    ]
