"""What browsers tell of pages that tried what they may not."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from plg_server import app_keys
from plg_server.handlers.csp_reports import REPORT_LIMIT_BYTES
from support.api_driver import ApiDriver
from support.shared_server import shared_server

TYPE = {"Content-Type": "application/csp-report"}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[ApiDriver]:
    async with shared_server(tmp_path / "data") as api:
        yield api


def counted(api: ApiDriver) -> float:
    return float(api.app[app_keys.METRICS].csp_reports._value.get())


async def test_a_report_is_counted_and_logged_without_the_query_of_the_page(api: ApiDriver, logs: list[Any]) -> None:
    report = {
        "document-uri": "http://x/en/?token=secret",
        "effective-directive": "script-src\nx",
        "blocked-uri": "inline",
        "more": 1,
    }
    pieces = json.dumps({"csp-report": report}).encode()

    async def in_two() -> AsyncIterator[bytes]:
        yield pieces[:20]
        yield pieces[20:]

    reply = await api.post("/csp-report", data=in_two(), headers=TYPE)
    assert (reply.status, reply.text, counted(api)) == (204, "", 1)
    (entry,) = [one for one in logs if one["event"] == "csp_report"]
    assert (entry["page"], entry["blocked"]) == ("http://x/en/", "inline")
    assert "\n" not in entry["directive"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"csp-report": 1}', b'{"csp-report": {"blocked-uri": 1}}', b"\xff\xfe", b"[" * 5000,
     b'{"csp-report": {}}' + b" " * REPORT_LIMIT_BYTES],
)  # fmt: skip
async def test_what_is_no_report_is_passed_over(api: ApiDriver, body: bytes, logs: list[Any]) -> None:
    reply = await api.post("/csp-report", data=body, headers=TYPE)
    assert (reply.status, counted(api)) == (204, 0)
    assert [one for one in logs if one.get("log_level") == "error"] == []
