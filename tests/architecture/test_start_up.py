"""`plg --help` answers at once: it loads none of the heavy libraries."""

import subprocess
import sys

HEAVY = {
    "textual",
    "tortoise",
    "scapy",
    "pydivert",
    "aiohttp",
    "pydantic",
    "aiogram",
    "cryptography",
    "keyring",
    "msgspec",
    "uvloop",
}

ASK = """
import sys
sys.argv = ["plg", "--help"]
from plg.cli.root import main
try:
    main()
except SystemExit as end:
    assert end.code in (0, None), end.code
print(" ".join(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def test_help_loads_no_heavy_library() -> None:
    done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout
    loaded = set(done.stderr.split())
    assert "typer" in loaded
    assert loaded & HEAVY == set()
