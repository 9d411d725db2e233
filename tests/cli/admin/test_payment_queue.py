"""The walk through the queue: one key for each payment, against a real server."""

from pathlib import Path

import pytest

from plg.api.admin_client import open_admin
from plg.api.credentials import FixedToken
from plg.cli.admin.payment_queue import walk
from plg.cli.server_access import run_async
from plg.contract.admin_payments import AdminPaymentPage
from support.inside import invocation_at
from support.operated_money import Till, operated_money


def walked(till: Till, home: Path, keys: str) -> tuple[list[str], dict[str, str]]:
    """Press these keys; gives the questions, and what became of each payment."""
    questions: list[str] = []
    pressed = iter(keys)

    async def ask(question: str) -> str:
        questions.append(question)
        return next(pressed)

    async def work() -> dict[str, str]:
        run = invocation_at(home)
        async with open_admin(till.url, FixedToken(till.url, till.tokens["admin"])) as client:
            await walk(run, client, ask)
            page = await client.get("/payments", AdminPaymentPage)
            return {one.provider_number.partition("-")[0]: one.state.value for one in page.payments}

    return questions, run_async(work())


def test_each_payment_is_matched_dismissed_or_skipped_by_one_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with operated_money(tmp_path / "server", "no_code", "short", "back") as till:
        questions, states = walked(till, tmp_path, "x1sd")
        assert states == {"no_code": "credited", "short": "unmatched", "back": "charged_back"}
        assert len(questions) == 4
        assert "[d] dismiss  [s] skip  [q] quit: " in questions[0]
        assert questions[-1] == "[d] looked at  [s] skip  [q] quit: "
        said = capsys.readouterr()
        assert "No such key here." in said.err
        assert "what was skipped still waits" in said.err
        assert "499.00 RUB: was being looked at, is credited" in said.out
        questions, states = walked(till, tmp_path, "1")
        assert (len(questions), states["short"]) == (1, "credited")


@pytest.mark.parametrize("key", ["q", "\x04"])
def test_q_and_the_end_of_input_leave_everything_as_it_is(tmp_path: Path, key: str) -> None:
    with operated_money(tmp_path / "server", "short", "no_code") as till:
        questions, states = walked(till, tmp_path, key)
        assert (len(questions), set(states.values())) == (1, {"unmatched"})
