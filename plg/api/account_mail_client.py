"""The part of the server's API about the account's address and password, and what its e-mails bring back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from plg.api.credentials import Credentials
from plg.api.http_transport import HttpTransport
from plg.api.server_client import ServerClient, SignInUse
from plg.contract.account_changes import (
    AccountSettings,
    Asked,
    ChangeEmailRequest,
    ChangePasswordRequest,
    ForgotRequest,
    LanguageName,
    LanguageRequest,
    MailCodeRequest,
    MailSent,
    ResetRequest,
)


class AccountMailClient(ServerClient):
    """A `ServerClient` for address, password and language. Every method raises what `ServerClient`'s methods raise."""

    async def settings(self) -> AccountSettings:
        """The address, whether it is confirmed, and the language of e-mails."""
        return await self._get("/me/settings", AccountSettings, SignInUse.REQUIRED)

    async def set_language(self, language: LanguageName) -> AccountSettings:
        """The language of e-mails from now on."""
        return await self._post("/me/language", AccountSettings, LanguageRequest(language=language), SignInUse.REQUIRED)

    async def send_verification(self) -> MailSent:
        """Another code to the account's address."""
        return await self._post("/me/email/verification", MailSent, None, SignInUse.REQUIRED)

    async def verify(self, code: str) -> AccountSettings:
        """Takes the code of an e-mail."""
        return await self._post("/me/email/verify", AccountSettings, MailCodeRequest(code=code), SignInUse.REQUIRED)

    async def change_email(self, new_email: str, password: str) -> MailSent:
        """A code to the new address; nothing changes before it came back."""
        request = ChangeEmailRequest(new_email=new_email, password=password)
        return await self._post("/me/email", MailSent, request, SignInUse.REQUIRED)

    async def change_password(self, old_password: str, new_password: str) -> None:
        """Ends every other sign-in."""
        request = ChangePasswordRequest(old_password=old_password, new_password=new_password)
        await self._signed("POST", "/me/password", msgspec.json.encode(request), SignInUse.REQUIRED)

    async def forgot(self, email: str) -> Asked:
        """Asks for a new password; the answer is the same for every address."""
        return await self._post("/auth/forgot", Asked, ForgotRequest(email=email), SignInUse.NEVER)

    async def reset(self, code: str, new_password: str) -> None:
        """Sets a new password with the code of an e-mail; ends every sign-in."""
        request = ResetRequest(code=code, new_password=new_password)
        await self._signed("POST", "/auth/reset", msgspec.json.encode(request), SignInUse.NEVER)

    async def undo_email(self, code: str) -> None:
        """Takes a change of address back; ends every sign-in."""
        await self._signed("POST", "/auth/undo-email", msgspec.json.encode(MailCodeRequest(code=code)), SignInUse.NEVER)


@asynccontextmanager
async def open_account_mail(server: str, credentials: Credentials) -> AsyncIterator[AccountMailClient]:
    """A client of the server at base URL `server`, closed when the block ends."""
    transport = HttpTransport(server)
    try:
        yield AccountMailClient(transport, credentials)
    finally:
        await transport.close()
