"""`plg redeem`, against a real server."""

from pathlib import Path

from support.inside import Inside
from support.selling_server import selling_server


def test_a_wrong_code_and_text_that_is_no_code_have_codes_of_their_own(plg: Inside, tmp_path: Path) -> None:
    with selling_server(tmp_path / "server") as seller:
        unknown = plg("redeem", "NEVER-THERE", **seller.environ)
        in_russian = plg("redeem", "NEVER-THERE", "--lang", "ru", **seller.environ)
        no_code = plg("redeem", "код", **seller.environ)
    assert (unknown.code, "no such code" in unknown.err) == (8, True)
    assert "такого кода нет" in in_russian.err
    assert no_code.code == 2
