"""`plg config`."""

from pathlib import Path

import pytest

from plg.cli.config_keys import SETTINGS
from support.command_line import plg_at
from support.inside import Inside


def test_what_is_set_holds_and_what_is_unset_does_not(plg: Inside) -> None:
    assert plg("config", "get", "mode").out == "\n"
    done = plg("config", "set", "mode", "adaptive")
    assert (done.code, done.out, done.err) == (0, "", "mode is set\n")
    assert plg("config", "get", "mode").out == "adaptive\n"
    assert "nothing to change" in plg("config", "set", "mode", "adaptive").err
    assert plg("config", "unset", "mode").err == "mode is no longer set\n"
    assert plg("config", "get", "mode").out == "\n"
    assert plg("config", "get", "max_overhead").out == "2.5\n"


def test_commands_and_addresses_are_set_word_by_word(plg: Inside) -> None:
    plg("config", "set", "launch.cs2", "steam", "steam://rungameid/730")
    plg("config", "set", "hooks.on_connect", "--", "notify-send", "-t", "2000", "it is up")
    plg("config", "set", "hooks.on_disconnect", "https://hooks.example.org/x")
    assert (plg.home / "config.toml").read_text() == (
        '[launch]\ncs2 = ["steam", "steam://rungameid/730"]\n\n'
        '[hooks]\non_connect = ["notify-send", "-t", "2000", "it is up"]\non_disconnect = "https://hooks.example.org/x"\n'
    )
    assert plg("config", "get", "launch.cs2").out == '["steam", "steam://rungameid/730"]\n'


def test_the_list_says_where_each_value_comes_from(plg: Inside) -> None:
    plg("config", "set", "mode", "off")
    plg("config", "set", "launch.doom", "doom")
    done = plg("config", "list", "--show-origin", PLG_CAPTURE="proxy")
    found = {line.split()[0]: line for line in done.out.splitlines()}
    assert found["mode"].endswith(f"{plg.home / 'config.toml'}, line 1")
    assert found["capture"].split()[1:] == ["proxy", "PLG_CAPTURE"]
    assert found["server"].endswith("built in")
    assert "line 4" in found["launch.doom"]
    assert {key.name for key in SETTINGS} | {"hooks.on_connect"} <= set(found)
    assert "where from" not in plg("config", "list").out
    rows = plg("config", "list", "--json", "--lang", "ru", PLG_CAPTURE="proxy").document()["settings"]
    origins = {row["name"]: (row["origin"], row["value"]) for row in rows}
    assert (origins["mode"], origins["capture"]) == (("file", "off"), ("environment", "proxy"))
    assert (origins["lang"], origins["max_overhead"]) == (("flag", "ru"), ("built_in", 2.5))
    assert origins["launch.doom"] == ("file", ["doom"])


def test_a_variable_that_goes_before_the_file_is_named(plg: Inside) -> None:
    done = plg("config", "set", "mode", "off", PLG_MODE="adaptive")
    assert (done.code, "PLG_MODE is set and goes before config.toml" in done.err) == (0, True)
    document = plg("config", "unset", "mode", "--json", PLG_MODE="adaptive").document()
    assert (document["changed"], document["value"], document["overridden_by"]) == (True, None, "PLG_MODE")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["set", "mode", "fast"], "allowed: off, redundant, adaptive"),
        (["set", "mode", "off", "now"], "'off now' is no mode"),
        (["set", "max_overhead", "much"], "allowed: 1 ... 4"),
        (["set", "sever", "x"], "did you mean server?"),
        (["get", "moed"], "did you mean mode?"),
        (["unset", "hooks.on_conect"], "did you mean hooks.on_connect"),
        (["set", "mode"], "missing argument VALUE..."),
    ],
)
def test_what_is_wrong_is_said_with_what_is_allowed(plg: Inside, words: list[str], said: str) -> None:
    done = plg("config", *words)
    assert (done.code, said in done.err) == (2, True), done.err
    assert not (plg.home / "config.toml").exists()


def test_a_damaged_file_is_named_and_stays(plg: Inside) -> None:
    plg.home.mkdir()
    (plg.home / "config.toml").write_text('lang = "en"\nserver =\n')
    for words in (["list"], ["get", "mode"], ["set", "mode", "off"], ["unset", "mode"]):
        done = plg("config", *words)
        assert (done.code, "line 2" in done.err) == (10, True), (words, done.err)
    assert (plg.home / "config.toml").read_text() == 'lang = "en"\nserver =\n'
    assert plg("config", "path").out == f"{plg.home / 'config.toml'}\n"


def test_the_path_is_there_before_the_file_is(plg: Inside) -> None:
    assert plg("config", "path", "--json").document() == {
        "file": str(plg.home / "config.toml"),
        "exists": False,
        "schema": "plg.config_path/1",
    }


def test_a_setting_written_so_is_what_other_commands_use(tmp_path: Path) -> None:
    plg = plg_at(tmp_path)
    assert plg("config", "set", "lang", "ru").code == 0
    assert "Использование" in plg("config", "--help").out


def test_what_connect_takes_for_usual_comes_from_the_settings_and_an_option_goes_before(plg: Inside) -> None:
    line = [
        "connect",
        "openarena",
        "--target",
        "192.0.2.7:1",
        "--listen",
        "127.0.0.1:27960",
        "--server",
        "http://127.0.0.1:1",
    ]
    assert "--listen belongs to --capture proxy" in plg(*line).err
    plg("config", "set", "capture", "proxy")
    reached = plg(*line)
    assert reached.code in {4, 7}, reached.err
    assert "--listen belongs to --capture proxy" in plg(*line, "--capture", "auto").err
    assert "--listen belongs to --capture proxy" in plg(*line, PLG_CAPTURE="divert").err
    assert "PLG_MODE: 'fast' is no mode" in plg(*line, PLG_MODE="fast").err
    assert "PLG_MAX_OVERHEAD: '9' is no max_overhead" in plg(*line, PLG_MAX_OVERHEAD="9").err
