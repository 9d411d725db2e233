"""The round that tells what does not agree."""

from datetime import timedelta
from typing import Any

from plg_server.database import Database
from plg_server.ids import new_id, utc_now
from plg_server.jobs import reconciliation
from plg_server.jobs.reconciliation import Reconciliation
from plg_server.models.payments import Payment
from plg_server.services.reconciliation import Difference


async def test_every_kind_is_counted_and_the_log_names_a_bounded_number(database: Database, logs: list[Any]) -> None:
    long_ago = utc_now() - timedelta(days=2)
    more = reconciliation.TOLD_OF_EACH + 3
    with database.active():
        for number in range(more):
            await Payment.create(
                id=new_id(), provider="stripe", external_id=str(number), state="unmatched", currency="USD",
                amount_minor=599, paid_at=long_ago, seen_at=long_ago,
            )  # fmt: skip
        counts = await Reconciliation().tick()
    assert counts == {**dict.fromkeys((kind.value for kind in Difference), 0), "payment_waits": more}
    told = [line for line in logs if line["event"] == "ledger_difference"]
    assert len(told) == reconciliation.TOLD_OF_EACH
    assert {line["what"] for line in told} == {"payment_waits"}
