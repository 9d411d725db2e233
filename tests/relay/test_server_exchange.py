"""One exchange with the server: every failure is one line of the right kind."""

import aiohttp
import msgspec
import pytest

from plg.contract.problem import ErrorCode, Problem
from plg.contract.relay_control import ProfileSet
from plg_relay.errors import FailureKind, RelayError
from plg_relay.server_exchange import exchange
from support.small_server import SmallServer, small_server


async def fetch(url: str, max_bytes: int = 1000, etag: str = "") -> ProfileSet | None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
        headers = {"If-None-Match": etag}
        return await exchange(http, "GET", url, ProfileSet, headers=headers, max_bytes=max_bytes)


async def failure(server: SmallServer, max_bytes: int = 1000) -> RelayError:
    with pytest.raises(RelayError) as caught:
        await fetch(server.url + "/v1/relays/profiles", max_bytes)
    assert "\n" not in str(caught.value)
    return caught.value


async def test_an_answer_is_decoded_and_not_modified_is_none() -> None:
    async with small_server() as server:
        url = server.url + "/v1/relays/profiles"
        assert await fetch(url) == ProfileSet(etag="e1", profiles=[])
        assert await fetch(url, etag='"e1"') is None


async def test_the_servers_own_words_are_passed_on() -> None:
    async with small_server() as server:
        problem = Problem(
            title="x", status=403, code=ErrorCode.ENROLMENT_REFUSED, detail="this token was used", request_id="1"
        )
        server.status, server.raw = 403, msgspec.json.encode(problem)
        error = await failure(server)
        assert error.kind is FailureKind.REFUSED
        assert "this token was used (enrolment_refused)" in str(error)


@pytest.mark.parametrize(
    ("status", "raw", "kind"),
    [
        (500, b"oops", FailureKind.UNREACHABLE),
        (503, b"{}", FailureKind.UNREACHABLE),
        (404, b"<html>", FailureKind.REFUSED),
        (302, b"", FailureKind.REFUSED),
        (200, b"<html>", FailureKind.REFUSED),
        (200, b"\xff\xff", FailureKind.REFUSED),
        (200, b'{"etag": 1}', FailureKind.REFUSED),
    ],
)
async def test_what_is_no_answer_of_a_server_is_told_apart(status: int, raw: bytes, kind: FailureKind) -> None:
    async with small_server() as server:
        server.status, server.raw = status, raw
        assert (await failure(server)).kind is kind


async def test_an_endless_answer_is_cut() -> None:
    async with small_server() as server:
        server.raw = b" " * 100_000
        error = await failure(server)
        assert error.kind is FailureKind.UNREACHABLE
        assert "more than 1000 bytes" in str(error)


async def test_a_server_that_is_not_there_is_unreachable_and_a_wrong_url_a_wrong_setting() -> None:
    with pytest.raises(RelayError, match="no answer") as caught:
        await fetch("http://127.0.0.1:9/x")
    assert caught.value.kind is FailureKind.UNREACHABLE
    with pytest.raises(RelayError) as caught:
        await fetch("not a url")
    assert caught.value.kind is FailureKind.CONFIG
