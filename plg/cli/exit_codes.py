"""What a script reads from `$?`. Stable: a number never changes its meaning."""

from enum import IntEnum

from plg.cli.language import N_


class ExitCode(IntEnum):
    """Documented by `plg help exit-codes`; new meanings get new numbers."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    NOT_CONNECTED = 3
    NOT_LOGGED_IN = 4
    SUBSCRIPTION_NEEDED = 5
    NEEDS_PRIVILEGES = 6
    UNREACHABLE = 7
    NOT_FOUND = 8
    BUSY = 9
    BAD_CONFIGURATION = 10
    PORT_TAKEN = 11
    NO_DIFFERENCE = 12
    WORSE = 13
    DIRECT_IS_BETTER = 14
    DOCTOR_WARNS = 20
    DOCTOR_FAILS = 21
    UPDATE_REFUSED = 30
    INTERRUPTED = 130


MEANINGS: dict[ExitCode, str] = {
    ExitCode.OK: N_("done"),
    ExitCode.FAILURE: N_("failed for a reason that has no number of its own"),
    ExitCode.USAGE: N_("the command line is wrong"),
    ExitCode.NOT_CONNECTED: N_("no tunnel is running"),
    ExitCode.NOT_LOGGED_IN: N_("not logged in, or the login is over"),
    ExitCode.SUBSCRIPTION_NEEDED: N_("the account's plan does not include this"),
    ExitCode.NEEDS_PRIVILEGES: N_("a right of the operating system is missing"),
    ExitCode.UNREACHABLE: N_("the server or every relay is out of reach"),
    ExitCode.NOT_FOUND: N_("no such game or relay"),
    ExitCode.BUSY: N_("busy: connected already, or a match is being played"),
    ExitCode.BAD_CONFIGURATION: N_("a configuration or token file is wrong or damaged"),
    ExitCode.PORT_TAKEN: N_("the port is taken by another program"),
    ExitCode.NO_DIFFERENCE: N_("plg bench: no difference that counts between the direct way and PLG"),
    ExitCode.WORSE: N_("plg bench: PLG is worse than the direct way"),
    ExitCode.DIRECT_IS_BETTER: N_("the direct way to the game is better: it was left as it is"),
    ExitCode.DOCTOR_WARNS: N_("plg doctor: works, with warnings"),
    ExitCode.DOCTOR_FAILS: N_("plg doctor: something does not work"),
    ExitCode.UPDATE_REFUSED: N_("plg update: what came is not what was signed, or is out of date"),
    ExitCode.INTERRUPTED: N_("interrupted by Ctrl-C"),
}
"""One line each, for people; marked for translation."""
