"""`plg admin benchmarks`, against a real server."""

from pathlib import Path

from support.inside import Inside
from support.operated_server import operated_server
from support.small_fleet import send_report


def test_a_report_is_found_and_a_false_one_deleted(plg: Inside, tmp_path: Path) -> None:
    with operated_server(tmp_path / "server") as server:
        boss = server.environ()
        assert "No report fits." in plg("admin", "benchmarks", "list", **boss).err
        report = send_report(server)

        listed = plg("admin", "benchmarks", "list", "--game", "cs2", "--verdict", "improved", **boss)
        assert [word in listed.out for word in (report, "player@example.org", "-10.0 ms", "improved")] == [True] * 4
        assert plg("admin", "benchmarks", "list", "--verdict", "worse", "--json", **boss).document()["total"] == 0
        assert plg("admin", "benchmarks", "list", "--verdict", "great", **boss).code == 2

        dry = plg("admin", "benchmarks", "delete", report, "--dry-run", **boss)
        assert "would be deleted" in dry.out
        assert plg("admin", "benchmarks", "delete", report, **boss).code == 2
        done = plg("admin", "benchmarks", "delete", report, "--yes", "--json", **boss).document()
        assert (done["benchmark"]["id"], done["dry_run"]) == (report, False)
        gone = plg("admin", "benchmarks", "delete", report, "--yes", "--json", **boss)
        assert gone.error()["code"] == "not_found"
