"""`plg plan`, against a real server."""

from pathlib import Path

import pytest

from support.inside import Inside
from support.operated_money import operated_money
from support.selling_server import selling_server


def test_from_no_plan_over_the_trial_to_a_cancelled_one(plg: Inside, tmp_path: Path) -> None:
    with selling_server(tmp_path / "server") as seller:
        shown = plg("plan", **seller.environ)
        assert (shown.code, shown.out.splitlines()[0]) == (0, "Plan: none")
        assert "5.99 USD, 5.99 EUR, 499.00 RUB" in shown.out
        assert "plg plan trial" in shown.err
        trial = plg("plan", "trial", "--json", **seller.environ).document()
        assert (trial["schema"], trial["subscription"]["state"], trial["subscription"]["days_left"]) == (
            "plg.plan/1",
            "trial",
            7,
        )
        assert [plan["name"] for plan in trial["plans"]] == ["trial", "monthly", "quarterly", "yearly"]
        again = plg("plan", "trial", **seller.environ)
        assert (again.code, "the trial was had before" in again.err) == (1, True)
        cancelled = plg("plan", "cancel", **seller.environ)
        assert "trial, cancelled, works until" in cancelled.out
        code = plg("plan", "referral", "--json", **seller.environ).document()["referral"]["code"]
        friend = plg("plan", "referral", "--lang", "ru", **seller.environ)
        assert f"Ваш код для друзей: {code}" in friend.out


def test_on_a_server_that_sells_nothing_everybody_may_play(plg: Inside, tmp_path: Path) -> None:
    with selling_server(tmp_path / "server", billing="off") as seller:
        shown = plg("plan", **seller.environ)
        refused = plg("plan", "trial", **seller.environ)
    assert (shown.out, shown.err) == ("Plan: self-hosted: everybody may play on this server\n", "")
    assert (refused.code, "nothing is sold" in refused.err) == (1, True)


def test_payments_their_receipts_and_what_the_days_were_given_for(plg: Inside, tmp_path: Path) -> None:
    with operated_money(tmp_path / "server", "good", "short") as till:
        player = till.environ("player")
        paid = plg("plan", "payments", **player)
        assert [line.split()[1] for line in paid.out.splitlines()[1:]] == ["0.01", "499.00"]
        document = plg("plan", "payments", "--json", **player).document()
        short, good = [one["id"] for one in document["payments"]]
        receipt = plg("plan", "receipt", good, **player)
        lines = dict(line.split(": ", 1) for line in receipt.out.splitlines())
        assert (lines["Buyer"].strip(), lines["Amount"].strip()) == ("player@example.org", "499.00 RUB")
        assert lines["Receipt"].strip().endswith(good.upper())
        told = plg("plan", "receipt", good, "--json", **player).document()
        assert (told["schema"], told["receipt"]["payment_id"]) == ("plg.receipt/1", good)
        for token, payment in ((player, short), (till.environ(), good), (player, "../plans")):
            assert plg("plan", "receipt", payment, **token).out == ""
        history = plg("plan", "history", **player)
        assert "payment" in history.out.splitlines()[1]
        assert plg("plan", "history", "--json", **player).document()["grants"][0]["days"] == 30
        nothing = plg("plan", "payments", **till.environ("support"))
        assert (nothing.code, nothing.out, "Nothing was paid yet." in nothing.err) == (0, "", True)


@pytest.mark.parametrize("words", [("receipt",), ("payments", "0123456789abcdef"), ("trial", "now")])
def test_a_receipt_needs_its_payment_and_nothing_else_takes_one(plg: Inside, words: tuple[str, ...]) -> None:
    done = plg("plan", *words, PLG_SERVER="http://127.0.0.1:9")
    assert (done.code, done.out) == (2, "")


def test_a_word_that_is_no_action_is_a_usage_error(plg: Inside) -> None:
    done = plg("plan", "upgrade")
    assert (done.code, done.out) == (2, "")
    assert "trial" in done.err
