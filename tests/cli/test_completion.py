"""`plg completion`. What real shells make of it: tests/cli/test_completion_scripts.py."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from plg.cli.completion_cache import remember
from plg.cli.completion_scripts import SHELLS, script
from support.command_line import plg_at
from support.inside import Inside

ASK = """
import sys
sys.argv = ["plg", "completion", "--suggest", "bash", "--", "connect", "ope"]
from plg.cli.root import main
try:
    main()
except SystemExit as end:
    assert end.code in (0, None), end.code
print(" ".join(sorted(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_printed(plg: Inside, shell: str) -> None:
    text = next(script(one) for one in SHELLS if one == shell)
    assert plg("completion", shell).out == text
    assert plg("completion", shell, "--json").document()["script"] == text


def test_words_are_suggested_one_a_line_with_their_meaning(plg: Inside) -> None:
    assert (
        plg("completion", "--suggest", "bash", "--", "connec").out
        == "connect Carry a game's packets through a relay.\n"
    )
    assert plg("completion", "--suggest", "bash", "--", "replay", "").out == ":files\n"
    assert plg("completion", "--suggest", "powershell", "--new-word", "--", "config").out.startswith("get ")
    assert plg("completion", "--suggest", "bash", "--json", "--", "config", "u").document()["words"].keys() == {"unset"}
    assert plg("completion", "--suggest", "bash", "--", "nothing", "x").out == ""


def test_suggestions_come_from_this_machine_and_load_nothing_heavy(tmp_path: Path) -> None:
    remember(tmp_path, "games", [("openarena", "OpenArena")], is_all=True)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        mute.settimeout(0.2)
        plg = plg_at(tmp_path, f"http://127.0.0.1:{mute.getsockname()[1]}")
        done = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=False, timeout=60, env=plg.environ)  # fmt: skip
        with pytest.raises(TimeoutError):
            mute.accept()
    assert (done.returncode, done.stdout) == (0, "openarena OpenArena\n"), done.stderr
    assert (
        set(done.stderr.split()) & {"asyncio", "aiohttp", "msgspec", "cryptography", "keyring", "textual", "psutil"}
        == set()
    )


@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_what_is_installed_can_be_removed_again(plg: Inside, tmp_path: Path, shell: str) -> None:
    home = {"HOME": str(tmp_path / "home")}
    assert "is not there" in plg("completion", shell, "--uninstall", **home).err
    plg("completion", shell, "--install", **home)
    file = Path(plg("completion", shell, "--install", "--json", **home).document()["file"])
    assert plg("completion", shell).out == file.read_text()
    assert list(file.parent.iterdir()) == [file]
    assert "Removed" in plg("completion", shell, "--uninstall", **home).err
    assert not file.exists()


def test_somebody_else_s_file_is_left_alone(plg: Inside, tmp_path: Path) -> None:
    file = tmp_path / ".local/share/bash-completion/completions/plg"
    file.parent.mkdir(parents=True)
    file.write_text("complete -W 'a b' plg\n")
    for option in ("--install", "--uninstall"):
        done = plg("completion", "bash", option, HOME=str(tmp_path))
        assert (done.code, "is not ours" in done.err) == (1, True)
    assert file.read_text() == "complete -W 'a b' plg\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "which shell?"),
        (["bsh"], "did you mean bash"),
        (["bash", "zsh"], "no shell called 'bash zsh'"),
        (["zsh", "--install"], "no place for one person's completions"),
        (["bash", "--install", "--uninstall"], "different ways"),
    ],
)
def test_what_is_wrong_is_said(plg: Inside, words: list[str], said: str) -> None:
    done = plg("completion", *words)
    assert (done.code, said in done.err) == (2, True), done.err
