"""Steam's text files, and what pretends to be one."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plg.machine.steam_text import MAX_CHARS, MAX_DEPTH, MAX_ENTRIES, NotSteamText, block_at, read_steam_text, text_at

LIBRARIES = """
"libraryfolders"
{
	"0"
	{
		"path"		"C:\\\\Program Files (x86)\\\\Steam"
		"apps"
		{
			"730"		"35000000000"   // a comment
		}
	}
	"1" { path /mnt/games [$LINUX] "label" "second \\"disk\\"" }
}
"""


def test_blocks_texts_comments_and_conditions_are_read() -> None:
    found = read_steam_text(LIBRARIES)
    assert text_at(found, "LibraryFolders", "0", "path") == "C:\\Program Files (x86)\\Steam"
    assert text_at(found, "libraryfolders", "0", "apps", "730") == "35000000000"
    assert text_at(found, "libraryfolders", "1", "path") == "/mnt/games"
    assert text_at(found, "libraryfolders", "1", "label") == 'second "disk"'
    assert block_at(found, "libraryfolders", "7") is None
    assert text_at(found, "libraryfolders") is None


@pytest.mark.parametrize(
    "text",
    [
        '"a"',
        '"a" {',
        "}",
        "{",
        '"a" { "b" }',
        '"a" "b',
        "[",
        '"a" "b" {',
        '"a" {' * (MAX_DEPTH + 1),
        '"a" "b" ' * (MAX_ENTRIES + 1),
        " " * (MAX_CHARS + 1),
    ],
)
def test_what_is_broken_or_boundless_is_refused(text: str) -> None:
    with pytest.raises(NotSteamText):
        read_steam_text(text)


@given(st.text(alphabet='"{}\\/[]$ab \n\t\0', max_size=200))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with contextlib.suppress(NotSteamText):
        assert isinstance(read_steam_text(text), dict)
