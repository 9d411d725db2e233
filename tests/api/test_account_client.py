"""The client of one's own account: addresses and bodies; what the server does with them is tested with the commands."""

import json
from collections.abc import Awaitable, Callable

import pytest

from plg.api.account_client import MAX_EXPORT_BYTES, AccountClient, open_account
from plg.api.credentials import FixedToken
from plg.api.errors import ServerMisbehaved
from plg.api.http_transport import MAX_ANSWER_BYTES
from support.local_server import Script, json_answer, serving

Call = Callable[[AccountClient], Awaitable[object]]


@pytest.mark.parametrize(
    ("call", "asked", "body"),
    [
        (lambda it: it.turn_totp_off("pw", "123456"), "POST /v1/me/totp/off", {"password": "pw", "totp": "123456"}),
        (lambda it: it.revoke_device("../x"), "DELETE /v1/me/devices/../x", None),
        (lambda it: it.revoke_api_token("t1"), "DELETE /v1/me/tokens/t1", None),
    ],
)
async def test_what_answers_nothing_is_sent_to_its_address(call: Call, asked: str, body: object) -> None:
    script = Script({asked: [json_answer(b"", 204)]})
    with serving(script.app()) as url:
        async with open_account(url, FixedToken(url, "token")) as client:
            await call(client)
    (seen,) = script.seen
    assert (seen.token, json.loads(seen.body) if seen.body else None) == ("token", body)


async def test_an_export_may_be_larger_than_any_other_answer_and_must_be_json() -> None:
    assert MAX_EXPORT_BYTES > MAX_ANSWER_BYTES
    large = b'{"x":"' + b"x" * MAX_ANSWER_BYTES + b'"}'
    script = Script({"GET /v1/me/export": [json_answer(large), json_answer(b'{"x":')]})
    with serving(script.app()) as url:
        async with open_account(url, FixedToken(url, "token")) as client:
            assert await client.export() == large
            with pytest.raises(ServerMisbehaved):
                await client.export()
