"""Deleting an account: who it was goes, what was paid and used stays countable under a name that says nothing.

The row itself stays, emptied: friends' counters, uses of codes and the books refer to it, and its id means nobody any more. Whatever
table refers to accounts loses its rows of this one, unless it stands in KEPT with a reason: a new table cannot be forgotten.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from tortoise.fields.relational import BackwardFKRelation
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from plg.contract import account_safety as contract
from plg.contract.problem import ErrorCode
from plg_server.ids import timestamp, utc_now
from plg_server.models.accounts import Account
from plg_server.models.billing import SubscriptionGrant
from plg_server.models.codes import CodeUse, Referral
from plg_server.models.payments import Checkout, Payment
from plg_server.models.sessions import Session
from plg_server.problems import ApiError
from plg_server.services.audit import Actor, record
from plg_server.services.kept_persons import KeptPersons
from plg_server.services.session_ends import Revocations, end_live
from plg_server.services.totp import SecondFactors

DELETED_ROLE = "deleted"
"""The role of an account that is none any more: it fits no route, and no list of operators."""

NO_PASSWORD = "!"  # noqa: S105 - no hash that argon2 could ever make
"""Nothing verifies against it."""

KEPT: dict[type[Model], str] = {
    Payment: "the law asks for the books; the payer's words in it are emptied",
    Checkout: "what a payment in the books was for; those that were never paid go",
    SubscriptionGrant: "days that were given are part of the books, and a friend's bonus refers to them",
    CodeUse: "how often a promo code was used must stay right",
    Referral: "how many friends somebody brought must stay right",
    Session: "relays must hear for as long as its tickets last that they are void; all others go",
}
"""What stays of a deleted account, and why."""


class AccountDeletion:
    """Every method needs an active database. The password is checked before, by whoever calls."""

    def __init__(
        self,
        second_factors: SecondFactors,
        kept_persons: KeptPersons,
        revocations: Revocations,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._second_factors = second_factors
        self._kept_persons = kept_persons
        self._revocations = revocations
        self._clock = clock

    async def delete(
        self, account: Account, request: contract.DeleteAccountRequest, actor: Actor
    ) -> contract.AccountDeletion:
        """Delete the account, or with `dry_run` say what would go.

        Raises ApiError `totp_needed`, `totp_wrong`, `rate_limited`, `last_admin`, or `not_found` when it has just been deleted.
        """
        if request.dry_run:
            await self._second_factors.look_at(account.id, request.totp)
        else:
            await self._second_factors.check(account.id, request.totp)
        now = self._clock()
        async with in_transaction():
            # One order for all, operators first: of two admins who go at the same moment the second one waits and is the last.
            await _refuse_last_admin(account)
            locked = await Account.filter(id=account.id).exclude(role=DELETED_ROLE).select_for_update().first()
            if locked is None:
                raise ApiError(ErrorCode.NOT_FOUND, "this account has been deleted already")
            removed = {table: await rows.count() for table, rows in _what_goes(locked.id, now)}
            answer = contract.AccountDeletion(
                dry_run=request.dry_run,
                removed={table: count for table, count in removed.items() if count},
                payments_kept=await Payment.filter(account_id=locked.id).count(),
                plan_ends_at=None if locked.plan_expires_at is None else timestamp(locked.plan_expires_at),
            )
            if request.dry_run:
                return answer
            ended = await end_live("account_deleted", now, account_id=locked.id)
            for _table, rows in _what_goes(locked.id, now):
                await rows.delete()
            await _empty(locked.id)
            await self._kept_persons.keep(locked.id)
            if actor.role != "player":
                await record(actor, "account.delete", f"account:{locked.id}", {})
        await self._revocations.push(ended)
        return answer


def deleted_email(account_id: str) -> str:
    """What stands for the address: nobody can have one in `.invalid` (RFC 2606, section 2)."""
    return f"deleted-{account_id}@deleted.invalid"


def referring_tables() -> Iterator[tuple[type[Model], str]]:
    """Every table that refers to accounts, with the column."""
    for name in sorted(Account._meta.backward_fk_fields):
        relation = Account._meta.fields_map[name]
        if isinstance(relation, BackwardFKRelation):
            yield relation.related_model, relation.relation_field


def _what_goes(account_id: str, now: datetime) -> Iterator[tuple[str, QuerySet[Any]]]:
    """Table by table what is removed."""
    for model, column in referring_tables():
        if model not in KEPT:
            yield model._meta.db_table, model.filter(**{column: account_id})
    yield Checkout._meta.db_table, Checkout.filter(account_id=account_id, state="open")
    yield Session._meta.db_table, Session.filter(account_id=account_id, expires_at__lte=now)


async def _refuse_last_admin(account: Account) -> None:
    if account.role != "admin":
        return
    admins = await Account.filter(role="admin").order_by("id").select_for_update()
    if not any(admin.banned_at is None for admin in admins if admin.id != account.id):
        raise ApiError(ErrorCode.LAST_ADMIN, "you are the last admin: make another one before you go")


async def _empty(account_id: str) -> None:
    """Take out of what is kept whatever could say who it was."""
    await Payment.filter(account_id=account_id).update(comment="")
    await SubscriptionGrant.filter(account_id=account_id).update(note="")
    await Checkout.filter(account_id=account_id).update(link="")
    await Session.filter(account_id=account_id).update(target=None, approved="", client_version="", paths=None)
    await Account.filter(id=account_id).update(
        email=deleted_email(account_id),
        display_name="deleted",
        password_hash=NO_PASSWORD,
        role=DELETED_ROLE,
        plan_name=None,
        plan_expires_at=None,
        plan_max_sessions=None,
        language="en",
        email_verified_at=None,
    )
