"""Recovery codes: ten at a time, each works once in place of a code of the authenticator.

80 random bits each, so a plain hash is enough: no table of guesses covers them, and the database compares hashes, so the time that
a wrong one takes tells nothing.
"""

import hashlib
import secrets
from datetime import datetime

from plg_server.ids import new_id
from plg_server.models.account_safety import RecoveryCode

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: what he leaves out for looking alike is read as what it looks like."""

LOOK_ALIKES = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})

COUNT = 10
"""As many as others give: enough for years, few enough to print."""

CODE_CHARS = 16
"""80 bits, shown in four groups."""

GROUP_CHARS = 4


async def new_codes(account_id: str, now: datetime) -> list[str]:
    """Inside a transaction: end all earlier codes and make new ones. They cannot be shown again."""
    await end_codes(account_id)
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARS)) for _ in range(COUNT)]
    await RecoveryCode.bulk_create(
        [RecoveryCode(id=new_id(), account_id=account_id, code_hash=code_hash(code), created_at=now) for code in codes]
    )
    return ["-".join(code[at : at + GROUP_CHARS] for at in range(0, CODE_CHARS, GROUP_CHARS)) for code in codes]


async def use_code(account_id: str, text: str, now: datetime, *, really: bool = True) -> bool:
    """Use one up; of several callers one wins. With `really` false only say whether it would work."""
    hashed = code_hash(text.upper().translate(LOOK_ALIKES))
    unused = RecoveryCode.filter(account_id=account_id, code_hash=hashed, used_at=None)
    return bool(await unused.update(used_at=now)) if really else await unused.exists()


async def codes_left(account_id: str) -> int:
    """How many still work."""
    return await RecoveryCode.filter(account_id=account_id, used_at=None).count()


async def end_codes(account_id: str) -> None:
    """None works any more."""
    await RecoveryCode.filter(account_id=account_id).delete()


def code_hash(plain: str) -> str:
    """What is kept of a code."""
    return hashlib.sha256(f"plg recovery code {plain}".encode("utf-8", "surrogatepass")).hexdigest()
