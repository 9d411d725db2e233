"""The doctor's findings as lines, as a summary and as a document."""

from collections.abc import Mapping, Sequence
from typing import Final

from plg import __version__
from plg.cli.doctor_words import WORDS
from plg.cli.exit_codes import ExitCode
from plg.cli.language import N_, _, ngettext
from plg.contract.cli_output_doctor import DoctorDocument, FindingView
from plg.doctor.fault_domain import Spot
from plg.doctor.finding import Fact, Finding, Verdict, worst

VERDICTS: Final = {
    Verdict.OK: N_("ok"),
    Verdict.WARN: N_("warning"),
    Verdict.FAIL: N_("failure"),
    Verdict.UNKNOWN: N_("unknown"),
}
SPOTS: Final = {
    Spot.ROUTER: N_("router {rtt} ms"),
    Spot.PROVIDER: N_("provider {rtt} ms"),
    Spot.RELAY: N_("relay {rtt} ms"),
    Spot.GAME: N_("game {rtt} ms"),
}
EXIT_CODES: Final = {
    Verdict.OK: ExitCode.OK,
    Verdict.UNKNOWN: ExitCode.OK,
    Verdict.WARN: ExitCode.DOCTOR_WARNS,
    Verdict.FAIL: ExitCode.DOCTOR_FAILS,
}
VERDICT_COLUMNS: Final = 9
CHECK_COLUMNS: Final = 15


def exit_code(findings: Sequence[Finding]) -> ExitCode:
    """By the gravest verdict."""
    return EXIT_CODES[worst(findings)]


def seen_text(finding: Finding) -> str:
    """What was seen, with its numbers."""
    return _filled(WORDS[finding.code].seen, finding)


def step_text(finding: Finding) -> str | None:
    """What to do about it; None when there is nothing to do."""
    step = WORDS[finding.code].step
    return None if step is None or finding.verdict is Verdict.OK else _filled(step, finding)


def _filled(text: str, finding: Finding) -> str:
    shown = {name: _number(value) for name, value in finding.facts.items()}
    return _(text).format(**{"places": _places(finding.facts), **shown})


def _number(value: Fact) -> str:
    """Without a needless `.0`."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _places(facts: Mapping[str, Fact]) -> str:
    told = [(text, facts.get(f"{spot}_ms")) for spot, text in SPOTS.items()]
    return ", ".join(_(text).format(rtt=_number(rtt)) for text, rtt in told if rtt is not None)


def finding_lines(finding: Finding) -> list[str]:
    """One line, and a second one with the next step."""
    verdict = _(VERDICTS[finding.verdict])
    lines = [f"{verdict:<{VERDICT_COLUMNS}} {finding.check:<{CHECK_COLUMNS}} {seen_text(finding)}"]
    step = step_text(finding)
    if step is not None:
        lines.append(f"{'':<{VERDICT_COLUMNS}} {'':<{CHECK_COLUMNS}} -> {step}")
    return lines


def summary_line(findings: Sequence[Finding]) -> str:
    """How many of what."""
    counts = {verdict: sum(finding.verdict is verdict for finding in findings) for verdict in Verdict}
    done = ngettext("{n} check", "{n} checks", len(findings)).format(n=len(findings))
    warned = ngettext("{n} warning", "{n} warnings", counts[Verdict.WARN]).format(n=counts[Verdict.WARN])
    failed = ngettext("{n} failure", "{n} failures", counts[Verdict.FAIL]).format(n=counts[Verdict.FAIL])
    unknown = _("{n} could not be told").format(n=counts[Verdict.UNKNOWN])
    return f"{done}: {failed}, {warned}, {unknown}"


def progress_line(left: Sequence[str], all_of_them: int, columns: int) -> str:
    """What is still being looked at, cut to one line of a terminal: a longer one could not be written over."""
    text = _("{done} of {n} checks done; waiting for: {names}").format(
        done=all_of_them - len(left), n=all_of_them, names=", ".join(left)
    )
    return text if len(text) < columns else f"{text[: max(0, columns - 4)]}..."


def doctor_document(findings: Sequence[Finding], *, server: str, game: str | None, system: str) -> DoctorDocument:
    """Everything for scripts and for the archive."""
    return DoctorDocument(
        verdict=worst(findings).value,
        server=server,
        game=game,
        version=__version__,
        system=system,
        checks=[
            FindingView(
                id=finding.check,
                verdict=finding.verdict.value,
                code=str(finding.code),
                seen=seen_text(finding),
                next_step=step_text(finding),
                facts=dict(finding.facts),
                seconds=finding.seconds,
            )
            for finding in findings
        ],
    )
