"""What a refused setting looks like to a person."""

from plg_relay.errors import ConfigError, FailureKind, IdentityError


def test_a_long_value_is_cut_so_that_the_message_stays_one_line() -> None:
    message = str(ConfigError("key", "x" * 1000, "less", "file"))
    assert len(message) < 200
    assert message.startswith("file: key = 'xxx")


def test_a_damaged_identity_counts_as_configuration() -> None:
    assert IdentityError("x").kind is FailureKind.CONFIG
