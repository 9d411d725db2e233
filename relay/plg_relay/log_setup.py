"""The relay's log: one line for each event on stderr, with its time in UTC."""

import logging
import time


def set_up_logging(level: str) -> None:
    """`level` is one of the names that the settings allow."""
    handler = logging.StreamHandler()
    formatter = logging.Formatter("%(asctime)sZ %(levelname)s %(name)s: %(message)s", datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
