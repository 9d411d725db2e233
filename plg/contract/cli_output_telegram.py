"""What `plg account telegram` prints with `--json`."""

from plg.contract.cli_output import Document
from plg.contract.telegram import TelegramInvitation, TelegramState


class TelegramDocument(Document, frozen=True, kw_only=True):
    """`plg account telegram status|unlink`."""

    telegram: TelegramState
    schema: str = "plg.telegram/1"


class TelegramInvitationDocument(Document, frozen=True, kw_only=True):
    """`plg account telegram link`: good once, until it ends."""

    invitation: TelegramInvitation
    schema: str = "plg.telegram_invitation/1"
