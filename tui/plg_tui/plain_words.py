"""The session in whole sentences without signs, for ears: what has changed, and how things stand. Pure."""

from plg.cli.language import _, ngettext
from plg.cli.output import safe_text
from plg.cli.status_text import CARRYING, path_word, standby_word, state_word
from plg.contract.cli_output import PathView, StatusDocument
from plg_tui.live_history import boosted_ms, is_whole_way
from plg_tui.route_map import way_name
from plg_tui.session_words import remarks


def changes(before: StatusDocument | None, now: StatusDocument | None) -> list[str]:
    """What differs between two statuses, a sentence each, numbers left out: they always differ. None: no tunnel runs."""
    if now is None:
        return [] if before is None else [_("The tunnel has ended.")]
    said = []
    if before is None or (before.state, before.game) != (now.state, now.game):
        said.append(_state(now))
    if before is not None and _relay(before) != _relay(now) and _relay(now):
        said.append(_("The exit relay is now {name}.").format(name=_relay(now)))
    said += _ways(before.paths if before is not None else [], now.paths)
    if before is not None and _standby(before) != _standby(now):
        said.append(_standby(now) or _("There is no standby exit any more."))
    if _verdict(before) != _verdict(now) and _verdict(now):
        said.append(_verdict(now))
    old_remarks = remarks(before) if before is not None else []
    said += [_sentence(text) for text in remarks(now) if text not in old_remarks]
    return said


def summary(status: StatusDocument) -> str:
    """How things stand, in one line."""
    parts = [_state(status)]
    found = status.comparison
    if found is not None and found.now_ms is not None and found.direct_ms is not None:
        text = _("Ping {now} milliseconds, without PLG it would be {direct}.")
        parts.append(text.format(now=f"{found.now_ms:.0f}", direct=f"{found.direct_ms:.0f}"))
    elif (ping_ms := boosted_ms(status)) is not None:
        text = _("Ping {now} milliseconds.") if is_whole_way(status) else _("Ping to the relay {now} milliseconds.")
        parts.append(text.format(now=f"{ping_ms:.0f}"))
    else:
        parts.append(_("The ping is not known yet."))
    primary = next((path for path in status.paths if path.is_primary), None)
    if primary is not None:
        loss = [value for value in (primary.loss_up_percent, primary.loss_down_percent) if value is not None]
        if loss:
            parts.append(_("Lost packets: {n} percent.").format(n=f"{max(loss):.1f}"))
    active = sum(path.state in CARRYING for path in status.paths)
    parts.append(ngettext("{n} route active.", "{n} routes active.", active).format(n=active))
    if status.redundancy is not None:
        saved = status.redundancy.saved_up + status.redundancy.saved_down
        parts.append(ngettext("{n} packet saved.", "{n} packets saved.", saved).format(n=saved))
    if status.uptime_s is not None:
        minutes = int(status.uptime_s // 60)
        parts.append(ngettext("{n} minute so far.", "{n} minutes so far.", minutes).format(n=minutes))
    return " ".join(parts)


def _state(status: StatusDocument) -> str:
    state = state_word(status.state)
    if status.game is None:
        return _("Tunnel: {state}.").format(state=state)
    return _("{game}: {state}.").format(game=safe_text(status.game), state=state)


def _relay(status: StatusDocument) -> str:
    return safe_text(status.relay.name) if status.relay is not None else ""


def _ways(before: list[PathView], now: list[PathView]) -> list[str]:
    old = {path.path: path for path in before}
    said = []
    for path in now:
        known = old.pop(path.path, None)
        if known is None or (known.state, known.is_primary) != (path.state, path.is_primary):
            text = _("Way {n}, {way}: {state}, first.") if path.is_primary else _("Way {n}, {way}: {state}.")
            said.append(text.format(n=path.path, way=way_name(path), state=path_word(path.state)))
    said += [_("Way {n} is gone.").format(n=number) for number in old]
    return said


def _standby(status: StatusDocument) -> str:
    if status.standby is None:
        return ""
    text = _("Standby exit {name}: {state}.")
    return text.format(name=safe_text(status.standby.name), state=standby_word(status.standby.state))


def _verdict(status: StatusDocument | None) -> str:
    verdict = status.comparison.verdict if status is not None and status.comparison is not None else ""
    if verdict == "direct":
        return _("The direct way is better now: new connections go direct.")
    return _("PLG is better than the direct way.") if verdict == "boost" else ""


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
