"""/setup/...: exact lines for the server's file, and the first relay."""

import re
import tomllib

from plg_server.pages.admin.setup_steps import file_lines
from support.desk_visitor import Desk


def test_lines_are_toml_whatever_was_typed() -> None:
    wanted = {"operator_name": 'Ann "the <b>" \\ Ж', "public_url": "https://plg.example.org"}
    assert tomllib.loads(file_lines(wanted)) == wanted


async def test_what_is_typed_becomes_lines_of_the_file_and_changes_nothing(desk: Desk) -> None:
    shown = await desk.admin.open("/en/setup/server")
    assert "public_url is not set" in shown.text
    typed = await desk.admin.submit(shown.form("lines"), operator_name="Ann", public_url="https://plg.example.org")
    assert 'operator_name = "Ann" public_url = "https://plg.example.org"' in typed.text
    assert await desk.acts() == []


async def test_the_first_relay_enrols_with_the_command_that_is_shown(desk: Desk) -> None:
    form = (await desk.admin.open("/en/setup/relay")).form("first-relay")
    made = await desk.admin.submit(form, name="frankfurt-1")
    found = re.search(r"--token (\S+)", made.text)
    assert found is not None
    assert "no relay has enrolled with it yet" in (await desk.admin.open("/en/setup/relay")).text
    body = {"enrol_token": found[1], "public_host": "9.9.9.9", "port": 443}
    assert (await desk.api.post("/v1/relays/enrol", body)).status == 200
    assert "A relay has enrolled." in (await desk.admin.open("/en/setup/relay")).text
