"""Bytes that are no HTTP get a problem document like every other refusal, from the server as it really runs."""

import json
import socket
from http.client import HTTPResponse
from pathlib import Path

from support.server_process import ServerProcess, running_server

NO_HTTP = {
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello over TLS\r\n\r\n",
    "a header without a name": b"GET /healthz HTTP/1.1\r\nHost: a\r\n: nameless\r\n\r\n",
    "a line that never ends": b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "two lengths": b"POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    "a length that is none": b"POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n{}",
}

NO_GZIP = (
    b"POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"
)


def answer(server: ServerProcess, request: bytes) -> tuple[HTTPResponse, bytes]:
    """What these bytes get on a connection of their own, and that the connection ends then."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(request)
        response = HTTPResponse(connection)
        response.begin()
        body = response.read()
        assert connection.recv(1) == b""
        return response, body


def test_what_is_no_http_is_refused_with_a_problem_document_that_repeats_nothing(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        for name, request in NO_HTTP.items():
            response, body = answer(server, request)
            problem = json.loads(body)
            assert (name, response.status, problem["status"], problem["code"]) == (name, 400, 400, "malformed_request")
            assert response.getheader("Content-Type") == "application/problem+json"
            assert response.getheader("Server") == "plg"
            assert response.getheader("Cache-Control") == "no-store"
            assert response.getheader("X-Request-ID") == problem["request_id"]
            expected = "too long" if "never ends" in name else "not a request of HTTP/1.1"
            assert expected in problem["detail"]

        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            # Nothing is unpacked, so what cannot be unpacked harms nobody: the connection serves on.
            for _again in range(2):
                connection.sendall(NO_GZIP)
                refusal = HTTPResponse(connection)
                refusal.begin()
                assert (refusal.status, json.loads(refusal.read())["code"]) == (415, "unsupported_media_type")

        response, body = answer(server, b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert f'plg_server_refused_total{{code="malformed_request"}} {len(NO_HTTP)}.0'.encode() in body
    log = server.log.read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert "nameless" not in log


def test_what_is_sent_before_the_bad_request_is_answered_first(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            first = HTTPResponse(connection)
            first.begin()
            assert json.loads(first.read())["status"] == "ok"
            connection.sendall(b"\x00\x01\x02\r\n\r\n")
            second = HTTPResponse(connection)
            second.begin()
            assert (second.status, json.loads(second.read())["code"]) == (400, "malformed_request")
