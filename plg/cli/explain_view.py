"""Ways to a game on a terminal, within 80 columns, and as a document."""

import textwrap
from collections.abc import Iterable
from typing import Final

from plg.cli.invocation import Invocation
from plg.cli.language import N_, _
from plg.cli.node_view import milliseconds
from plg.cli.route_finding import FoundRoutes
from plg.contract.cli_output_routes import ExitView, ExplainDocument
from plg.contract.routes import RouteCandidate, RouteVerdict, TransitCandidate
from plg.tunnel.exit_choice import Because, CheckedExit

COLUMNS: Final = 80
"""What every terminal shows."""

_VERDICTS = {
    RouteVerdict.CHOSEN: N_("chosen"),
    RouteVerdict.STANDBY: N_("standby"),
    RouteVerdict.POSSIBLE: N_("possible"),
    RouteVerdict.NO_ANSWER: N_("does not answer you"),
    RouteVerdict.UNKNOWN_WAY: N_("a part of its way is not known"),
    RouteVerdict.DETOUR: N_("too long a detour"),
    RouteVerdict.SAME_HOST: N_("on the same machine as the exit"),
    RouteVerdict.MASKED: N_("masked headers cannot pass a transit"),
    RouteVerdict.FULL: N_("full"),
    RouteVerdict.DRAINING: N_("closing down"),
    RouteVerdict.EXCLUDED: N_("excluded"),
}

_METHODS = {
    "query_a2s": N_("the game server answered"),
    "query_quake3": N_("the game server answered"),
    "icmp": N_("ping"),
    "tcp": N_("TCP connect"),
}

_USED_VERDICTS = frozenset({RouteVerdict.CHOSEN, RouteVerdict.STANDBY, RouteVerdict.POSSIBLE})


def show_routes(run: Invocation, found: FoundRoutes) -> None:
    """Best exit first, then the direct way's comparison in one sentence."""
    if run.output.as_json:
        run.output.document(explain_document(found))
        return
    for line in explanation(found):
        run.output.line(line)


def explain_document(found: FoundRoutes) -> ExplainDocument:
    """Everything that was counted."""
    chosen = found.order.chosen
    usable = [entry.node_id for entry in found.order.exits if entry.is_usable]
    return ExplainDocument(
        game=found.game.slug,
        target=str(found.target) if found.target is not None else None,
        region=found.report.region,
        direct=found.direct.view(),
        exits=[_exit_view(found, place, entry) for place, entry in enumerate(found.order.exits, 1)]
        + [_passed_over(candidate) for candidate in _distrusted(found)],
        chosen=chosen.node_id if chosen is not None else None,
        standby=usable[1] if len(usable) > 1 else None,
        because=found.order.because.name.lower(),
        overruled=found.order.overruled,
        previous=found.previous,
        boosted_ms=found.boosted_ms,
        gain_ms=found.gain_ms,
        verdict=found.verdict,
        server_verdict=found.report.direct_verdict,
    )


def explanation(found: FoundRoutes) -> list[str]:
    """The page for a person; no line is longer than COLUMNS unless one word is."""
    lines = [_heading(found), *_direct_lines(found), ""]
    for place, entry in enumerate(found.order.exits, 1):
        lines += _exit_lines(found, place, entry)
    for candidate in _distrusted(found):
        lines.append(_passed_over_line(candidate))
    lines += ["", *_conclusion(found)]
    return [wrapped for line in lines for wrapped in _wrapped(line)]


def exit_explanation(found: FoundRoutes, node_id: str) -> list[str]:
    """Why one relay won or lost, then what was counted, as in `explanation` but without its name and not wrapped.

    Empty for a relay that the server did not rank.
    """
    for place, entry in enumerate(found.order.exits, 1):
        if entry.node_id == node_id:
            candidate = found.candidate(node_id)
            counted = (*_term_lines(entry, candidate), *_transit_lines(candidate)) if entry.is_usable else ()
            return [_why(found, place, entry, candidate), *counted]
    passed_over = next((candidate for candidate in _distrusted(found) if candidate.node_id == node_id), None)
    return [] if passed_over is None else [_passed_over_line(passed_over)]


def _passed_over_line(candidate: RouteCandidate) -> str:
    return _("-  {name}: passed over, its claims were wrong within the last day").format(name=candidate.name)


def _wrapped(line: str) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.wrap(line, COLUMNS, subsequent_indent=indent, drop_whitespace=True) or [""]


# --- parts of the page -----------------------------------------------------------------------------------------------


