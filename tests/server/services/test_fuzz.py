"""Mutated game files: an operator's own file is read, or refused in one line that names it."""

from plg_server.services.game_files import GameFileError, parse_game_texts
from support.mutation import Mutator, fuzz_inputs

GOOD = b"""
[[source]]
key = "s"
url = "https://example.org/"

[[prefixes]]
name = "lan"
cidrs = ["9.9.9.0/24", "2620:fe::/48"]

[[game]]
slug = "pong"
name = "Pong"
category = "sports"
udp = ["4000", "5000-5010"]
server_cidrs = ["9.9.9.0/24"]
linux = ["pong"]
"""
PLAIN = b"""
[[game]]
slug = "pong"
name = "Pong"
category = "sports"
udp = ["4000"]
server_cidrs = ["9.9.9.0/24"]
"""


def test_fuzz_a_game_file_is_read_or_refused_in_one_line_that_names_it() -> None:
    read = 0
    refusals: set[str] = set()
    for data in Mutator([GOOD, PLAIN, PLAIN + PLAIN], seed=1).inputs(fuzz_inputs(20_000, at_most=200_000)):
        try:
            parse_game_texts([("mine.toml", data.decode("utf-8", "replace"))])
            read += 1
        except GameFileError as error:
            refusals.add(str(error))
    assert read
    assert refusals
    assert [told for told in refusals if not told.startswith("mine.toml") or "\n" in told] == []
