"""`plg server run` as a process: its line, its port file, its end."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from plg_server.serving import PortTaken, bind
from support.server_process import plg, running_server
from support.services import PostgresServer, RedisServer, free_port


def run(tmp_path: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run `plg server ...` to its end."""
    chosen = {"data_dir": str(tmp_path / "data"), **settings}
    environ = {**os.environ, **{f"PLG_SERVER_{name.upper()}": value for name, value in chosen.items()}}
    return subprocess.run(
        plg("server", *arguments), env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_it_says_its_url_when_it_answers_and_takes_its_port_file_away_at_the_end(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        assert f"PLG server listens at {server.url}" in server.log.read_text(encoding="utf-8")
        with urllib.request.urlopen(f"{server.url}/readyz", timeout=10) as response:
            assert json.load(response)["status"] == "ok"
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=20) == 0
        assert not (tmp_path / "port").exists()
        with closing(sqlite3.connect(server.data_dir / "server.sqlite3")) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert "Traceback" not in server.log.read_text(encoding="utf-8")


def test_requests_under_way_are_finished_before_the_end(tmp_path: Path) -> None:
    # Each sign-in hashes for about 25 ms, one after the other: plenty are under way when the signal comes.
    with running_server(tmp_path, {"password_workers": "1"}) as server:
        host, port = server.url.removeprefix("http://").split(":")
        connections = [socket.create_connection((host, int(port)), timeout=20) for _ in range(12)]
        for connection in connections:
            body = json.dumps({"email": "nobody@example.org", "password": "wrong"})
            head = f"POST /v1/auth/login HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
        while in_flight(server.url) < 3:
            time.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        answers = [connection.recv(4096) for connection in connections]
        assert [answer[:12] for answer in answers] == [b"HTTP/1.1 401"] * 12
        assert server.process.wait(timeout=20) == 0
        for connection in connections:
            connection.close()


def in_flight(url: str) -> float:
    """How many requests the server answers at this moment, this one included."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as response:
        lines = response.read().decode().splitlines()
    return float(next(line for line in lines if line.startswith("plg_server_requests_in_flight ")).split()[1])


@pytest.mark.services
def test_on_postgresql_and_redis_it_is_ready_and_ends_well(
    tmp_path: Path, postgres_server: PostgresServer, redis_server: RedisServer
) -> None:
    settings = {"database_url": postgres_server.new_database(), "store_url": redis_server.url}
    with running_server(tmp_path, settings) as server:
        with urllib.request.urlopen(f"{server.url}/readyz", timeout=10) as response:
            assert json.load(response) == {"status": "ok", "database": "ok", "store": "ok"}
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=20) == 0


def test_a_taken_port_is_one_line_and_exit_code_11_and_touches_nothing(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = run(tmp_path, "run", "--port", port)
    assert done.returncode == 11
    assert done.stderr.strip().splitlines() == [
        f"plg: cannot listen on 127.0.0.1 port {port}: another program listens there; choose another with --port or PLG_SERVER_PORT"
    ]
    assert not (tmp_path / "data").exists()


def test_a_database_that_does_not_answer_is_one_line_and_exit_code_7(tmp_path: Path) -> None:
    url = f"postgres://plg:hunter2@127.0.0.1:{free_port()}/plg"
    done = run(tmp_path, "run", "--port", "0", database_url=url)
    assert done.returncode == 7
    assert len(done.stderr.strip().splitlines()) == 1
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize("command", [("run", "--port", "0"), ("check",), ("create-relay-token", "frankfurt-1")])
def test_a_damaged_database_file_is_one_line_and_exit_code_10(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "server.sqlite3"
    file.write_bytes(b"this is no database" * 1000)
    done = run(tmp_path, *command)
    assert done.returncode == 10
    (line,) = done.stderr.strip().splitlines()
    assert f"the database {file} is damaged: file is not a database; put a copy of it back" in line
    assert file.read_bytes() == b"this is no database" * 1000


def test_a_port_file_that_cannot_be_written_is_one_line_and_exit_code_10(tmp_path: Path) -> None:
    done = run(tmp_path, "run", "--port", "0", "--port-file", str(tmp_path / "nowhere" / "port"))
    assert done.returncode == 10
    assert f"--port-file {tmp_path / 'nowhere' / 'port'}: No such file or directory" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("host", "reason"), [("192.0.2.1", "no such address"), ("no host", "cannot listen")])
def test_an_address_that_is_not_ours_is_refused(host: str, reason: str) -> None:
    with pytest.raises(PortTaken, match=reason):
        bind(host, 0)
