"""What is said about a learned profile and a tried one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from plg.cli.cli_error import CliError
from plg.cli.exit_codes import ExitCode
from plg.cli.language import N_, _
from plg.cli.output import Column
from plg.machine.profile_learning import Doubt, ProfileDraft

if TYPE_CHECKING:
    from plg.cli.invocation import Invocation
    from plg.cli.profile_lint import LocalProfile
    from plg.contract.cli_output_machine import TestedFlow

_DOUBTS = {
    Doubt.NO_FLOWS: N_(
        "it sent nothing by UDP: was a match played? A game may play over TCP, which PLG does not carry"
    ),
    Doubt.NO_MATCH: N_("nothing that it sent looks like a match (5 packets a second for 3 seconds)"),
    Doubt.NO_DESTINATIONS: N_(
        "packets could not be counted: destinations are those of connected sockets only; run it with sudo"
    ),
    Doubt.SHORT: N_("it was watched for less than 30 s"),
    Doubt.ONE_SERVER: N_("one server only was seen: others may lie elsewhere, so server_cidrs is a beginning"),
    Doubt.PRIVATE_ONLY: N_("it played on this network or this machine only: no public server was seen"),
    Doubt.MANY_PREFIXES: N_("more prefixes than fit were seen: perhaps players connect to each other"),
}
_CONFIDENCE = {"low": N_("low"), "medium": N_("medium"), "high": N_("high")}


def doubt_sentences(draft: ProfileDraft, *, tapped: bool) -> list[str]:
    """What was seen, how sure that is, and what to check; the lines above a draft too."""
    rate = (
        _("not counted")
        if draft.packets_per_s is None
        else _("{rate} packets/s").format(rate=f"{draft.packets_per_s:g}")
    )
    sentences = [
        _("Learned; how sure: {confidence}; busiest: {rate}").format(
            confidence=_(_CONFIDENCE[draft.confidence]), rate=rate
        )
    ]
    if not tapped and Doubt.NO_DESTINATIONS not in draft.doubts:
        sentences.append(_("Check: {what}").format(what=_(_DOUBTS[Doubt.NO_DESTINATIONS])))
    sentences += [_("Check: {what}").format(what=_(_DOUBTS[doubt])) for doubt in draft.doubts]
    return sentences


def show_test(
    run: "Invocation", profile: "LocalProfile", pids: Sequence[int], flows: "Sequence[TestedFlow]", *, tapped: bool
) -> None:
    """The matched and the unmatched."""
    if not pids:
        run.output.line(
            _("No program of {id} is running ({programs})").format(
                id=profile.slug, programs=", ".join(profile.executables)
            )
        )
        return
    run.output.line(_("Processes: {pids}").format(pids=", ".join(map(str, pids))))
    if not tapped:
        run.talk.say(_("Only connected sockets can be seen; run it with sudo to see every packet"))
    if not flows:
        run.output.line(_("They sent nothing by UDP"))
        return
    run.output.table(
        [Column(_("destination")), Column(_("matched")), Column(_("packets"), right=True)],
        [
            (
                flow.destination,
                _("yes") if flow.matched else _("no"),
                "-" if flow.packets is None else str(flow.packets),
            )
            for flow in flows
        ],
    )


def sure(run: "Invocation", question: str) -> None:
    """Raises CliError unless the person says yes."""
    answer = run.talk.ask(question, instead="--yes").casefold()
    if not answer.startswith(("y", _("y"))):
        raise CliError(_("nothing was changed"), code="not_confirmed", exit_code=ExitCode.FAILURE)