def _heading(found: FoundRoutes) -> str:
    where = str(found.target) if found.target is not None else ""
    region = _("region {code}").format(code=found.report.region) if found.report.region else ""
    return ", ".join(part for part in (found.game.name, where, region) if part)


def _direct_lines(found: FoundRoutes) -> list[str]:
    direct = found.direct
    if direct.rtt_ms is None:
        why = _("no answer from {host}").format(host=direct.host) if direct.sent else _("nothing to measure is known")
        return [_("Direct: not known ({why})").format(why=why)]
    method = _(_METHODS.get(direct.method or "", N_("measured")))
    parts = [milliseconds(direct.rtt_ms), _("lost {n} %").format(n=f"{direct.loss_percent or 0:.0f}")]
    if direct.jitter_ms is not None:
        parts.append(_("jitter {time}").format(time=milliseconds(direct.jitter_ms)))
    stands = _(", which stands for the region") if direct.estimated else ""
    return [
        _("Direct: {figures}").format(figures=", ".join(parts)),
        _("   to {host}{stands} ({method})").format(host=direct.host, stands=stands, method=method),
    ]


def _exit_lines(found: FoundRoutes, place: int, entry: CheckedExit) -> list[str]:
    candidate = found.candidate(entry.node_id)
    number = f"{place}." if entry.is_usable else "-"
    title = f"{number:<3}{candidate.name}"
    where = ", ".join(part for part in (candidate.city, candidate.country) if part)
    title += f" ({where})" if where else ""
    whole_ms = entry.total_ms if entry.total_ms is not None else candidate.predicted_total_ms
    if candidate.game_leg_ms is None or not entry.is_usable:
        whole_ms = None
    lines = [f"{title:<38} {milliseconds(whole_ms):>7}  {_why(found, place, entry, candidate)}".rstrip()]
    if entry.is_usable:
        lines += [f"   {line}" for line in (*_term_lines(entry, candidate), *_transit_lines(candidate))]
    return lines


def _why(found: FoundRoutes, place: int, entry: CheckedExit, candidate: RouteCandidate) -> str:
    """Why this exit won or lost."""
    if not entry.is_usable:
        ping = found.second.get(entry.node_id)
        if candidate.verdict in _USED_VERDICTS and ping is not None:
            return _("full") if ping.full else _("closing down") if ping.draining else _("does not answer you")
        return _(_VERDICTS[candidate.verdict])
    if place == 1:
        return _("chosen")
    chosen = found.order.chosen
    behind_ms = (entry.score_ms or 0.0) - (chosen.score_ms or 0.0 if chosen is not None else 0.0)
    if behind_ms < 0:
        return _("better by {time}, too little to change").format(time=milliseconds(-behind_ms))
    lost = _("behind by {time}").format(time=milliseconds(behind_ms))
    return _("standby, {behind}").format(behind=lost) if place == 2 else lost


def _term_lines(entry: CheckedExit, candidate: RouteCandidate) -> Iterable[str]:
    own_ms = entry.own_ms if entry.own_ms is not None else candidate.client_ms
    leg = _("not known") if candidate.game_leg_ms is None else milliseconds(candidate.game_leg_ms)
    yield _("you to it {own} + it to the game {leg}").format(own=milliseconds(own_ms) or "?", leg=leg) + _bias(
        candidate
    )
    yield _leg_source(candidate)
    penalties = [
        (_("loss {time}"), candidate.loss_penalty_ms),
        (_("jitter {time}"), candidate.jitter_penalty_ms),
        (_("load {time}"), candidate.load_penalty_ms),
    ]
    named = [text.format(time=f"+{milliseconds(value)}") for text, value in penalties if value >= 0.05]
    if named:
        score = milliseconds(entry.score_ms)
        yield _("penalties: {parts}; score {score}").format(parts=", ".join(named), score=score)
    if entry.own_ms is not None and candidate.client_ms is not None:
        again = _("measured again: {now}, at first {first}")
        yield again.format(now=milliseconds(entry.own_ms), first=milliseconds(candidate.client_ms))


def _bias(candidate: RouteCandidate) -> str:
    if candidate.bias_ms < 0.05:
        return ""
    return _(" + players' experience {time}").format(time=milliseconds(candidate.bias_ms))


def _leg_source(candidate: RouteCandidate) -> str:
    """How the relay's leg was measured."""
    if candidate.game_leg_ms is None:
        return _("nobody has measured its way to the game: counted as the longest known")
    parts = []
    if candidate.game_leg_doubted:
        claimed = milliseconds(candidate.game_leg_claimed_ms)
        parts.append(_("it claims {time}, which does not fit what others measure").format(time=claimed))
    elif candidate.game_leg_estimated:
        parts.append(_("measured by it to a host that stands for the region"))
    else:
        parts.append(_("measured by it to the game's own network"))
    if candidate.game_leg_region:
        parts.append(candidate.game_leg_region)
    if candidate.game_leg_age_s is not None:
        parts.append(_("{n} s ago").format(n=f"{candidate.game_leg_age_s:.0f}"))
    return ", ".join(parts)


