"""`plg admin subscriptions`, against a real server."""

from pathlib import Path

from support.inside import Inside
from support.operated_money import operated_money


def test_from_finding_somebody_over_more_days_to_taking_them_back(plg: Inside, tmp_path: Path) -> None:
    with operated_money(tmp_path / "server", "good") as till:
        staff = till.environ("support")
        listed = plg("admin", "subscriptions", "list", "--state", "active", "--ends-before", "2099-01-01", **staff)
        assert "player@example.org" in listed.out.splitlines()[1]
        nobody = plg("admin", "subscriptions", "list", "--plan", "yearly", **staff)
        assert (nobody.out, "No subscription fits" in nobody.err) == ("", True)

        extend = ("admin", "subscriptions", "extend", "player@example.org", "--days", "3", "--reason", "relay was down")
        asked = plg(*extend, **staff)
        assert (asked.code, "--yes" in asked.err) == (2, True)
        dry = plg(*extend, "--dry-run", "--json", **staff).document()
        assert (dry["dry_run"], dry["before"]["days_left"], dry["after"]["days_left"]) == (True, 30, 33)
        done = plg(*extend, "--yes", "--lang", "ru", **staff)
        assert done.out.startswith("было: player@example.org: на месяц")
        shown = plg("admin", "subscriptions", "show", till.player_id, **staff)
        assert "relay was down" in shown.out
        assert "The trial was not had." in shown.out

        plan = plg("admin", "subscriptions", "set-plan", "player@example.org", "yearly", "--endless", "--reason", "r", "--yes", **staff)  # fmt: skip
        assert "is: player@example.org: yearly, active, without an end" in plan.out
        over = plg("admin", "subscriptions", "cancel", "player@example.org", "--reason", "r", "--yes", **staff)
        assert "cancelled" in over.out
        file = plg("admin", "subscriptions", "show", "player@example.org", "--json", **staff).document()
        assert [one["source"] for one in file["history"]] == ["operator", "payment"]
        grant = file["history"][0]["id"]
        taken = plg(
            "admin", "subscriptions", "take-back", "player@example.org", grant, "--reason", "r", "--yes", **staff
        )
        assert taken.code == 0, taken.err
        again = plg("admin", "subscriptions", "take-back", till.player_id, grant, "--reason", "r", "--yes", **staff)
        assert (again.code, "taken back before" in again.err) == (1, True)


def test_players_are_turned_away_and_unknown_accounts_are_not_found(plg: Inside, tmp_path: Path) -> None:
    with operated_money(tmp_path / "server") as till:
        assert plg("admin", "subscriptions", "list", **till.environ("player")).code == 1
        unknown = plg("admin", "subscriptions", "show", "nobody@example.org", **till.environ())
        assert (unknown.out, "no such account" in unknown.err) == ("", True)
        wrong = plg("admin", "subscriptions", "list", "--state", "rich", **till.environ())
        assert wrong.code != 0
        assert wrong.out == ""
