"""`plg hooks`, and hooks run by the process that a tunnel gives its events to."""

import json
import os
import pwd
import subprocess
import sys
from pathlib import Path

from support.command_line import plg_at
from support.requirements import require_root


def configure(home: Path, **hooks: object) -> None:
    lines = [f"{name} = {json.dumps(value)}" for name, value in hooks.items()]
    (home / "config.toml").write_text("[hooks]\n" + "\n".join(lines) + "\n")


def test_hooks_are_listed_without_their_secrets(tmp_path: Path) -> None:
    configure(tmp_path, on_connect=["notify", "secret"], on_disconnect="https://hooks.example.org/secret")
    done = plg_at(tmp_path)("hooks", "list")
    assert done.code == 0
    assert "notify" in done.out
    assert "https://hooks.example.org/…" in done.out
    assert "secret" not in done.out
    rows = plg_at(tmp_path)("hooks", "list", "--json").document()["hooks"]
    assert {row["hook"]: row["target"] for row in rows}["on_degraded"] is None


def test_a_hook_is_tried_and_its_words_are_shown(tmp_path: Path) -> None:
    configure(tmp_path, on_connect=["cat"], on_degraded=["/bin/sh", "-c", "echo bad; exit 3"])
    done = plg_at(tmp_path)("hooks", "test", "on_connect")
    assert done.code == 0
    event = json.loads(done.out.splitlines()[1])
    assert event["event"] == "connected"
    assert event["detail"]["hook"] == "on_connect"
    failed = plg_at(tmp_path)("hooks", "test", "on_degraded", "--json")
    assert failed.code == 1
    assert failed.document()["why"] == "exit_code"
    assert failed.document()["output"] == "bad"


def test_a_hook_that_is_unknown_or_not_set_is_refused_with_a_way_on(tmp_path: Path) -> None:
    unknown = plg_at(tmp_path)("hooks", "test", "on_conect", "--json")
    assert (unknown.code, unknown.error()["nearest"][0]) == (2, "on_connect")
    unset = plg_at(tmp_path)("hooks", "test", "on_connect", "--json")
    assert (unset.code, unset.error()["code"]) == (8, "hook_not_set")


def test_the_process_of_the_hooks_runs_them_and_passes_over_what_is_no_event(tmp_path: Path) -> None:
    configure(
        tmp_path, on_connect=["/bin/sh", "-c", f"cat >> {tmp_path}/came"], on_degraded=["/bin/sh", "-c", "exit 4"]
    )
    plg = plg_at(tmp_path)
    lines = ["", "nonsense", "[" * 3000, '{"schema":"plg.event/1","event":"x","at":"","detail":{"hook":1}}']
    lines += [
        f'{{"schema":"plg.event/1","event":"connected","at":"","detail":{{"hook":"on_connect","n":{n}}}}}'
        for n in (1, 2)
    ]
    lines += ['{"schema":"plg.event/1","event":"relay_lost","at":"","detail":{"hook":"on_degraded"}}', "x" * 20_000]
    done = subprocess.run(
        [sys.executable, "-m", "plg", "hooks", "serve", "--json"],
        input="\n".join(lines) + "\n",
        env=dict(plg.environ),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["detail"]["n"] for line in (tmp_path / "came").read_text().splitlines()] == [1, 2]
    warning = json.loads(done.stderr)
    assert warning["event"] == "hook_failed"
    assert "exit code 4" in warning["detail"]["message"]


def test_under_sudo_the_hooks_of_a_tunnel_run_as_the_person_who_called(tmp_path: Path) -> None:
    require_root()
    nobody = pwd.getpwnam("nobody")
    configure(tmp_path, on_connect=["/bin/sh", "-c", "id -u; id -G"])
    plg = plg_at(tmp_path)
    event = '{"schema":"plg.event/1","event":"connected","at":"","detail":{"hook":"on_connect"}}\n'
    done = subprocess.run(
        [sys.executable, "-m", "plg", "hooks", "serve"],
        input=event,
        env={**plg.environ, "SUDO_UID": str(nobody.pw_uid)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    groups = " ".join(map(str, sorted(os.getgrouplist("nobody", nobody.pw_gid))))
    assert done.stderr == f"on_connect: done in {done.stderr.split()[3]} s: {nobody.pw_uid} {groups}\n"