def _transit_lines(candidate: RouteCandidate) -> Iterable[str]:
    for transit in candidate.transits:
        yield _transit_line(transit)


def _transit_line(transit: TransitCandidate) -> str:
    verdict = _(_VERDICTS[transit.verdict])
    if transit.predicted_total_ms is None or transit.adds_ms is None:
        return _("via {name}: {verdict}").format(name=transit.name, verdict=verdict)
    return _("via {name}: {total} ({adds} ms), {verdict}").format(
        name=transit.name,
        total=milliseconds(transit.predicted_total_ms),
        adds=f"{transit.adds_ms:+.1f}",
        verdict=verdict,
    )


def _conclusion(found: FoundRoutes) -> list[str]:
    chosen = found.order.chosen
    if chosen is None:
        return [_("No relay can be used: the game stays on its direct way.")]
    return [*_choice_lines(found, found.candidate(chosen.node_id).name), verdict_line(found)]


def _choice_lines(found: FoundRoutes, name: str) -> list[str]:
    order = found.order
    if order.because is Because.OWN_MEASUREMENT and order.overruled is not None:
        other = found.candidate(order.overruled).name
        lines = [_("Your own measurement overrules the server, which put {other} first.").format(other=other)]
        if order.gain_ms is not None:
            lines.append(_("{name} is better by {time}.").format(name=name, time=milliseconds(order.gain_ms)))
        return lines
    if order.because is Because.KEPT_PREVIOUS and order.gain_ms is not None:
        return [
            _("{name} is kept from the last session: {time} are too little to change.").format(
                name=name, time=milliseconds(order.gain_ms)
            )
        ]
    return []


def verdict_line(found: FoundRoutes) -> str:
    """Boosted by how much, or direct better by how much."""
    chosen = found.order.chosen
    name = found.candidate(chosen.node_id).name if chosen is not None else ""
    gain_ms, direct_ms, boosted_ms = found.gain_ms, found.direct.rtt_ms, found.boosted_ms
    if gain_ms is None or boosted_ms is None:
        return _("Not known whether boosting helps: a part of the way could not be measured.")
    figures = _("{boosted} through {name}, {direct} direct").format(
        boosted=milliseconds(boosted_ms), name=name, direct=milliseconds(direct_ms)
    )
    if found.verdict == "boost" and gain_ms >= 0:
        return _("Boosted by {time}: {figures}.").format(time=milliseconds(gain_ms), figures=figures)
    if found.verdict == "boost":
        return _("Boosted against loss, {time} longer: {figures}.").format(time=milliseconds(-gain_ms), figures=figures)
    if gain_ms > 0:
        return _("Direct is as good: boosting gains only {time} ({figures}).").format(
            time=milliseconds(gain_ms), figures=figures
        )
    return _("Direct is better by {time}: {figures}.").format(time=milliseconds(-gain_ms), figures=figures)


# --- parts of the document -------------------------------------------------------------------------------------------


def _exit_view(found: FoundRoutes, place: int, entry: CheckedExit) -> ExitView:
    ping = found.second.get(entry.node_id)
    candidate = found.candidate(entry.node_id)
    total_ms = entry.total_ms if entry.total_ms is not None else candidate.predicted_total_ms
    return ExitView(
        rank=place if entry.is_usable else None,
        server=candidate,
        own_ms=entry.own_ms,
        own_jitter_ms=ping.jitter_ms if ping is not None else None,
        own_loss_percent=ping.loss_percent if ping is not None else None,
        own_total_ms=total_ms if entry.is_usable and candidate.game_leg_ms is not None else None,
        own_score_ms=entry.score_ms,
    )


def _passed_over(candidate: RouteCandidate) -> ExitView:
    return ExitView(
        rank=None,
        server=candidate,
        own_ms=None,
        own_jitter_ms=None,
        own_loss_percent=None,
        own_total_ms=None,
        own_score_ms=None,
    )


def _distrusted(found: FoundRoutes) -> list[RouteCandidate]:
    """Exits that this machine passes over because their claims were wrong."""
    ordered = {entry.node_id for entry in found.order.exits}
    return [candidate for candidate in found.report.candidates if candidate.node_id not in ordered]
