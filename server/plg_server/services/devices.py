"""The devices of an account: its sign-ins that have not ended, where and when each was last used, and how to end one."""

import ipaddress
from datetime import datetime

from tortoise.expressions import Case, F, Q, When
from tortoise.functions import Coalesce

from plg.contract import account_safety as contract
from plg.contract.problem import ErrorCode
from plg_server.ids import timestamp
from plg_server.models.account_safety import SignInPlace
from plg_server.models.accounts import Account, SignIn
from plg_server.problems import ApiError
from plg_server.services import outbox
from plg_server.services.mail_kinds import MailKind
from plg_server.services.mail_texts import when

IPV4_BITS = 24
IPV6_BITS = 48
"""What is kept of an address: the network of a household's provider, not the household."""

REVOKED = "revoked"


def coarse_network(address: str) -> str:
    """The network around an address; empty for what is none."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    bits = IPV4_BITS if isinstance(parsed, ipaddress.IPv4Address) else IPV6_BITS
    return str(ipaddress.ip_network((parsed.packed, bits), strict=False))


async def note_use(sign_in_id: str, address: str, now: datetime) -> None:
    """Remember that this sign-in was used from there. Inside the transaction that issues its tokens: one caller at a time."""
    network = coarse_network(address)
    if not await SignInPlace.filter(id=sign_in_id).update(network=network, used_at=now):
        await SignInPlace.create(id=sign_in_id, sign_in_id=sign_in_id, network=network, used_at=now)


async def mail_new_device(account: Account, sign_in: SignIn, address: str, now: datetime) -> None:
    """Inside the transaction of a sign-in: leave an e-mail when no earlier one had this device's name and came from this network.

    The first sign-in that is known of an account is no news, and to an address that nobody confirmed nothing is told. Costs one query.
    """
    if account.email_verified_at is None:
        return
    network = coarse_network(address)
    # What its owner has revoked is not known any more: whoever comes back from there is told of again.
    is_same = Q(device=sign_in.device, place=network, ended_because__not=REVOKED)
    most_alike = (
        await SignIn.filter(account_id=account.id)
        .exclude(id=sign_in.id)
        .annotate(place=Coalesce("places__network", ""))
        .annotate(alike=Case(When(is_same, then="1"), default="0"))
        .order_by("-alike")
        .limit(1)
        .values_list("alike")
    )
    if most_alike == [("0",)]:
        facts = {"at": when(now), "device": sign_in.device, "address": network}
        await outbox.put(MailKind.NEW_DEVICE, account, "", facts, now)


async def devices(account_id: str, current_id: str, limit: int, offset: int) -> contract.DeviceList:
    """The account's sign-ins, last used first."""
    mine = SignIn.filter(account_id=account_id, ended_at=None)
    rows = (
        await mine.annotate(last_used_at=Coalesce("places__used_at", F("created_at")))
        .order_by("-last_used_at", "-id")
        .limit(limit)
        .offset(offset)
    )
    places = {place.id: place for place in await SignInPlace.filter(id__in=[row.id for row in rows])}
    return contract.DeviceList(
        devices=[_described(row, places.get(row.id), current_id) for row in rows],
        total=await mine.count(),
        limit=limit,
        offset=offset,
    )


def _described(row: SignIn, place: SignInPlace | None, current_id: str) -> contract.Device:
    return contract.Device(
        id=row.id,
        name=row.device,
        created_at=timestamp(row.created_at),
        last_used_at=timestamp(row.created_at if place is None else place.used_at),
        network="" if place is None else place.network,
        current=row.id == current_id,
    )


async def revoke(account_id: str, sign_in_id: str, now: datetime) -> None:
    """End one sign-in at once. Raises ApiError `not_found`, also for another account's and for one that has ended."""
    mine = SignIn.filter(id=sign_in_id, account_id=account_id, ended_at=None)
    if not await mine.update(ended_at=now, ended_because=REVOKED):
        raise ApiError(ErrorCode.NOT_FOUND, f"you have no device '{sign_in_id}'")


async def revoke_others(account_id: str, current_id: str, now: datetime) -> int:
    """End all sign-ins but this one; how many."""
    others = SignIn.filter(account_id=account_id, ended_at=None).exclude(id=current_id)
    return await others.update(ended_at=now, ended_because=REVOKED)
