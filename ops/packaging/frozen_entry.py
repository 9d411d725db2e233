"""Where the frozen program starts: the command `plg`, or the clean-up process that a capture starts beside itself."""

import sys

CLEAN_UP_WORD = "--clean-up-watchdog"
"""`plg.capture.watchdog.FROZEN_WORD`, written out: `plg --help` need not load the capture to compare it. A test holds them together."""


def main() -> None:
    if len(sys.argv) == 4 and sys.argv[1] == CLEAN_UP_WORD and sys.argv[3].isdecimal():
        from plg.capture.watchdog import run_child

        run_child(sys.argv[2], int(sys.argv[3]))
        return
    from plg.cli.root import main as command

    command()


if __name__ == "__main__":
    main()
