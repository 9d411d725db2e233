"""Runs first in the frozen program: what it starts sees the person's own environment, not the frozen program's.

The bootloader points LD_LIBRARY_PATH at the libraries inside, where a system's ping or a game would take them for its own. And a second
`plg` started from here (a tunnel in the background, the clean-up process) must unpack for itself: it outlives this one, whose
unpacked files go with it. Source: PyInstaller's manual, "LD_LIBRARY_PATH / LIBPATH considerations" and "Independent subprocess".
"""

import os
import sys

if sys.platform != "win32":
    before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    if before is None:
        os.environ.pop("LD_LIBRARY_PATH", None)
    else:
        os.environ["LD_LIBRARY_PATH"] = before
os.environ["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
