"""Lines of values in a TOML text, which tomllib does not tell."""

from plg_server.services.toml_lines import TomlLines

TEXT = """[[game]]
slug = "a"
conf = { ports = "x" }
[[game.region]]
code = "eu"

[[game]]
slug = "b"
"""


def test_a_span_covers_a_table_with_its_sub_tables() -> None:
    lines = TomlLines("f", TEXT)
    assert lines.span("game", 0) == range(1, 7)
    assert lines.span("game", 1) == range(7, 10)


def test_a_table_written_in_another_way_has_the_whole_file_as_its_span() -> None:
    lines = TomlLines("f", 'game = [{ slug = "a" }]\n')
    assert lines.span("game", 0) == lines.whole


def test_a_value_is_found_inside_its_span_only() -> None:
    lines = TomlLines("f", TEXT)
    assert lines.of(lines.span("game", 1), '"b"') == 8
    assert lines.of(lines.span("game", 0), '"b"') == 1


def test_a_key_is_found_at_the_start_of_a_line_in_an_inline_table_and_as_a_table() -> None:
    lines = TomlLines("f", TEXT)
    span = lines.span("game", 0)
    assert lines.of_key(span, "slug") == 2
    assert lines.of_key(span, "ports") == 3
    assert lines.of_key(span, "region") == 4
    assert lines.of_key(span, "absent") == 1
