"""A tunnel's status in words: one line while playing, a page when somebody asks."""

from plg.cli.language import N_, _, ngettext
from plg.contract.cli_output import FlowView, PathView, RedundancyView, StatusDocument
from plg.tunnel.states import (
    CONNECTED,
    CONNECTING,
    OBSERVING,
    OFF,
    OVER_LIMIT_DOWN,
    OVER_LIMIT_UP,
    RECONNECTING,
    STARTING,
    STOPPING,
)

_STATES = {
    OFF: N_("off"),
    STARTING: N_("starting"),
    OBSERVING: N_("looking"),
    CONNECTING: N_("connecting"),
    CONNECTED: N_("connected"),
    RECONNECTING: N_("reconnecting"),
    STOPPING: N_("leaving"),
}

_REASONS = {
    "alive_before_connect": N_("was alive before plg connect"),
    "not_connected": N_("began while no relay answered"),
    "destination_not_in_profile": N_("not a server of this game"),
    "destination_refused_by_server": N_("refused by the server"),
    "approval_came_late": N_("the server answered too late"),
    "too_many_new_destinations": N_("part of a server list"),
    "refused_by_relay": N_("refused by the relay"),
    "relay_lost": N_("the relay was lost"),
    "direct_is_better": N_("the direct way is better"),
    "too_many_flows": N_("too many connections"),
}
"""By `why` of a flow; a reason that is not here is shown as it is."""

_PATH_STATES = {
    "binding": N_("being opened"),
    "standby": N_("ready"),
    "active": N_("in use"),
    "suspect": N_("silent"),
    "dead": N_("dead"),
    "connecting": N_("being opened"),
    "established": N_("in use"),
    "reconnecting": N_("silent"),
}

CARRYING = frozenset({"standby", "active", "suspect", "established"})
"""States of a path that packets may go on."""

_STANDBY_STATES = {"connecting": N_("being opened"), "ready": N_("ready"), "lost": N_("does not answer")}

_MODES = {
    "off": N_("one way at a time"),
    "redundant": N_("copies on two ways"),
    "adaptive": N_("copies as needed"),
}


def status_line(status: StatusDocument) -> str:
    """Everything that matters while playing."""
    if status.state == OFF:
        return _("off: no tunnel is running")
    parts = [state_word(status.state)]
    if status.game:
        parts.append(status.game)
    if status.relay is not None:
        parts.append(_("relay {name}").format(name=status.relay.name))
    if status.paths:
        parts += _path_parts(status)
    parts += _traffic_parts(status)
    if status.redundancy is not None and status.redundancy.mode != "off":
        parts.append(_bought(status.redundancy))
    if status.degraded_because:
        alone = sum(path.state in CARRYING for path in status.paths) <= 1
        text = _("one way only: {why}") if alone else _("fewer ways than asked for: {why}")
        parts.append(text.format(why=status.degraded_because))
    if status.message:
        parts.append(status.message)
    return " | ".join(parts)


def status_page(status: StatusDocument) -> str:
    """The line, and under it every path, the standby, and every flow with its way."""
    lines = [_path_line(path) for path in status.paths]
    if status.redundancy is not None:
        lines.append(_redundancy_line(status.redundancy))
    standby = status.standby
    if standby is not None:
        text = _("standby exit {name}: {state}")
        lines.append(text.format(name=standby.name, state=standby_word(standby.state)))
    if status.exit_switches:
        count = status.exit_switches
        text = ngettext("the exit was lost and changed {n} time", "the exit was lost and changed {n} times", count)
        lines.append(text.format(n=count))
    lines += [_flow_line(flow) for flow in status.flows]
    return "\n".join([status_line(status), *(f"  {line}" for line in lines)])


def state_word(state: str) -> str:
    """A tunnel's state in words."""
    known = _STATES.get(state)
    return _(known) if known else state


def path_word(state: str) -> str:
    """A path's state in words."""
    known = _PATH_STATES.get(state)
    return _(known) if known else state


def standby_word(state: str) -> str:
    """A standby exit's state in words."""
    known = _STANDBY_STATES.get(state)
    return _(known) if known else state


def mode_word(mode: str) -> str:
    """A mode of using several ways in words."""
    known = _MODES.get(mode)
    return _(known) if known else mode


def bytes_text(count: int) -> str:
    """An amount of data, short."""
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


