"""`plg schema`, and that what the commands print fits it."""

import json
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from jsonschema_rs import Draft202012Validator

from support.command_line import plg_at
from support.inside import Inside
from support.json_documents import check_document
from support.talking_tunnel import talking_tunnel


def test_the_whole_is_one_schema_of_every_document(plg: Inside) -> None:
    done = plg("schema")
    schema = json.loads(done.out)
    assert Draft202012Validator(schema).is_valid(plg("version", "--json").document())
    one_line = plg("schema", "--json").out
    assert (one_line.count("\n"), json.loads(one_line)) == (1, schema)


@pytest.mark.parametrize("name", ["version", "plg.version", "plg.version/1"])
def test_one_document_is_found_by_each_form_of_its_name(plg: Inside, name: str) -> None:
    schema = json.loads(plg("schema", name).out)
    assert list(schema["$defs"]) == ["plg.version/1"]
    validator = Draft202012Validator(schema)
    assert validator.is_valid(plg("version", "--json").document())
    assert not validator.is_valid(plg("config", "path", "--json").document())


def test_an_unknown_name_offers_the_nearest(plg: Inside) -> None:
    done = plg("schema", "verson")
    assert (done.code, "did you mean version?" in done.err) == (2, True)
    assert plg("schema", "status/9").code == 2


def test_the_names_can_be_listed(plg: Inside) -> None:
    names = plg("schema", "--names").out.split()
    assert plg("schema", "--names", "--json").document()["names"] == names
    assert {"plg.status/1", "plg.schema_names/1"} <= set(names)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("version", 0), ("help", 0), ("help exit-codes", 0), ("--help", 0), ("config --help", 0), ("config list", 0), ("config get mode", 0),
        ("config set mode off", 0), ("config unset mode", 0), ("config path", 0), ("schema --names", 0), ("status", 3),
    ],
)  # fmt: skip
def test_what_a_command_prints_fits_the_schema(plg: Inside, line: str, code: int) -> None:
    done = plg(*line.split(), "--json", PLG_RUNTIME_DIR=str(plg.home / "run"))
    assert (done.code, done.err) == (code, "")
    check_document(json.loads(done.out))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("nothing", 2), ("connect", 2), ("connect x --mode y", 2), ("config get moed", 2), ("schema nothing", 2), ("help nothing", 2),
        ("games --server http://127.0.0.1:1", 7), ("whoami", 4), ("disconnect", 3), ("record", 2), ("replay /nowhere", 2),
    ],
)  # fmt: skip
def test_what_a_failure_prints_fits_the_schema_and_names_the_exit_code(plg: Inside, line: str, code: int) -> None:
    done = plg(*line.split(), "--json", PLG_RUNTIME_DIR=str(plg.home / "run"))
    assert (done.code, done.out) == (code, "")
    assert done.error()["exit_code"] == code


def test_a_live_command_writes_each_line_at_once_and_the_whole_state_first(tmp_path: Path) -> None:
    environ = {**plg_at(tmp_path).environ, "PLG_RUNTIME_DIR": str(tmp_path / "run")}
    argv = [sys.executable, "-m", "plg", "status", "--watch", "--interval", "0.2", "--json"]
    with talking_tunnel(tmp_path / "run"):
        live = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ)
        assert live.stdout is not None
        assert live.stderr is not None
        first = check_document(json.loads(live.stdout.readline()))  # it still runs: nothing is kept in a buffer
        assert live.poll() is None
    rest = [check_document(json.loads(line)) for line in live.stdout]
    assert (first["schema"], first["game"], first["paths"][0]["path"]) == ("plg.status/1", "lab-game", 0)
    assert {one["schema"] for one in rest} <= {"plg.status/1"}
    assert (live.wait(10), live.stderr.read()) == (0, "")
    live.stdout.close()
    live.stderr.close()


def test_a_live_command_that_cannot_begin_says_so_in_json(plg: Inside, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(tmp_path / "control.sock"))
        other.listen()

        def answer() -> None:
            with other.accept()[0] as client:
                client.recv(1000)
                client.sendall(b"nonsense\n")

        other_end = threading.Thread(target=answer)
        other_end.start()
        done = plg("status", "--watch", "--json", PLG_RUNTIME_DIR=str(tmp_path))
        other_end.join()
    assert (done.out, done.error()["exit_code"]) == ("", done.code)
