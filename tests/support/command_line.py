"""Runs the command `plg` as a person or a script does: in a process of its own, with a configuration directory of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.json_documents import check_document
from support.warm_process import WarmProcess

TIMEOUT_S = 60.0
"""The longest a command may take on a busy machine."""


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def document(self) -> dict[str, Any]:
        """The one JSON document on standard output; it must fit its published schema."""
        return check_document(json.loads(self.out))

    def error(self) -> dict[str, Any]:
        """The `error` of the last JSON document on standard error."""
        found = check_document(json.loads(self.err.splitlines()[-1]))
        assert found["schema"] == "plg.error/1"
        error = found["error"]
        assert isinstance(error, dict)
        return error


@dataclass(frozen=True, slots=True)
class Plg:
    """The command with its environment."""

    home: Path
    environ: Mapping[str, str]

    def __call__(self, *arguments: str, stdin: str = "", **environ: str) -> Done:
        """Runs it to its end; `stdin` is what is piped in."""
        whole = {**self.environ, **environ}
        warm = WarmProcess.for_environment(whole)
        if warm is not None:
            done = warm.run(arguments, whole, stdin, TIMEOUT_S)
        else:
            command = [sys.executable, "-m", "plg", *arguments]
            done = subprocess.run(
                command, input=stdin, capture_output=True, text=True, check=False, timeout=TIMEOUT_S, env=whole
            )
        assert "Traceback" not in done.stderr or "--debug" in arguments, done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    @property
    def token_file(self) -> Path:
        return self.home / "credentials" / "tokens.json"


def plg_at(home: Path, server: str | None = None) -> Plg:
    """The command with `home` as its configuration directory, English, and `server` as its server."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "PYTHONPATH") if name in os.environ}
    environ = {
        **kept,
        "HOME": str(home),
        "PLG_CONFIG_DIR": str(home),
        "LANG": "C.UTF-8",
        "PYTHONWARNINGS": "error",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }
    if server is not None:
        environ["PLG_SERVER"] = server
    return Plg(home, environ)
