"""`plg admin payments queue`: what waits, shown, or walked through with one key for each decision."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from plg.api.admin_client import AdminClient
from plg.api.errors import ServerRefused
from plg.cli.admin.asking import say_page
from plg.cli.admin.key_reading import END_OF_INPUT, pressed_key
from plg.cli.admin.payment_words import change_line, file_lines
from plg.cli.invocation import Invocation
from plg.cli.language import _
from plg.contract.admin_payments import (
    AdminPaymentQueueDocument,
    MatchRequest,
    PaymentActRequest,
    PaymentChange,
    PaymentFile,
    QueuePage,
)

if TYPE_CHECKING:
    import msgspec

AT_ONCE = 50
"""How many are fetched for one walk through the queue; then it is asked for again, since others may be at it."""

QUIT, SKIP, DISMISS = "q", "s", "d"

Asking = Callable[[str], Awaitable[str]]
"""Shows a question and gives the key that was pressed."""


async def show_queue(run: Invocation, client: AdminClient, limit: int) -> None:
    """All that waits, without asking anything."""
    page = await client.get("/payments/queue", QueuePage, {"limit": limit})
    if run.output.as_json:
        run.output.document(AdminPaymentQueueDocument(waiting=page.waiting, total=page.total))
        return
    if not page.waiting:
        run.talk.say(_("Nothing waits."))
    for file in page.waiting:
        for line in file_lines(file):
            run.output.line(line)
        run.output.line()
    say_page(run, len(page.waiting), page.total, 0)


async def walk(run: Invocation, client: AdminClient, ask: Asking = pressed_key) -> None:
    """One payment at a time, oldest first, until nothing waits or the person has enough."""
    skipped = 0
    while True:
        page = await client.get("/payments/queue", QueuePage, {"limit": AT_ONCE, "offset": skipped})
        if not page.waiting:
            run.talk.say(_("Nothing waits.") if not skipped else _("That was all; what was skipped still waits."))
            return
        for file in page.waiting:
            run.output.line()
            for line in file_lines(file):
                run.output.line(line)
            key = await _key(run, file, ask)
            if key == QUIT:
                return
            if key == SKIP or not await _settle(run, client, file, key):
                skipped += 1


async def _key(run: Invocation, file: PaymentFile, ask: Asking) -> str:
    """A key that means something here."""
    numbers = [str(place) for place in range(1, len(file.candidates) + 1)]
    choices = [_("[1-{n}] match").format(n=len(numbers))] if len(numbers) > 1 else []
    if len(numbers) == 1:
        choices.append(_("[1] match"))
    waits = file.payment.state == "unmatched"
    choices += [_("[d] dismiss") if waits else _("[d] looked at"), _("[s] skip"), _("[q] quit")]
    question = "  ".join(choices) + ": "
    while True:
        key = await ask(question)
        if key == END_OF_INPUT:
            return QUIT
        if key in (*numbers, DISMISS, SKIP, QUIT):
            return key
        run.talk.say(_("No such key here."))


async def _settle(run: Invocation, client: AdminClient, file: PaymentFile, key: str) -> bool:
    """Do what the key says. False when it still waits."""
    path = f"/payments/{file.payment.id}"
    request: msgspec.Struct
    if key == DISMISS:
        path, request = f"{path}/dismiss", PaymentActRequest()
    else:
        path, request = f"{path}/match", MatchRequest(checkout_id=file.candidates[int(key) - 1].id)
    try:
        change = await client.post(path, PaymentChange, request)
    except ServerRefused as refusal:
        if refusal.code != "not_found":
            raise
        run.talk.say(_("Somebody else settled it meanwhile."))
        return True
    run.output.line(change_line(change))
    return True
