"""The server's rules for game files, every fault at once."""

import sys
from pathlib import Path

import pytest

from plg.cli.cli_error import CliError
from plg.cli.profile_lint import MAX_BYTES, lint_profile, read_profile
from plg.machine.profile_learning import draft_profile, profile_toml

GOOD = """# learned
[[game]]
slug = "my-game"
name = "My Game"
category = "fps"
linux = ["mygame"]
windows = ["MyGame.exe"]
transport = "udp"
udp = ["27015-27050"]
server_cidrs = ["9.9.9.0/24"]

[local]
plays_as = "openarena"
"""


def test_a_profile_that_keeps_the_rules_is_read() -> None:
    profile, faults = lint_profile(GOOD)
    assert faults == []
    assert profile is not None
    assert (profile.slug, profile.name, profile.plays_as) == ("my-game", "My Game", "openarena")
    assert profile.executables == ("mygame", "MyGame.exe")
    assert (profile.prefixes, profile.ports) == (("9.9.9.0/24",), ("27015-27050",))


def test_what_was_learned_keeps_the_rules() -> None:
    profile, faults = lint_profile(profile_toml(draft_profile("x.exe", ["x.exe"], [], 60), ["a remark"]))
    assert faults == []
    assert profile is not None


def test_every_fault_is_told_with_its_line() -> None:
    text = """[[game]]
slug = "My Game"
name = "My Game"
category = "shooter"
linux = ["mygame", "a/b"]
udp = ["99999", "27015", "5-x"]
server_cidrs = ["10.0.0.0/8", "9.9.9.9/24", "9.9.9.0/24"]
colour = "red"

[local]
plays_as = "Open Arena"
size = 3
"""
    profile, faults = lint_profile(text)
    assert profile is None
    assert [fault.line for fault in faults] == [2, 4, 5, 6, 6, 7, 7, 8, 11, 12]
    told = " ".join(fault.problem for fault in faults)
    for word in ("slug", "category", "99999", "10.0.0.0/8", "9.9.9.9/24", "colour", "plays_as", "local.size"):
        assert word in told


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("[[game]\n", 1, "not valid TOML"),
        ("a = " + "[" * 2000, 1, "not valid TOML"),
        ("", 0, "exactly one"),
        (GOOD + GOOD.partition("[local]")[0].replace("my-game", "other"), 0, "exactly one"),
        (GOOD.replace('linux = ["mygame"]\nwindows = ["MyGame.exe"]\n', ""), 3, "no program"),
        (GOOD + '[[source]]\nid = "x"\n', 14, ""),
        ("[[game]]\n" * 3, 1, "slug"),
        ('game = "x"\n', 1, "[[game]]"),
        (GOOD.replace("[local]", "[[local]]"), 0, ""),
        (GOOD.replace('udp = ["27015-27050"]', 'prefixes = ["no-such-list"]'), 9, "no-such-list"),
    ],
)
def test_a_file_that_is_no_profile_is_refused(text: str, line: int, word: str) -> None:
    profile, faults = lint_profile(text)
    assert profile is None
    assert any(word in fault.problem for fault in faults)
    assert not line or line in {fault.line for fault in faults}


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(CliError) as missing:
        read_profile(tmp_path / "missing")
    assert missing.value.exit_code == 8
    (tmp_path / "large").write_bytes(b"#" * (MAX_BYTES + 1))
    (tmp_path / "bytes").write_bytes(b"\xff")
    for name in ("large", "bytes"):
        with pytest.raises(CliError) as caught:
            read_profile(tmp_path / name)
        assert caught.value.exit_code == 10


def test_a_build_without_the_servers_rules_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plg_server.services.game_files", None)
    with pytest.raises(CliError, match="lacks the rules"):
        lint_profile(GOOD)
