"""What a check says: a verdict, a stable code, and the numbers behind it. Words are made of it by plg.cli."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Fact = str | int | float
"""Numbers are rounded to what is worth reading before they come here."""


class Verdict(StrEnum):
    """In rising severity, but `unknown`: that says only that the check could not tell."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARN = "warn"
    FAIL = "fail"


_SEVERITY = {Verdict.OK: 0, Verdict.UNKNOWN: 0, Verdict.WARN: 1, Verdict.FAIL: 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of the check `check`. `code` is one of plg.doctor.codes.Code, `facts` fill the blanks of its sentence."""

    check: str
    verdict: Verdict
    code: str
    facts: Mapping[str, Fact] = field(default_factory=dict)
    seconds: float = 0.0


def worst(findings: Iterable[Finding]) -> Verdict:
    """The gravest verdict; what could not be told does not count as bad."""
    return max((finding.verdict for finding in findings), key=_SEVERITY.__getitem__, default=Verdict.OK)


def ms(value: float) -> float:
    """Milliseconds as they are told: one place behind the point below ten, none above."""
    return round(value, 1) if value < 10 else float(round(value))
