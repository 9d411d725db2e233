"""Why a payment waits, in words, and what is shown to decide by. Whole commands: test_payments.py."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from plg.cli.admin.payment_words import change_line, file_lines, reason_in_words
from plg.cli.language import Language, speak
from plg.contract.admin_payments import AdminCheckout, AdminPayment, PaymentChange, PaymentFile
from plg.contract.billing import PaymentState

PAYMENT = AdminPayment(
    id="0123456789abcdef", provider="donatepay", provider_number="77", state=PaymentState.UNMATCHED, reason="short",
    account_id=None, email=None, checkout_id=None, currency="RUB", amount="1.00", refunded="0.00", plan="", days=0,
    comment="hi\x1b[2J", paid_at="2026-01-31T10:20:30Z", seen_at="2026-01-31T10:20:40Z", reviewed_at=None,
)  # fmt: skip
CHECKOUT = AdminCheckout(
    id="fedcba9876543210", code="PLG-AAAAAAAA", account_id="1", email="p@example.org", provider="donatepay",
    plan="monthly", days=30, currency="RUB", amount="499.00", discount_percent=20, state="open",
    created_at="2026-01-31T10:00:00Z", expires_at="2026-02-01T10:00:00Z",
)  # fmt: skip
REASONS = (
    "no_code", "many_codes", "unknown_code", "short", "wrong_currency", "late", "duplicate", "discount_spent",
    "overpaid", "partial_refund", "before_payment",
)  # fmt: skip


@pytest.mark.parametrize("language", [Language.EN, Language.RU])
def test_every_reason_of_the_ledger_has_words_of_its_own(language: Language) -> None:
    speak(language)
    words = [reason_in_words(replace(PAYMENT, reason=reason)) for reason in REASONS]
    assert not set(words) & set(REASONS)
    assert len(set(words)) == len(REASONS)
    assert reason_in_words(replace(PAYMENT, reason="")) == ""
    assert reason_in_words(replace(PAYMENT, reason="of tomorrow")) == "of tomorrow"


def test_the_ledger_knows_no_other_reason() -> None:
    source = (Path(__file__).parents[3] / "server/plg_server/services/ledger.py").read_text(encoding="utf-8")
    assert all(f'"{reason}"' in source for reason in REASONS)


def test_candidates_are_numbered_and_a_lack_of_them_is_said() -> None:
    lines = file_lines(PaymentFile(payment=PAYMENT, checkout=None, candidates=[CHECKOUT, CHECKOUT]))
    assert lines[-2].startswith("  1  p@example.org: monthly (30 days), 499.00 RUB (-20 %), begun 2026-01-31 10:00 UTC")
    assert lines[-1].startswith("  2  ")
    assert file_lines(PaymentFile(payment=PAYMENT, checkout=None, candidates=[]))[-1] == "No checkout fits it."


def test_what_became_of_it() -> None:
    credited = replace(PAYMENT, state=PaymentState.CREDITED, email="p@example.org")
    lines = [
        change_line(PaymentChange(dry_run=False, before=PAYMENT, after=after, plan_ends_at=end))
        for after, end in ((credited, "2026-03-02T00:00:00Z"), (credited, None), (PAYMENT, None))
    ]
    assert lines == [
        "1.00 RUB: was being looked at, is credited; the plan of p@example.org ends on 2026-03-02",
        "1.00 RUB: was being looked at, is credited; p@example.org has no plan with an end",
        "1.00 RUB: looked at, it stays being looked at",
    ]
