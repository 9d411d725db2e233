"""`plg admin payments`, against a real server. The walk through the queue: test_payment_queue.py."""

from pathlib import Path

from support.inside import Inside
from support.operated_money import operated_money


def test_from_the_list_to_a_match_a_dismissal_and_a_refund(plg: Inside, tmp_path: Path) -> None:
    with operated_money(tmp_path / "server", "good", "short", "no_code", "back") as till:
        boss, staff = till.environ(), till.environ("support")
        listed = plg("admin", "payments", "list", "--account", "player@example.org", "--since", "7d", **staff)
        assert listed.out.count("499.00 RUB") == 2
        waiting = plg("admin", "payments", "queue", **staff)
        assert "less came than the plan costs" in waiting.out
        assert "no code stood in the comment" in waiting.out
        assert "through their bank" in waiting.out
        document = plg("admin", "payments", "queue", "--json", **staff).document()
        by_reason = {one["payment"]["reason"]: one for one in document["waiting"]}
        assert (document["total"], set(by_reason)) == (3, {"short", "no_code", ""})

        lost = by_reason["no_code"]["payment"]["id"]
        checkout = by_reason["no_code"]["candidates"][0]["id"]
        match = ("admin", "payments", "match", lost, checkout)
        assert plg(*match, **boss).code == 2
        assert plg(*match, "--yes", **staff).code == 1
        assert "was being looked at, is credited" in plg(*match, "--dry-run", **boss).out
        done = plg(*match, "--yes", **boss)
        assert "the plan of player@example.org ends on" in done.out
        assert "unknown" not in plg("admin", "payments", "show", lost, **staff).out
        short = by_reason["short"]["payment"]["id"]
        assert plg("admin", "payments", "dismiss", short, "--yes", **boss).code == 0
        assert plg("admin", "payments", "dismiss", short, "--yes", **boss).code != 0
        back = plg("admin", "payments", "refunded", lost, "--yes", "--json", **boss).document()
        assert (back["schema"], back["after"]["state"]) == ("plg.admin_payment_change/1", "refunded")
        assert plg("admin", "payments", "list", "--state", "dismissed", "--json", **staff).document()["total"] == 1
        assert "No payment fits" in plg("admin", "payments", "list", "--provider", "stripe", **staff).err


def test_an_empty_queue_says_so(plg: Inside, tmp_path: Path) -> None:
    with operated_money(tmp_path / "server", "good") as till:
        done = plg("admin", "payments", "queue", **till.environ())
        assert (done.code, done.out, "Nothing waits." in done.err) == (0, "", True)
