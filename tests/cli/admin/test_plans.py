"""`plg admin plans`, against a real server."""

from pathlib import Path

import pytest

from plg.cli.admin.plans import read_prices
from plg.cli.cli_error import CliError
from support.inside import Inside
from support.operated_money import operated_money


def test_prices_change_exactly_and_a_plan_is_taken_off_and_made(plg: Inside, tmp_path: Path) -> None:
    with operated_money(tmp_path / "server") as till:
        boss = till.environ()
        listed = plg("admin", "plans", "list", **boss).out
        assert "5.99 USD, 5.99 EUR, 499.00 RUB" in listed
        dry = plg("admin", "plans", "edit", "monthly", "--price", "usd=6.49", "--price", "EUR=", "--dry-run", **boss)
        assert "would be: monthly: 30 days, sessions: 2, 6.49 USD, 499.00 RUB" in dry.out
        assert plg("admin", "plans", "list", **boss).out == listed
        off = plg("admin", "plans", "edit", "yearly", "--not-offered", "--yes", "--json", **boss).document()
        assert (off["before"]["offered"], off["after"]["offered"]) == (True, False)
        made = plg("admin", "plans", "edit", "weekly", "--days", "7", "--price", "RUB=149", "--yes", **boss)
        assert made.out == "is: weekly: 7 days, sessions: 2, 149.00 RUB\n"
        names = [plan["name"] for plan in plg("plan", "--json", **till.environ("player")).document()["plans"]]
        assert names == ["trial", "monthly", "quarterly", "weekly"]
        unsaid = plg("admin", "plans", "edit", "daily", "--price", "RUB=1", "--yes", **boss)
        assert (unsaid.code, "days" in unsaid.err) != (0, False)
        assert plg("admin", "plans", "edit", "monthly", "--days", "9", "--yes", **till.environ("support")).code == 1


@pytest.mark.parametrize("text", ["USD", "GBP=5", "USD=5,99", "USD=5.999", "USD=-1", "=5", "USD=٥"])
def test_what_is_no_price_is_a_usage_error(text: str) -> None:
    with pytest.raises(CliError) as refused:
        read_prices([text])
    assert (refused.value.code, text in str(refused.value)) == ("usage", True)


def test_prices_by_currency_the_last_word_counts() -> None:
    assert read_prices(["usd=5.99", "RUB=499", "USD="]) == {"USD": None, "RUB": "499"}
