"""`plg account export`, against a real server."""

import json
import stat
import sys
from pathlib import Path

import pytest

from plg.cli.account.export import write
from plg.cli.cli_error import CliError
from support.inside import Inside
from support.selling_server import selling_server


def test_the_data_goes_to_standard_output_or_into_a_private_file_that_is_not_overwritten(
    plg: Inside, tmp_path: Path
) -> None:
    file = tmp_path / "mine.json"
    with selling_server(tmp_path / "server", billing="off") as seller:
        shown = plg("account", "export", **seller.environ)
        assert json.loads(shown.out)["account"]["email"] == "ann@example.org"
        document = plg("account", "export", "--json", **seller.environ).document()
        assert document["export"]["account"]["email"] == "ann@example.org"

        assert plg("account", "export", str(file), **seller.environ).out == f"Written to {file}.\n"
        assert json.loads(file.read_bytes())["format"] == "plg.account-export/1"
        if sys.platform != "win32":
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        file.write_text("older")
        refused = plg("account", "export", str(file), "--json", **seller.environ)
        assert (refused.code, refused.error()["code"], file.read_text()) == (2, "file_exists", "older")
        forced = plg("account", "export", str(file), "--force", "--json", **seller.environ).document()
        assert forced["bytes"] == file.stat().st_size
        assert plg("account", "export", str(tmp_path), "--force", **seller.environ).code == 2


def test_a_place_that_cannot_be_written_has_its_reason(tmp_path: Path) -> None:
    with pytest.raises(CliError, match="No such file"):
        write(tmp_path / "missing" / "file.json", b"{}")
