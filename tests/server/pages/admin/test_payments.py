"""/admin/payments: the queue with its candidates, and deciding it."""

from plg_server.models.payments import Payment
from support.desk_visitor import Desk, confirmed


async def payment(desk: Desk, number: str) -> Payment:
    with desk.active:
        return await Payment.get(external_id=number)


async def test_a_payment_that_waits_is_matched_with_one_click(desk: Desk) -> None:
    buyer = await desk.buyer("1", comment="thank you")
    queue = await desk.admin.open("/en/admin/payments/queue")
    waiting = await payment(desk, "1")
    assert "no code in it" in queue.text
    done = await desk.admin.submit(queue.form(f"/{waiting.id}/match"))
    assert "The payment is credited." in done.text
    assert "Nothing waits." in done.text
    matched = await payment(desk, "1")
    assert (matched.state, matched.account_id) == ("credited", buyer)
    assert await desk.acts() == ["payments.match payment"]


async def test_a_payment_is_dismissed_or_marked_as_refunded_after_a_question(desk: Desk) -> None:
    await desk.buyer("1", amount_minor=1)
    await desk.buyer("2")
    first, second = await payment(desk, "1"), await payment(desk, "2")
    queue = await desk.admin.open("/en/admin/payments/queue")
    await confirmed(desk.admin, queue.form(f"dismiss-{first.id}"))
    shown = await desk.admin.open(f"/en/admin/payments/{second.id}")
    await confirmed(desk.admin, shown.form("refunded"))
    states = [(await payment(desk, number)).state for number in ("1", "2")]
    assert states == ["dismissed", "refunded"]
    assert await desk.acts() == ["payments.dismiss payment", "payments.refunded payment"]
    listed = await desk.support.open("/en/admin/payments?state=dismissed&provider=donatepay")
    assert "1 to 1 of 1" in listed.text


async def test_a_checkout_that_is_none_is_refused_with_a_line(desk: Desk) -> None:
    await desk.buyer("1", amount_minor=1)
    waiting = await payment(desk, "1")
    shown = await desk.admin.open(f"/en/admin/payments/{waiting.id}")
    refused = await desk.admin.submit(shown.form(f"match-{waiting.id}"), checkout_id="0123456789abcdef")
    assert refused.status >= 400
    assert (await payment(desk, "1")).state == "unmatched"
