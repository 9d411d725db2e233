"""Names of addresses."""

import asyncio
import time

import pytest

from plg.probe.reverse_names import look_up_names


async def test_what_has_a_name_is_found_and_the_rest_is_left_out() -> None:
    found = await look_up_names(["127.0.0.1", "192.0.2.1"], timeout_s=5.0)
    assert found.get("127.0.0.1") is not None
    assert "192.0.2.1" not in found


async def test_a_resolver_that_hangs_costs_no_more_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_arguments: object) -> tuple[str, str]:
        await asyncio.Event().wait()
        return "", ""

    monkeypatch.setattr(asyncio.get_running_loop(), "getnameinfo", never, raising=False)
    began = time.monotonic()
    assert await look_up_names(["127.0.0.1"], timeout_s=0.1) == {}
    assert time.monotonic() - began < 2
