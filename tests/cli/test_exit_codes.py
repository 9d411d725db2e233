"""Numbers that scripts rely on."""

from plg.cli.exit_codes import MEANINGS, ExitCode


def test_the_numbers_never_change() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "FAILURE": 1,
        "USAGE": 2,
        "NOT_CONNECTED": 3,
        "NOT_LOGGED_IN": 4,
        "SUBSCRIPTION_NEEDED": 5,
        "NEEDS_PRIVILEGES": 6,
        "UNREACHABLE": 7,
        "NOT_FOUND": 8,
        "BUSY": 9,
        "BAD_CONFIGURATION": 10,
        "PORT_TAKEN": 11,
        "NO_DIFFERENCE": 12,
        "WORSE": 13,
        "DIRECT_IS_BETTER": 14,
        "DOCTOR_WARNS": 20,
        "DOCTOR_FAILS": 21,
        "UPDATE_REFUSED": 30,
        "INTERRUPTED": 130,
    }


def test_each_number_is_explained_once() -> None:
    assert set(MEANINGS) == set(ExitCode)
    assert len(set(MEANINGS.values())) == len(MEANINGS)
