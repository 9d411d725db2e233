"""`plg admin claim`, against a server that has just started for the first time."""

import re
from pathlib import Path

from support.command_line import Plg
from support.inside import Inside
from support.operated_server import operated_server
from support.server_process import running_server

PASSWORD = "correct horse battery"


def test_the_token_of_the_first_start_makes_the_first_admin(plg: Inside, tmp_path: Path) -> None:
    with running_server(tmp_path / "server") as server:
        said = server.log.read_text(encoding="utf-8")
        found = re.search(r"plg admin claim (\S+)", said)
        assert found is not None, said
        assert f"{server.url}/setup#{found[1]}" in said
        environ = {"PLG_SERVER": server.url}
        person = Plg(tmp_path / "config", {"PLG_CONFIG_DIR": str(tmp_path / "config"), "PLG_KEYRING": "off"})
        made = person("register", "--email", "boss@example.org", "--password-stdin", stdin=f"{PASSWORD}\n", **environ)
        assert made.code == 0, made.err
        claimed = plg("admin", "claim", found[1], "--json", **environ)
        assert claimed.document()["claimed"]["role"] == "admin", claimed.err
        assert plg("admin", "stats", **environ).code == 0
        again = plg("admin", "claim", found[1], "--json", **environ)
        assert (again.code, again.error()["code"]) == (1, "claim_refused")
    with running_server(tmp_path / "server") as server:
        assert "plg admin claim" not in server.log.read_text(encoding="utf-8")


def test_a_wrong_token_is_refused(plg: Inside, tmp_path: Path) -> None:
    with operated_server(tmp_path / "server") as server:
        wrong = plg("admin", "claim", "x" * 32, "--json", **server.environ("player"))
        assert (wrong.code, wrong.error()["code"]) == (1, "claim_refused")
        assert plg("admin", "claim", "short", **server.environ("player")).code == 2
