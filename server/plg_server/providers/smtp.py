"""Handing e-mails to a mail server (SMTP, RFC 5321; submission, RFC 6409), one after another over one connection.

What a mail server says of a failure decides whether another try can help: 5yz about the recipient or the message is for good,
everything else (it is away, it is busy, it does not let us in) may pass.
"""

import asyncio
import contextlib
import ssl
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib

from plg_server.mail_config import SmtpPlace

STEP_LIMIT_S = 20.0
"""For each command: RFC 5321, 4.5.3.2, allows minutes, but a hundred e-mails must not wait for one."""

SEND_LIMIT_S = 60.0
"""For one e-mail from connecting to the server's yes; well below the lease of a row in the outbox."""

GOODBYE_S = 2.0

REASON_LIMIT_CHARS = 200


class SendFailed(Exception):
    """The e-mail was not taken. `for_good` when another try cannot help; the text is for the operator's list."""

    def __init__(self, reason: str, *, for_good: bool) -> None:
        super().__init__(reason)
        self.for_good = for_good


class SmtpSender:
    """One mail server. Made for a round of sending, closed after it; not for two tasks at once."""

    def __init__(self, place: SmtpPlace) -> None:
        self._place = place
        self._client: aiosmtplib.SMTP | None = None

    async def send(self, message: EmailMessage) -> None:
        """Send to the one address in `To`. Raises SendFailed; a time out leaves open whether it was taken."""
        try:
            async with asyncio.timeout(SEND_LIMIT_S):
                client = await self._connected()
                await client.send_message(message)
        except aiosmtplib.SMTPRecipientsRefused as refusal:
            codes = [one.code for one in refusal.recipients]
            words = "; ".join(f"{one.code} {one.message}" for one in refusal.recipients)
            raise SendFailed(_short(f"recipient refused: {words}"), for_good=_are_final(codes)) from None
        except aiosmtplib.SMTPDataError as refusal:
            words = f"message refused: {refusal.code} {refusal.message}"
            raise SendFailed(_short(words), for_good=_are_final([refusal.code])) from None
        except aiosmtplib.SMTPNotSupported as refusal:
            raise SendFailed(_short(f"not possible there: {refusal}"), for_good=True) from None
        except aiosmtplib.SMTPResponseException as refusal:
            await self.close()
            words = f"{type(refusal).__name__}: {refusal.code} {refusal.message}"
            raise SendFailed(_short(words), for_good=False) from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            # OSError holds time outs, refused connections and TLS; ValueError a user name that cannot be encoded.
            await self.close()
            raise SendFailed(_short(f"{type(error).__name__}: {error}"), for_good=False) from None

    async def close(self) -> None:
        """Say goodbye, or just go when the server does not listen."""
        client, self._client = self._client, None
        if client is None:
            return
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            async with asyncio.timeout(GOODBYE_S):
                await client.quit()
        client.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        await self.close()
        place = self._place
        client = aiosmtplib.SMTP(
            hostname=place.host,
            port=place.port,
            username=place.user,
            password=place.password,
            timeout=STEP_LIMIT_S,
            use_tls=place.security == "tls",
            # True, not "if it can": somebody on the way could hide that it can (RFC 3207, 6).
            start_tls=place.security == "starttls",
            tls_context=None if place.security == "none" else tls_context(place.ca_file),
        )
        self._client = client
        await client.connect()
        return client


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """The system's authorities, or the one in `ca_file` alone. Raises OSError when it cannot be read."""
    return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))


def _are_final(codes: list[int]) -> bool:
    return bool(codes) and all(500 <= code < 600 for code in codes)


def _short(text: str) -> str:
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:REASON_LIMIT_CHARS]
