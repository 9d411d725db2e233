"""`plg pay`, against a real server."""

from pathlib import Path

import pytest

from plg.cli.cli_error import CliError
from plg.cli.pay import only_provider
from support.inside import Inside
from support.selling_server import selling_server


def test_the_link_stands_alone_on_stdout_and_the_code_beside_it(plg: Inside, tmp_path: Path) -> None:
    with selling_server(tmp_path / "server", several_ways=False) as seller:
        done = plg("pay", "monthly", **seller.environ)
        document = plg(
            "pay", "YEARLY", "--with", "donatepay", "--currency", "rub", "--json", **seller.environ
        ).document()
    (link,) = done.out.splitlines()
    assert link.startswith("https://donate.example.org/plg?message=PLG-")
    assert f"Write {link.partition('message=')[2].partition('&')[0]} into the comment" in done.err
    assert (document["schema"], document["checkout"]["amount"]) == ("plg.pay/1", "3988.00")


def test_what_cannot_be_paid_is_told_with_what_can(plg: Inside, tmp_path: Path) -> None:
    with selling_server(tmp_path / "server") as seller:
        choice = plg("pay", "monthly", **seller.environ)
        unknown_plan = plg("pay", "weekly", "--with", "robokassa", **seller.environ)
        unknown_way = plg("pay", "monthly", "--with", "cash", **seller.environ)
        other_money = plg("pay", "monthly", "--with", "robokassa", "--currency", "usd", **seller.environ)
        not_a_plan = plg("pay", "a b", "--with", "robokassa", **seller.environ)
    assert (choice.code, "--with donatepay | robokassa" in choice.err) == (2, True)
    assert (unknown_plan.code, "monthly" in unknown_plan.err) == (8, True)
    assert (unknown_way.code, "donatepay" in unknown_way.err) == (8, True)
    assert (other_money.code, not_a_plan.code) == (8, 2)
    assert {one.out for one in (choice, unknown_plan, unknown_way, other_money, not_a_plan)} == {""}


def test_a_server_without_a_way_to_pay_says_so() -> None:
    with pytest.raises(CliError, match="takes no payments"):
        only_provider([])
