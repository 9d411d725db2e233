"""The boost's changes as lines and documents."""

from collections.abc import Mapping, Sequence
from typing import Final

from plg.cli.boost_words import NOT_OFFERED, TWEAKS
from plg.cli.invocation import Invocation
from plg.cli.language import N_, _
from plg.contract.cli_output_boost import (
    BoostChangeView,
    BoostDocument,
    BoostListDocument,
    TweakLeftOut,
    TweakView,
)
from plg.machine.boost.changes import Made, PutBack, show_value
from plg.machine.boost.plan import LeftOut, Plan, Step
from plg.machine.boost.tweaks import Evidence, Tweak
from plg.machine.change_journal import Change

EVIDENCE: Final = {
    Evidence.STRONG: N_("evidence: strong"),
    Evidence.SOME: N_("evidence: some"),
    Evidence.NONE: N_("evidence: none"),
}
STATES: Final = {
    "planned": N_("would change"),
    "unchanged": N_("is so already"),
    "changed": N_("changed"),
    "refused": N_("not changed"),
    "restored": N_("put back"),
    "as_before": N_("had its old value already"),
    "gone": N_("has ended, and the change with it"),
    "left": N_("changed by somebody else since: left as it is"),
    "active": N_("in effect"),
}
REASONS: Final = {
    "no_process": N_("no running game: name one (plg boost on GAME, or --pid)"),
    "not_installed": N_("not installed"),
    "not_offered": N_("this machine does not offer it"),
    "gone": N_("the process has ended"),
    "refused": N_("the system does not tell: {why}"),
}


def target_of(kind: str, where: Mapping[str, object]) -> str:
    """The value's place, as a person finds it."""
    if "pid" in where:
        return _("process {pid}").format(pid=where["pid"])
    if "policy" in where:
        return str(where["policy"])
    if "path" in where:
        return f"{where.get('hive')}\\{where.get('path')}\\{where.get('name')}"
    return kind.partition(".")[2]


def planned_view(step: Step) -> BoostChangeView:
    return _view(step, "unchanged" if step.changes_nothing else "planned", None)


def made_view(made: Made) -> BoostChangeView:
    return _view(made.step, made.state, made.why or None)


def _view(step: Step, state: str, why: str | None) -> BoostChangeView:
    return BoostChangeView(
        tweak=step.tweak.id,
        target=target_of(step.setting.kind, step.setting.where),
        before=show_value(step.before),
        after=show_value(step.after),
        state=state,
        why=why,
    )


def put_back_view(done: PutBack) -> BoostChangeView:
    state = "refused" if done.outcome is None else done.outcome.value
    why = _("now {value}").format(value=done.now) if done.now else done.trouble or None
    return change_view(done.change, state, why)


def change_view(change: Change, state: str, why: str | None = None) -> BoostChangeView:
    """A change that is written down."""
    where = change.undo.get("where")
    return BoostChangeView(
        tweak=str(change.undo.get("tweak", change.kind)),
        target=target_of(change.kind, where if isinstance(where, dict) else {}),
        before=_shown(change.undo.get("before")),
        after=_shown(change.undo.get("after")),
        state=state,
        why=why,
    )


def _shown(value: object) -> str:
    return show_value(value if isinstance(value, dict | str | int) else None)


def left_out_view(left: LeftOut) -> TweakLeftOut:
    return TweakLeftOut(tweak=left.tweak.id, reason=left.reason, why=left.why or None)


def show_changes(run: Invocation, document: BoostDocument, plan: Plan | None = None) -> None:
    """The changes in groups of one tweak each, with what is known about it; then what is left out."""
    if run.output.as_json:
        run.output.document(document)
        return
    by_id = {step.tweak.id: step.tweak for step in plan.steps} if plan is not None else {}
    last = None
    for change in document.changes:
        if change.tweak != last:
            for line in tweak_lines(change.tweak, by_id.get(change.tweak)):
                run.output.line(line)
            last = change.tweak
        why = f" ({change.why})" if change.why else ""
        run.output.line(f"    {change.target}: {change.before} -> {change.after}   {_(STATES[change.state])}{why}")
    for left in document.left_out:
        run.output.line(f"{left.tweak}: {_(REASONS[left.reason]).format(why=left.why or '')}")


def tweak_lines(name: str, tweak: Tweak | None) -> list[str]:
    """The tweak's name, and its evidence with the page where it can be checked."""
    words = TWEAKS.get(name)
    lines = [f"{name}: {_(words.what)}" if words is not None else name]
    if tweak is not None and words is not None:
        lines += [f"  {_(EVIDENCE[tweak.evidence])}: {_(words.why)}", f"  {tweak.source}"]
    return lines


def show_list(run: Invocation, system: str, tweaks: Sequence[Tweak]) -> None:
    """What is on offer on this system."""
    if run.output.as_json:
        views = [
            TweakView(
                id=tweak.id,
                evidence=tweak.evidence.value,
                what=_(TWEAKS[tweak.id].what),
                why=_(TWEAKS[tweak.id].why),
                source=tweak.source,
                by_default=tweak.by_default,
                per_process=tweak.per_process,
                needs_restart=tweak.needs_restart,
            )
            for tweak in tweaks
        ]
        run.output.document(BoostListDocument(system=system, tweaks=views))
        return
    for tweak in tweaks:
        for line in tweak_lines(tweak.id, tweak):
            run.output.line(line)
        if not tweak.by_default:
            run.output.line(_("  only when named: --only {name}").format(name=tweak.id))
    run.output.line()
    run.output.line(_("Left out on purpose:"))
    for text in NOT_OFFERED:
        run.output.line(f"  {_(text)}")
