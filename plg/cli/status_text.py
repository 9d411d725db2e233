"""A tunnel's status in words: one line while playing, a page when somebody asks."""

from plg.cli.language import N_, _
from plg.contract.cli_output import FlowView, StatusDocument
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
    "too_many_flows": N_("too many connections"),
}
"""By `why` of a flow; a reason that is not here is shown as it is."""


def status_line(status: StatusDocument) -> str:
    """Everything that matters while playing."""
    if status.state == OFF:
        return _("off: no tunnel is running")
    parts = [_state(status)]
    if status.game:
        parts.append(status.game)
    if status.relay is not None:
        parts.append(_("relay {name}").format(name=status.relay.name))
    if status.paths:
        parts += _path_parts(status)
    parts += _traffic_parts(status)
    if status.message:
        parts.append(status.message)
    return " | ".join(parts)


def status_page(status: StatusDocument) -> str:
    """The line, and under it every flow with its way."""
    return "\n".join([status_line(status), *(f"  {_flow_line(flow)}" for flow in status.flows)])


def _state(status: StatusDocument) -> str:
    known = _STATES.get(status.state)
    return _(known) if known else status.state


def _path_parts(status: StatusDocument) -> list[str]:
    path = status.paths[0]
    leg_ms = status.relay.game_leg_ms if status.relay is not None else None
    if path.rtt_ms is None:
        ping = _("ping ?")
    elif leg_ms is None:
        ping = _("ping to relay {n} ms").format(n=f"{path.rtt_ms:.1f}")
    else:
        whole = f"{path.rtt_ms + leg_ms:.1f}"
        ping = _("ping {n} ms ({relay} to relay)").format(n=whole, relay=f"{path.rtt_ms:.1f}")
    return [
        ping,
        _("jitter {n} ms").format(n=_worst(path.jitter_up_ms, path.jitter_down_ms)),
        _("loss {n} %").format(n=_worst(path.loss_up_percent, path.loss_down_percent)),
    ]


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
