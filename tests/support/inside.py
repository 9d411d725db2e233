"""Runs a command line of `plg` in the test's own process: fast, for what needs no process of its own."""

from pathlib import Path

from pytest import CaptureFixture  # noqa: PT013 - a type

from plg.cli.invocation import GlobalFlags, Invocation
from plg.cli.root import run
from support.command_line import Done


class Inside:
    """`plg` with `home` as its configuration directory."""

    def __init__(self, home: Path, capsys: CaptureFixture[str]) -> None:
        self.home = home
        self._capsys = capsys

    def __call__(self, *arguments: str, **environ: str) -> Done:
        self._capsys.readouterr()
        code = run(arguments, {"PLG_CONFIG_DIR": str(self.home), "LANG": "C.UTF-8", **environ})
        captured = self._capsys.readouterr()
        return Done(int(code), captured.out, captured.err)


def invocation_at(home: Path, *, as_json: bool = False, **environ: str) -> Invocation:
    """The tools of a command's body."""
    return Invocation(GlobalFlags(as_json=as_json), {"PLG_CONFIG_DIR": str(home), **environ})
