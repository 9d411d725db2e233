"""Why a relay cannot start or enrol, as one line for a person and a kind that the command line turns into an exit code."""

from enum import StrEnum


class FailureKind(StrEnum):
    """What sort of thing went wrong; each has one exit code of its own."""

    CONFIG = "config"
    PORT_TAKEN = "port_taken"
    PRIVILEGE = "privilege"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"


class RelayError(Exception):
    """The relay cannot go on. The message is one line and says what would mend it.

    `kind` is one of FailureKind.
    """

    def __init__(self, kind: FailureKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class ConfigError(RelayError):
    """A setting has a value that is not allowed: names the key, where it stood, the value and what is allowed."""

    def __init__(self, key: str, value: object, allowed: str, origin: str) -> None:
        shown = repr(value)
        if len(shown) > 80:
            shown = shown[:77] + "..."
        super().__init__(FailureKind.CONFIG, f"{origin}: {key} = {shown} is not allowed: {allowed}")
        self.key = key
        self.allowed = allowed


class IdentityError(RelayError):
    """The identity file is missing, damaged, or readable by others."""

    def __init__(self, message: str) -> None:
        super().__init__(FailureKind.CONFIG, message)
