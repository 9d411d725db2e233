"""What `plg account` prints with `--json` about the address, the password and the language."""

from plg.contract.account_changes import AccountSettings
from plg.contract.cli_output import Document


class AccountSettingsDocument(Document, frozen=True, kw_only=True):
    """`plg account`, `plg account verify`, `plg account language`: as it is now."""

    settings: AccountSettings
    schema: str = "plg.account_settings/1"


class MailSentDocument(Document, frozen=True, kw_only=True):
    """`plg account verify` and `plg account email`: a code is on its way to this address, and works until then."""

    email: str
    expires_at: str
    schema: str = "plg.mail_sent/1"


class AccountDoneDocument(Document, frozen=True, kw_only=True):
    """`plg account password`, `forgot`, `reset` and `undo`: what was done, by the command's name."""

    done: str
    schema: str = "plg.account_done/1"