def _path_parts(status: StatusDocument) -> list[str]:
    path = next((path for path in status.paths if path.is_primary), status.paths[0])
    redundancy = status.redundancy
    parts = [_ping(status, path), _("jitter {n} ms").format(n=_worst(path.jitter_up_ms, path.jitter_down_ms))]
    if redundancy is not None and len(status.paths) > 1:
        parts.append(_("lost {n}").format(n=redundancy.lost_up + redundancy.lost_down))
    else:
        parts.append(_("loss {n} %").format(n=_worst(path.loss_up_percent, path.loss_down_percent)))
    return parts


def _ping(status: StatusDocument, path: PathView) -> str:
    """The whole way against the direct one where both are known, else as much as is."""
    found = status.comparison
    if found is not None and found.now_ms is not None and found.direct_ms is not None:
        values = {"now": f"{found.now_ms:.0f}", "direct": f"{found.direct_ms:.0f}"}
        if found.estimated:
            return _("about {now} ms now, direct would be about {direct} ms").format(**values)
        return _("{now} ms now, direct would be {direct} ms").format(**values)
    leg_ms = status.relay.game_leg_ms if status.relay is not None else None
    if path.rtt_ms is None:
        return _("ping ?")
    if leg_ms is None:
        return _("ping to relay {n} ms").format(n=f"{path.rtt_ms:.1f}")
    whole = f"{path.rtt_ms + leg_ms:.1f}"
    return _("ping {n} ms ({relay} to relay)").format(n=whole, relay=f"{path.rtt_ms:.1f}")


def _path_line(path: PathView) -> str:
    if path.kind == "direct":
        way = _("way {n}, straight").format(n=path.path)
    elif path.kind == "interface":
        way = _("way {n}, over {via}").format(n=path.path, via=path.via or "?")
    else:
        way = _("way {n}, through {via}").format(n=path.path, via=path.via or "?")
    shown = path_word(path.state)
    if path.is_primary:
        shown = _("{state}, first").format(state=shown)
    numbers = _(
        "{rtt} ms, jitter {jitter_up} up {jitter_down} down, loss {loss_up} % up {loss_down} % down, {bytes_up} up {bytes_down} down"
    ).format(
        rtt=_worst(path.rtt_ms),
        jitter_up=_worst(path.jitter_up_ms),
        jitter_down=_worst(path.jitter_down_ms),
        loss_up=_worst(path.loss_up_percent),
        loss_down=_worst(path.loss_down_percent),
        bytes_up=bytes_text(path.bytes_up),
        bytes_down=bytes_text(path.bytes_down),
    )
    return f"{way}: {shown}; {numbers}"


def _redundancy_line(redundancy: RedundancyView) -> str:
    return _("{mode}, level {up}; {bought}").format(
        mode=mode_word(redundancy.mode), up=redundancy.level_up, bought=_bought(redundancy)
    )


def _bought(redundancy: RedundancyView) -> str:
    """What the copies were good for, and their price."""
    saved = redundancy.saved_up + redundancy.saved_down
    ratio = max(redundancy.bytes_ratio_up, redundancy.bytes_ratio_down)
    text = ngettext("{n} packet saved, {ratio}x bytes", "{n} packets saved, {ratio}x bytes", saved)
    return text.format(n=saved, ratio=f"{ratio:.1f}")


def _worst(*values: float | None) -> str:
    known = [value for value in values if value is not None]
    return f"{max(known):.1f}" if known else "?"


def _traffic_parts(status: StatusDocument) -> list[str]:
    traffic = status.traffic
    if traffic is None:
        return []
    parts = [
        _("packets {up} up {down} down").format(up=traffic.packets_up, down=traffic.packets_down),
        _("leaked {n}").format(n=traffic.leaked),
    ]
    if traffic.direct:
        parts.append(_("straight {n}").format(n=traffic.direct))
    over_limit = sum(traffic.dropped.get(reason, 0) for reason in (OVER_LIMIT_UP, OVER_LIMIT_DOWN))
    if over_limit:
        parts.append(_("{n} dropped over the relay's limit").format(n=over_limit))
    return parts


def _flow_line(flow: FlowView) -> str:
    if flow.route == "relay":
        way = _("through the relay")
    else:
        reason = _REASONS.get(flow.why or "")
        way = _("straight: {why}").format(why=_(reason) if reason else flow.why or "?")
    counts = _("{up} up {down} down, quiet for {idle} s").format(
        up=flow.packets_up, down=flow.packets_down, idle=f"{flow.idle_s:.0f}"
    )
    return f"{flow.local_port} -> {flow.destination}  {way}  ({counts})"
