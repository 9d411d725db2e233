"""The OpenAPI document, and the server held against it by generated requests."""

import json
import subprocess
import sys
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from plg_server.app import all_routes
from plg_server.openapi import openapi_document
from support.billing_world import DONATEPAY
from support.payment_signers import ROBOKASSA
from support.server_process import running_server

EXAMPLES = "15"
"""For each operation, beside the coverage phase, which tries every bound of every field."""


def test_every_documented_route_is_in_the_document_with_its_errors() -> None:
    document = openapi_document(all_routes(), "https://plg.example.org")
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": "https://plg.example.org"}]
    for route in all_routes():
        if route.documented:
            operation = document["paths"][route.url][route.method.lower()]
            assert operation["summary"]
            assert str(route.status) in operation["responses"]
            assert {str(status) for status in route.other_statuses} <= set(operation["responses"])
            assert ("requestBody" in operation) == (route.body is not None)


def test_operations_have_names_of_their_own() -> None:
    paths = openapi_document(all_routes())["paths"]
    names = Counter(operation["operationId"] for methods in paths.values() for operation in methods.values())
    assert {name: count for name, count in names.items() if count > 1} == {}


def test_every_reference_leads_somewhere() -> None:
    document = openapi_document(all_routes())
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert names <= set(document["components"]["schemas"])
    assert {"Account", "TokenPair", "Problem"} <= names


@pytest.mark.timeout(400)
@pytest.mark.parametrize("who", ["nobody", "a signed-in player"])
def test_generated_requests_are_answered_as_documented_and_never_with_500(
    backend: dict[str, object], who: str, tmp_path: Path
) -> None:
    # Who is signed in finds plans and payments switched on, nobody finds them off.
    selling = {} if who == "nobody" else {"billing": "on", **DONATEPAY, **ROBOKASSA}
    with running_server(tmp_path, {name: str(value) for name, value in {**backend, **selling}.items()}) as server:
        command = [
            sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json",
            "--max-examples", EXAMPLES, "--phases", "examples,coverage,fuzzing", "--generation-database", "none",
            "--no-color", "--request-timeout", "20",
            # A random password or token is a valid request by its form, and refused all the same.
            "--exclude-checks", "positive_data_acceptance",
        ]  # fmt: skip
        if who != "nobody":
            access = access_token(server.url)
            post(f"{server.url}/v1/subscription/trial", None, access)
            command += ["--header", f"Authorization: Bearer {access}"]
            # With the token in every request the check that leaves it out cannot do so.
            command[command.index("--exclude-checks") + 1] += ",ignored_auth"
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=380)
        log = server.log.read_text(encoding="utf-8")
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert '"event":"unforeseen"' not in log.replace(" ", "")


def access_token(url: str) -> str:
    """Register and sign in."""
    account = {"email": "player@example.org", "password": "correct horse battery"}
    post(f"{url}/v1/auth/register", account)
    return str(post(f"{url}/v1/auth/login", account)["access_token"])


def post(url: str, body: dict[str, str] | None, access: str = "") -> Any:
    """Send JSON, read JSON."""
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {access}"} if access else {})}
    request = urllib.request.Request(url, b"" if body is None else json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.load(response)
