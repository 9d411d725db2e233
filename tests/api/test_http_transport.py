"""One exchange: bounded, and every failure typed."""

import asyncio
import contextlib
import socket

import aiohttp
import pytest
from aiohttp import web

from plg.api import http_transport
from plg.api.errors import NotSignedIn, ServerMisbehaved, ServerRefused, ServerUnreachable, UnreachableReason
from plg.api.http_transport import HttpTransport, Reply
from support.local_server import Script, json_answer, problem_answer, serving


async def exchange(server: str, path: str = "/x", **more: str) -> Reply:
    transport = HttpTransport(server)
    try:
        return await transport.exchange("GET", path, **more)  # type: ignore[arg-type]  # only `token` is given
    finally:
        await transport.close()


async def failure(server: str) -> Exception:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the caller looks at it
        await exchange(server)
    return caught.value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def failure_against(answer: bytes, *, then_silent: bool = False) -> Exception:
    """What the client says to a server that sends `answer` and hangs up, or sends it and says nothing more."""
    over = asyncio.Event()

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        if then_silent:
            await reader.read()  # until the client gives up
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        over.set()

    server = await asyncio.start_server(behave, "127.0.0.1", 0)
    async with server:
        found = await failure(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await over.wait()
    return found


async def test_an_answer_comes_whole_and_the_token_goes_in_the_header() -> None:
    script = Script({"GET /base/x": [json_answer(b'{"a": 1}')]})
    with serving(script.app()) as url:
        reply = await exchange(f"{url}/base", token="abc")
    assert (reply.status, reply.body, reply.media_type) == (200, b'{"a": 1}', "application/json")
    assert [(seen.path, seen.token) for seen in script.seen] == [("/base/x", "abc")]


async def test_a_problem_document_becomes_a_refusal() -> None:
    script = Script({"GET /x": [problem_answer(404, "game_not_found", "unknown game", nearest=["a", "b"])]})
    with serving(script.app()) as url:
        refusal = await failure(url)
    assert isinstance(refusal, ServerRefused)
    assert (refusal.code, refusal.status, refusal.detail) == ("game_not_found", 404, "unknown game")
    assert (refusal.nearest, refusal.request_id) == (("a", "b"), "r-1")


async def test_a_code_of_a_newer_server_is_still_a_refusal() -> None:
    with serving(Script({"GET /x": [problem_answer(418, "teapot")]}).app()) as url:
        refusal = await failure(url)
    assert isinstance(refusal, ServerRefused)
    assert refusal.code == "teapot"


async def test_long_texts_of_a_problem_are_cut() -> None:
    with serving(
        Script({"GET /x": [problem_answer(400, "c" * 999, "d" * 9999, nearest=["n" * 999] * 99)]}).app()
    ) as url:
        refusal = await failure(url)
    assert isinstance(refusal, ServerRefused)
    assert (len(refusal.code), len(refusal.detail), len(refusal.nearest), len(refusal.nearest[0])) == (64, 500, 5, 64)


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=502, text="<html>bad gateway</html>", content_type="text/html"),
        web.Response(status=500, body=b"{", content_type="application/json"),
        web.Response(status=500, body=b"\xff", content_type="application/problem+json"),
        web.Response(status=302, headers={"Location": "http://example.org/"}),
    ],
    ids=["a proxy's page", "cut JSON", "not text", "a redirect"],
)
async def test_what_no_plg_server_sends_is_told_apart(answer: web.Response) -> None:
    with serving(Script({"GET /x": [answer]}).app()) as url:
        assert isinstance(await failure(url), ServerMisbehaved)


async def test_a_redirect_is_not_followed_with_the_token() -> None:
    script = Script({"GET /x": [web.Response(status=307, headers={"Location": "/y"})]})
    with serving(script.app()) as url, pytest.raises(ServerMisbehaved):
        await exchange(url, token="secret")
    assert [seen.path for seen in script.seen] == ["/x"]


async def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_transport, "MAX_ANSWER_BYTES", 1000)
    with serving(Script({"GET /x": [json_answer(b"x" * 1001)]}).app()) as url:
        misbehaved = await failure(url)
    assert isinstance(misbehaved, ServerMisbehaved)
    assert "1000 bytes" in misbehaved.reason


async def test_nothing_listens() -> None:
    unreachable = await failure(f"http://127.0.0.1:{free_port()}")
    assert isinstance(unreachable, ServerUnreachable)
    assert unreachable.reason is UnreachableReason.REFUSED


async def test_a_connection_that_is_broken_off() -> None:
    for answer in (b"", b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"):
        unreachable = await failure_against(answer)
        assert isinstance(unreachable, ServerUnreachable)
        assert unreachable.reason is UnreachableReason.BROKEN_OFF


async def test_something_that_does_not_speak_http() -> None:
    assert isinstance(await failure_against(b"SSH-2.0-OpenSSH_9.2\r\n"), ServerMisbehaved)


async def test_an_answer_that_does_not_come_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_transport, "TOTAL_TIMEOUT_S", 0.1)
    unreachable = await failure_against(b"HTTP/1.1 200 OK\r\n", then_silent=True)
    assert isinstance(unreachable, ServerUnreachable)
    assert unreachable.reason is UnreachableReason.TIMED_OUT


async def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody_knows(*_arguments: object, **_more: object) -> list[aiohttp.abc.ResolveResult]:
        raise OSError(-2, "Name or service not known")

    monkeypatch.setattr(aiohttp.DefaultResolver, "resolve", nobody_knows)
    unreachable = await failure("http://nowhere.invalid")
    assert isinstance(unreachable, ServerUnreachable)
    assert unreachable.reason is UnreachableReason.NAME_UNKNOWN


async def test_https_towards_a_server_without_it() -> None:
    with serving(Script({}).app()) as url:
        assert isinstance(await failure(url.replace("http:", "https:")), ServerUnreachable)


@pytest.mark.parametrize(
    "token", ["a\r\nX-Evil: 1", "", "ключ", "a b", "x" * 5000], ids=["lines", "empty", "letters", "space", "long"]
)
async def test_a_token_that_no_header_can_hold_is_not_even_tried(token: str) -> None:
    with pytest.raises(NotSignedIn):
        await exchange(f"http://127.0.0.1:{free_port()}", token=token)
