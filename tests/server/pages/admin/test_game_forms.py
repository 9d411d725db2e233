"""A game's fields between the form and a game file."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from plg.contract.admin_games import GameFault
from plg_server.pages.admin.game_forms import (
    GameForm,
    changed_fields,
    edit_request,
    faults_by_field,
    form_values,
    game_text,
    items,
    quoted,
)

TOML = '[[game]]\nslug = "a"\nserver_cidrs = ["9.9.9.0/24", "8.8.8.0/24"]\nudp = ["1000"]\nnotes = "x"\n'


def test_a_table_is_shown_one_item_a_line_and_what_is_missing_is_empty() -> None:
    values = form_values(TOML)
    assert values["server_cidrs"] == "9.9.9.0/24\n8.8.8.0/24"
    assert (values["windows"], values["notes"]) == ("", "x")


def test_only_what_differs_is_sent_and_what_was_emptied_is_taken_away() -> None:
    form = GameForm(server_cidrs=" 9.9.9.0/24 \n\n8.8.8.0/24", udp="", notes="x", windows="a.exe\nb.exe")
    changed = changed_fields(form_values(TOML), form)
    assert changed == {"udp": [], "windows": ["a.exe", "b.exe"]}
    request = edit_request(changed, dry_run=True)
    assert (request.unset, tomllib.loads(request.fields)) == (["udp"], {"windows": ["a.exe", "b.exe"]})


def test_a_fault_is_told_at_its_field_and_line() -> None:
    text = game_text("a", {"server_cidrs": ["9.9.9.0/24", "bad"], "notes": "n"})
    lines = text.toml.splitlines()
    faults = [
        GameFault(source="a", line=lines.index('  "bad",') + 1, problem="no prefix"),
        GameFault(source="a", line=lines.index('notes = "n"') + 1, problem="dull"),
        GameFault(source="a", line=0, problem="nothing fits"),
    ]
    assert faults_by_field(text, faults, "line {number}") == {
        "server_cidrs": "line 2: no prefix",
        "notes": "dull",
        "": "nothing fits",
    }


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=50))
def test_any_text_comes_back_from_its_quotes(text: str) -> None:
    assert tomllib.loads(f"x = {quoted(text)}") == {"x": text}
    assert tomllib.loads(f"x = {quoted(items(text))}") == {"x": items(text)}
