"""What `plg account totp|devices|tokens|export|delete` print with `--json`."""

from plg.contract.account_safety import AccountDeletion, AccountExport, Device, TotpSetup, TotpStatus
from plg.contract.api_tokens import ApiToken
from plg.contract.cli_output import Document


class TotpDocument(Document, frozen=True, kw_only=True):
    """`plg account totp status`, `plg account totp off`."""

    totp: TotpStatus
    schema: str = "plg.totp/1"


class TotpSetupDocument(Document, frozen=True, kw_only=True):
    """`plg account totp on`, where no first code was typed: `plg account totp confirm CODE` switches it on."""

    setup: TotpSetup
    schema: str = "plg.totp_setup/1"


class RecoveryCodesDocument(Document, frozen=True, kw_only=True):
    """`plg account totp on|confirm|recovery-codes`: shown this once."""

    recovery_codes: list[str]
    schema: str = "plg.recovery_codes/1"


class DevicesDocument(Document, frozen=True, kw_only=True):
    """`plg account devices`."""

    devices: list[Device]
    total: int
    schema: str = "plg.devices/1"


class DevicesRevokedDocument(Document, frozen=True, kw_only=True):
    """`plg account devices revoke`: how many sign-ins were ended."""

    revoked: int
    schema: str = "plg.devices_revoked/1"


class ApiTokensDocument(Document, frozen=True, kw_only=True):
    """`plg account tokens list`."""

    tokens: list[ApiToken]
    total: int
    schema: str = "plg.api_tokens/1"


class ApiTokenCreatedDocument(Document, frozen=True, kw_only=True):
    """`plg account tokens create`: the token is shown this once."""

    token: str
    api_token: ApiToken
    schema: str = "plg.api_token_created/1"


class ApiTokenRevokedDocument(Document, frozen=True, kw_only=True):
    """`plg account tokens revoke`."""

    id: str
    schema: str = "plg.api_token_revoked/1"


class AccountExportedDocument(Document, frozen=True, kw_only=True):
    """`plg account export FILE`."""

    file: str
    bytes: int
    schema: str = "plg.account_exported/1"


class AccountExportDocument(Document, frozen=True, kw_only=True):
    """`plg account export` without a FILE."""

    export: AccountExport
    schema: str = "plg.account_export/1"


class AccountDeletionDocument(Document, frozen=True, kw_only=True):
    """`plg account delete`."""

    deletion: AccountDeletion
    schema: str = "plg.account_deletion/1"
