"""Every code of the doctor has words, and every blank in them is filled by the finding."""

import re
from pathlib import Path

import pytest

from plg.cli.doctor_words import WORDS
from plg.doctor.codes import Code
from support.source_tree import ROOT

CHECKS = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "plg/doctor").glob("*.py")))


@pytest.mark.parametrize("code", Code)
def test_a_code_has_words(code: Code) -> None:
    assert WORDS[code].seen


def test_there_are_no_words_without_a_code() -> None:
    assert set(WORDS) == set(Code)


@pytest.mark.parametrize("code", Code)
def test_a_blank_is_the_name_of_a_fact_that_some_check_gives(code: Code) -> None:
    blanks = set(re.findall(r"{([a-z_]+)}", WORDS[code].seen + (WORDS[code].step or "")))
    assert {blank for blank in blanks - {"places"} if f'"{blank}"' not in CHECKS} == set()


@pytest.mark.parametrize("code", Code)
def test_a_code_is_used_by_a_check(code: Code) -> None:
    used = [path for path in Path(ROOT / "plg/doctor").glob("*.py") if path.name != "codes.py"]
    assert any(f"Code.{code.name}" in path.read_text(encoding="utf-8") for path in used)


def test_what_fails_or_warns_has_a_next_step() -> None:
    bad = re.findall(r"Verdict\.(?:FAIL|WARN),\s*Code\.(\w+)", CHECKS)
    assert len(bad) > 20
    assert [name for name in bad if WORDS[Code[name]].step is None] == []
