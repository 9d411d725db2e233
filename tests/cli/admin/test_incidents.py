"""`plg admin incidents`, against a real server."""

import json
import urllib.request
from pathlib import Path

from support.inside import Inside
from support.operated_server import operated_server
from support.small_fleet import enrol


def test_an_incident_from_its_first_word_to_its_last(plg: Inside, tmp_path: Path) -> None:
    with operated_server(tmp_path / "server") as server:
        boss = server.environ()
        assert "No incident fits." in plg("admin", "incidents", "list", **boss).err
        enrol(server, plg("admin", "nodes", "create", "Oslo 1", **boss).out.strip())

        opened = plg(
            "admin", "incidents", "open", "Slow", "We look.", "--title-ru", "Медленно", "--relay", "oslo 1", "--json", **boss
        ).document()["incident"]  # fmt: skip
        assert (opened["relay"], opened["severity"], opened["title_ru"]) == ("Oslo 1", "minor", "Медленно")
        number = opened["id"]
        told = plg("admin", "incidents", "update", number, "Found.", "--severity", "major", "--lang", "ru", **boss)
        assert told.out.strip() == f"Страница состояния говорит и об этом: {number}"
        listed = plg("admin", "incidents", "list", "--state", "open", **server.environ("support"))
        for word in (number, "Slow", "major", "Oslo 1"):
            assert word in listed.out
        planned = ("admin", "incidents", "open", "Work", "Half an hour.", "--severity", "maintenance", "--from", "2d")
        assert "The status page tells of it: " in plg(*planned, **boss).out
        ended = plg("admin", "incidents", "end", number, "Mended.", **boss)
        assert ended.out.strip() == f"It is over on the status page: {number}"
        again = plg("admin", "incidents", "end", number, "--json", **boss)
        assert (again.code, again.error()["code"]) == (1, "nothing_to_change")
        page = plg("admin", "incidents", "list", "--state", "ended", "--json", **boss).document()
        assert [note["text"] for note in page["incidents"][0]["updates"]] == ["Mended.", "Found.", "We look."]
        with urllib.request.urlopen(f"{server.url}/status.json", timeout=20) as answer:
            assert {one["title"] for one in json.load(answer)["incidents"]} == {"Slow", "Work"}

        for wrong in (
            ("list", "--state", "dead"),
            ("open", "a", "b", "--severity", "huge"),
            ("open", "a", "b", "--from", "x"),
        ):
            assert plg("admin", "incidents", *wrong, **boss).code == 2
        helper = plg("admin", "incidents", "open", "a", "b", "--json", **server.environ("support"))
        assert helper.error()["code"] == "forbidden"
        for number in ("0" * 16, "../users"):
            missing = plg("admin", "incidents", "update", number, "x", "--json", **boss)
            assert (missing.code, missing.error()["code"]) == (1, "not_found")
