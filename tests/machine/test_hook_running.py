"""Hooks as real programs and real web servers."""

import contextlib
import json
import os
import pwd
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from plg.machine.calling_person import calling_person
from plg.machine.hook_running import MAX_OUTPUT_BYTES, run_hook, shown_target
from support.requirements import require_root

EVENT = b'{"schema":"plg.event/1"}'


def environ() -> dict[str, str]:
    return {**os.environ, "PLG_TOKEN": "secret"}


class Door:
    """A web server that notes what it was sent, and answers as told."""

    def __init__(self, status: int = 204, location: str | None = None) -> None:
        door = self
        self.came: list[tuple[str, str, str | None, bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                door.came.append((self.command, self.path, self.headers["Authorization"], body))
                self.send_response(status)
                if location is not None:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:
                door.came.append((self.command, self.path, None, b""))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextlib.contextmanager
def door(status: int = 204, location: str | None = None) -> Iterator[Door]:
    opened = Door(status, location)
    try:
        yield opened
    finally:
        opened.close()


def test_a_program_gets_the_event_and_what_it_writes_is_kept() -> None:
    result = run_hook(["/bin/sh", "-c", "cat; echo also this >&2"], EVENT, environ())
    assert result.ok
    assert result.output == EVENT.decode() + "\nalso this"


def test_a_program_is_no_shell_line(tmp_path: Path) -> None:
    result = run_hook(["echo", f"$(touch {tmp_path}/x)", ";", "id"], EVENT, environ())
    assert result.output == f"$(touch {tmp_path}/x) ; id"
    assert not (tmp_path / "x").exists()


def test_a_program_does_not_see_the_login() -> None:
    assert "secret" not in run_hook(["env"], EVENT, environ()).output


@pytest.mark.parametrize(
    ("argv", "why"),
    [
        (["/bin/sh", "-c", "exit 3"], "exit_code"),
        (["/no/such/program"], "cannot_start"),
        ([""], "cannot_start"),
        (["a\0b"], "cannot_start"),
    ],
)
def test_what_goes_wrong_is_named(argv: list[str], why: str) -> None:
    result = run_hook(argv, EVENT, environ())
    assert not result.ok
    assert result.why == why


def test_a_program_that_takes_too_long_is_ended_with_all_that_it_began(tmp_path: Path) -> None:
    began_s = time.monotonic()
    script = f"sleep 60 & echo $! > {tmp_path}/pid; echo begun; wait"
    result = run_hook(["/bin/sh", "-c", script], EVENT, environ(), limit_s=0.5)
    assert (result.ok, result.why, result.output) == (False, "time_over", "begun")
    assert time.monotonic() - began_s < 15
    assert ended(int((tmp_path / "pid").read_text()))


def test_what_a_program_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    result = run_hook(["/bin/sh", "-c", f"sleep 60 & echo $! > {tmp_path}/pid"], EVENT, environ())
    assert result.ok
    assert result.took_s < 9
    assert ended(int((tmp_path / "pid").read_text()))


def ended(pid: int) -> bool:
    """Whether a process has ended; a child of init may be a zombie for a moment."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if " Z " in Path(f"/proc/{pid}/stat").read_text():
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


def test_a_flood_of_output_is_thrown_away() -> None:
    result = run_hook(["/bin/sh", "-c", "yes | head -c 3000000"], EVENT, environ())
    assert result.ok
    assert len(result.output) <= MAX_OUTPUT_BYTES


def test_a_program_that_reads_nothing_is_no_fault() -> None:
    assert run_hook(["true"], b"x" * 4000, environ()).ok


def test_under_sudo_a_program_runs_as_the_person_who_called() -> None:
    require_root()
    nobody = pwd.getpwnam("nobody")
    person = calling_person({"SUDO_UID": str(nobody.pw_uid)})
    result = run_hook(["/bin/sh", "-c", "id -u; id -G; echo $HOME"], EVENT, environ(), person)
    uid, groups, home = result.output.splitlines()
    assert uid == str(nobody.pw_uid)
    assert "0" not in groups.split()
    assert home == nobody.pw_dir


def test_an_address_gets_the_event_as_a_post() -> None:
    with door() as opened:
        url = opened.url.replace("http://", "http://me:p%40ss@") + "/a/b?key=1"
        assert run_hook(url, EVENT, environ()).ok
        method, path, authorization, body = opened.came[0]
        assert (method, path, body) == ("POST", "/a/b?key=1", EVENT)
        assert authorization == "Basic bWU6cEBzcw=="
        assert json.loads(body)["schema"] == "plg.event/1"


def test_an_address_that_leads_elsewhere_is_not_followed() -> None:
    with door() as other, door(302, other.url + "/stolen") as opened:
        result = run_hook(opened.url, EVENT, environ())
        assert (result.ok, result.why, result.detail) == (False, "redirected", "302")
        assert other.came == []


def test_an_address_that_refuses_is_said() -> None:
    with door(500) as opened:
        result = run_hook(opened.url, EVENT, environ())
        assert (result.ok, result.why, result.detail) == (False, "status", "500")


def test_an_address_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began_s = time.monotonic()
        result = run_hook(f"http://127.0.0.1:{silent.getsockname()[1]}/secret", EVENT, environ(), limit_s=0.3)
        assert not result.ok
        assert result.why in {"time_over", "unreachable"}
        assert time.monotonic() - began_s < 15
        assert "secret" not in result.detail


def test_an_address_that_drips_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            client, _ = server.accept()
            with client, contextlib.suppress(OSError):
                for _ in range(100):
                    client.sendall(b"H")
                    time.sleep(0.05)

        dripping = threading.Thread(target=drip)
        dripping.start()
        began_s = time.monotonic()
        result = run_hook(f"http://127.0.0.1:{server.getsockname()[1]}/", EVENT, environ(), limit_s=0.5)
        assert not result.ok
        assert time.monotonic() - began_s < 15
        dripping.join()


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/token", "http://127.0.0.1:99999/token", "ftp://h/token", "http://"]
)
def test_an_address_that_cannot_be_reached_is_said_without_its_secrets(url: str) -> None:
    result = run_hook(url, EVENT, environ())
    assert (result.ok, result.why) == (False, "unreachable")
    assert "token" not in result.detail


def test_logs_show_neither_arguments_nor_paths() -> None:
    assert shown_target("https://me:pass@hooks.example.org:8443/secret?key=1") == "https://hooks.example.org/…"
    assert shown_target(["notify", "--password", "x"]) == "notify"
    assert shown_target([]) == ""
