"""The part of the server's API that looks after one's own account: second factor, devices, API tokens, data."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import msgspec

from plg.api.credentials import Credentials
from plg.api.http_transport import HttpTransport
from plg.api.server_client import ServerClient, SignInUse
from plg.contract.account_safety import (
    AccountDeletion,
    DeleteAccountRequest,
    DeviceList,
    DevicesRevoked,
    RecoveryCodes,
    TotpBeginRequest,
    TotpConfirmRequest,
    TotpProofRequest,
    TotpSetup,
    TotpStatus,
)
from plg.contract.api_tokens import ApiTokenList, CreatedToken, CreateTokenRequest
from plg.contract.telegram import TelegramInvitation, TelegramState

MAX_EXPORT_BYTES = 200_000_000
"""Implementation. A session is half a kilobyte: so much is hundreds of thousands of them."""

EXPORT_TIMEOUT_S = 300.0
"""Implementation. So much over a line of 5 Mbit/s."""


class AccountClient(ServerClient):
    """A `ServerClient` for what only the person who signed in may do: the server refuses API tokens here (`scope_missing`).

    Every method raises what `ServerClient`'s methods raise. GETs are tried up to three times; anything that changes something is
    sent once.
    """

    async def totp_status(self) -> TotpStatus:
        """Whether signing in asks for a code."""
        return await self._get("/me/totp", TotpStatus, SignInUse.REQUIRED)

    async def begin_totp(self, password: str) -> TotpSetup:
        """A secret for an authenticator; it counts when a first code was confirmed."""
        return await self._post("/me/totp", TotpSetup, TotpBeginRequest(password=password), SignInUse.REQUIRED)

    async def confirm_totp(self, code: str) -> RecoveryCodes:
        """Switches the second factor on; the recovery codes are shown this once."""
        return await self._post("/me/totp/confirm", RecoveryCodes, TotpConfirmRequest(code=code), SignInUse.REQUIRED)

    async def turn_totp_off(self, password: str, totp: str) -> None:
        """Signing in asks for no code any more."""
        body = msgspec.json.encode(TotpProofRequest(password=password, totp=totp))
        await self._signed("POST", "/me/totp/off", body, SignInUse.REQUIRED)

    async def renew_recovery_codes(self, password: str, totp: str) -> RecoveryCodes:
        """New recovery codes in place of the earlier ones."""
        request = TotpProofRequest(password=password, totp=totp)
        return await self._post("/me/totp/recovery-codes", RecoveryCodes, request, SignInUse.REQUIRED)

    async def devices(self, *, limit: int, offset: int = 0) -> DeviceList:
        """The account's sign-ins, last used first."""
        page = {"limit": str(limit), "offset": str(offset)}
        return await self._get("/me/devices", DeviceList, SignInUse.REQUIRED, page)

    async def revoke_device(self, device_id: str) -> None:
        """Ends one sign-in."""
        await self._signed("DELETE", f"/me/devices/{quote(device_id, safe='')}", None, SignInUse.REQUIRED)

    async def revoke_other_devices(self) -> DevicesRevoked:
        """Ends every sign-in but this one."""
        return await self._post("/me/devices/revoke-others", DevicesRevoked, None, SignInUse.REQUIRED)

    async def api_tokens(self, *, limit: int, offset: int = 0) -> ApiTokenList:
        """The account's API tokens, newest first."""
        page = {"limit": str(limit), "offset": str(offset)}
        return await self._get("/me/tokens", ApiTokenList, SignInUse.REQUIRED, page)

    async def create_api_token(self, request: CreateTokenRequest) -> CreatedToken:
        """A new API token, shown this once."""
        return await self._post("/me/tokens", CreatedToken, request, SignInUse.REQUIRED)

    async def revoke_api_token(self, token_id: str) -> None:
        """Ends an API token."""
        await self._signed("DELETE", f"/me/tokens/{quote(token_id, safe='')}", None, SignInUse.REQUIRED)

    async def telegram(self) -> TelegramState:
        """Whether a Telegram chat is linked with the account."""
        return await self._get("/me/telegram", TelegramState, SignInUse.REQUIRED)

    async def begin_telegram(self) -> TelegramInvitation:
        """A link and a code that join a chat to the account; earlier ones end."""
        return await self._post("/me/telegram", TelegramInvitation, None, SignInUse.REQUIRED)

    async def unlink_telegram(self) -> None:
        """Parts the chat from the account; nothing happens where none is linked."""
        await self._signed("DELETE", "/me/telegram", None, SignInUse.REQUIRED)

    async def export(self) -> bytes:
        """Everything that the server knows of the account, as JSON (`contract.account_safety.AccountExport`)."""
        reply = await self._signed("GET", "/me/export", None, SignInUse.REQUIRED)
        self._decode(reply, msgspec.Raw)
        return reply.body

    async def delete(self, request: DeleteAccountRequest) -> AccountDeletion:
        """Deletes the account, or says what would go."""
        return await self._post("/me/delete", AccountDeletion, request, SignInUse.REQUIRED)


@asynccontextmanager
async def open_account(server: str, credentials: Credentials) -> AsyncIterator[AccountClient]:
    """A client of the server at base URL `server`, closed when the block ends; it takes answers as large as an export."""
    transport = HttpTransport(server, timeout_s=EXPORT_TIMEOUT_S, most_bytes=MAX_EXPORT_BYTES)
    try:
        yield AccountClient(transport, credentials)
    finally:
        await transport.close()
