"""`plg version`, `plg --version`."""

from plg import __version__
from support.inside import Inside


def test_both_ways_say_the_same(plg: Inside) -> None:
    assert plg("version").out == plg("--version").out == f"plg {__version__}\n"


def test_programs_get_a_document(plg: Inside) -> None:
    document = plg("version", "--json").document()
    assert (document["schema"], document["version"]) == ("plg.version/1", __version__)
    assert document["python"].startswith("3.")
    assert document == plg("--version", "--json").document()
