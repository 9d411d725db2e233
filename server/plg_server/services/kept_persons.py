"""Who had the trial, kept after an account was deleted: by a key that nobody can work out without the server's secret.

While an account stands the mailbox's plain hash does no harm: its e-mail address is in the next table. Afterwards it would let anybody
with a copy of the database try addresses against it.
"""

import hmac
from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from plg_server.models.billing import TrialTaken


class KeptPersons:
    """Every asynchronous method needs an active database."""

    def __init__(self, server_secret: bytes) -> None:
        self._key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"plg deleted person v1").derive(server_secret)

    def key(self, person: str) -> str:
        """What is kept of a `subscriptions.person_key`."""
        return hmac.new(self._key, person.encode(), sha256).hexdigest()

    async def had_trial(self, person: str) -> bool:
        """Whether somebody with this mailbox had the trial on an account that is deleted."""
        return await TrialTaken.exists(id=self.key(person))

    async def keep(self, account_id: str) -> bool:
        """Inside the transaction that deletes an account: its trial is remembered by the key alone. False when it had none."""
        row = await TrialTaken.get_or_none(account_ref=account_id)
        if row is None:
            return False
        await TrialTaken.filter(id=row.id).delete()
        # Under a second account that was deleted the same person may be kept already.
        if not await TrialTaken.exists(id=self.key(row.id)):
            await TrialTaken.create(id=self.key(row.id), account_ref=account_id, taken_at=row.taken_at)
        return True
