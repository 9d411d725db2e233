"""`plg doctor`, with a server and relays on loopback. (The checks themselves: tests/doctor.)"""

import asyncio
import json
import zipfile
from pathlib import Path

import msgspec
import pytest

from plg.cli.cli_error import CliError
from plg.cli.doctor import chosen_checks, runtime_directories
from support.command_line import plg_at
from support.contract_bodies import account, game_detail
from support.inside import Inside, invocation_at
from support.local_server import Script, json_answer, problem_answer, serving
from support.loopback_relay import LoopbackRelay
from support.loopback_server import LoopbackServer


async def script_with(relay: LoopbackRelay) -> Script:
    return Script(
        {
            "GET /v1/games": [json_answer(b'{"games":[],"total":0,"limit":1,"offset":0}')],
            "GET /v1/games/openarena": [json_answer(msgspec.json.encode(game_detail()))],
            "GET /v1/nodes": [json_answer(msgspec.json.encode(await LoopbackServer({"near": relay}).nodes()))],
            "GET /v1/me": [json_answer(msgspec.json.encode(account()))],
        }
    )


async def test_server_login_relays_and_packet_size_are_looked_at_for_real(plg: Inside) -> None:
    relay = LoopbackRelay().open()
    only = [word for name in ("server", "clock", "login", "relays", "leftovers") for word in ("--only", name)]
    with serving((await script_with(relay)).app()) as url:
        done = await asyncio.to_thread(plg, "doctor", *only, "--json", PLG_SERVER=url, PLG_TOKEN="abc")
    relay.close()
    document = done.document()
    assert (done.code, document["schema"], document["verdict"]) == (0, "plg.doctor/1", "ok")
    assert {check["id"]: check["code"] for check in document["checks"]} == {
        "leftovers": "leftovers_none",
        "server": "server_plain",
        "clock": "clock_right",
        "login": "login_good",
        "relays": "relays_answer",
    }
    assert document["server"] == url


def test_without_a_login_it_fails_and_names_the_next_step(plg: Inside) -> None:
    refusal = problem_answer(401, "unauthorized")
    answers = {"GET /v1/games": [json_answer(b"{}")], "GET /v1/me": [refusal], "GET /v1/nodes": [json_answer(b'{"nodes":[]}')]}  # fmt: skip
    with serving(Script(answers).app()) as url:
        done = plg("doctor", "--only", "login", "--only", "relays", PLG_SERVER=url)
    assert done.code == 21
    lines = done.out.splitlines()
    assert lines[0].split()[:2] == ["failure", "login"]
    assert lines[1].strip() == "-> run: plg login"
    assert lines[-1] == "2 checks: 2 failures, 0 warnings, 0 could not be told"


def test_a_server_that_is_not_there_is_a_finding_and_no_error(plg: Inside) -> None:
    done = plg("doctor", "--only", "server", "--only", "mtu", "--json", PLG_SERVER="http://127.0.0.1:1")
    assert (done.code, done.err) == (21, "")
    assert [check["code"] for check in done.document()["checks"]] == ["server_refused", "no_server"]


def test_an_unknown_check_is_a_usage_error_with_the_nearest_name(plg: Inside) -> None:
    done = plg("doctor", "--only", "relay", "--json")
    assert (done.code, done.error()["code"], done.error()["nearest"]) == (2, "unknown_check", ["relays"])
    with pytest.raises(CliError):
        chosen_checks(("x",), with_load=False)


def test_a_damaged_token_file_is_a_finding_and_the_rest_is_still_looked_at(plg: Inside) -> None:
    folder = plg.home / "credentials"
    folder.mkdir(parents=True, mode=0o700)
    (folder / "tokens.json").write_text("{")
    (folder / "tokens.json").chmod(0o600)
    done = plg("doctor", "--only", "login", "--only", "leftovers", "--json", PLG_SERVER="http://127.0.0.1:1")
    checks = {check["id"]: check for check in done.document()["checks"]}
    assert (done.code, checks["login"]["code"], checks["leftovers"]["verdict"]) == (21, "login_damaged", "ok")
    assert "damaged" in checks["login"]["seen"]
    assert (folder / "tokens.json.corrupt").read_text() == "{"


def test_an_archive_shows_what_is_in_it_and_holds_no_secret(tmp_path: Path) -> None:
    plg = plg_at(tmp_path / "home", "http://127.0.0.1:1")
    run = tmp_path / "run"
    run.mkdir()
    secrets = {
        "access": "access-token-AAAA1111",
        "refresh": "refresh-token-BBBB2222",
        "mail": "ann@example.org",
        "hook": "https://hooks.example.com/services/T0/B0/CCCC3333DDDD4444EEEE",
        "address": "93.184.216.34",
        "env": "environment-token-FFFF5555",
    }
    credentials = plg.home / "credentials"
    credentials.mkdir(parents=True, mode=0o700)
    tokens = {
        "access_token": secrets["access"],
        "access_expires_at": "2030-01-01T00:00:00Z",
        "refresh_token": secrets["refresh"],
        "refresh_expires_at": "2030-02-01T00:00:00Z",
    }
    entry = {"kept": "file", "sign_in": {"email": secrets["mail"], "tokens": tokens}}
    plg.token_file.write_text(json.dumps({"version": 1, "servers": {"http://127.0.0.1:1": entry}}))
    plg.token_file.chmod(0o600)
    (plg.home / "config.toml").write_text('lang = "en"\n')
    (run / "tunnel.log").write_text(
        f"connected to {secrets['address']} as {secrets['mail']}\nhook {secrets['hook']}\nrefresh {secrets['refresh']}\n"
    )
    (run / "capture-1.json").write_text(json.dumps({"boot_id": "x", "note": secrets["access"]}))
    target = tmp_path / "report.zip"
    done = plg(
        "doctor", "--only", "leftovers", "--bundle", str(target), "--yes",
        PLG_RUNTIME_DIR=str(run), PLG_ENROL_TOKEN=secrets["env"],
    )  # fmt: skip
    assert done.code == 0, done.err
    assert target.stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(target) as archive:
        members = {name: archive.read(name).decode() for name in archive.namelist()}
    assert {"doctor.json", "versions.txt", "config.toml", "logs/0-tunnel.log", "capture/0-capture-1.json"} == set(
        members
    )
    for name, text in members.items():
        assert name in done.out
        for kind, secret in secrets.items():
            assert secret not in text, (name, kind)
            assert secret not in name
        assert str(tmp_path) not in text
    assert json.loads(members["doctor.json"])["schema"] == "plg.doctor/1"
    assert "connected to <public-address-1> as <secret-" in members["logs/0-tunnel.log"]


def test_an_archive_is_not_written_over_another_file_nor_without_a_yes(tmp_path: Path) -> None:
    plg = plg_at(tmp_path / "home")
    there = tmp_path / "there.zip"
    there.write_text("mine")
    done = plg("doctor", "--only", "rights", "--bundle", str(there), "--yes", "--json")
    assert (done.code, done.error()["code"], there.read_text()) == (2, "file_exists", "mine")
    done = plg("doctor", "--only", "rights", "--bundle", str(tmp_path / "new.zip"), "--json")
    assert (done.code, done.error()["next_step"]) == (2, "give --yes")
    assert not (tmp_path / "new.zip").exists()


def test_the_runtime_directories_are_those_of_tunnel_and_capture(tmp_path: Path) -> None:
    run = invocation_at(tmp_path, PLG_RUNTIME_DIR=str(tmp_path / "run"))
    assert runtime_directories(run) == (tmp_path / "run",)
