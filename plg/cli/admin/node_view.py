"""Relays as an operator sees them: a table, one in lines, and what an act did."""

from typing import TYPE_CHECKING

from plg.cli.admin.asking import say_page
from plg.cli.invocation import Invocation
from plg.cli.language import N_, _
from plg.cli.output import Column

if TYPE_CHECKING:
    from plg.contract.admin_nodes import AdminNode, AdminNodePage, NewNode, NodeAct

STATES = {
    "up": N_("up"),
    "full": N_("full"),
    "draining": N_("draining"),
    "silent": N_("silent"),
    "disabled": N_("disabled"),
    "deleted": N_("deleted"),
}

_DONE = {
    "enable": N_("{name} takes sessions again."),
    "disable": N_("{name} gets no new sessions."),
    "drain": N_("{name} gets no new sessions, and those that run end soon."),
    "delete": N_("{name} is deleted: its key no longer works."),
}

_WOULD = {
    "enable": N_("{name} would take sessions again."),
    "disable": N_("{name} would get no new sessions."),
    "drain": N_("{name} would get no new sessions, and those that run would end soon."),
    "delete": N_("{name} would be deleted, and its key would no longer work."),
}


def show_nodes(run: Invocation, page: "AdminNodePage") -> None:
    """A row for each relay, or the document."""
    if run.output.as_json:
        from plg.contract.admin_nodes import AdminNodesDocument

        run.output.document(
            AdminNodesDocument(nodes=page.nodes, total=page.total, limit=page.limit, offset=page.offset)
        )
        return
    if not page.nodes:
        run.talk.say(_("No relay fits."))
        return
    columns = [
        Column(_("id")),
        Column(_("name")),
        Column(_("state")),
        Column(_("load"), right=True),
        Column(_("sessions"), right=True),
        Column(_("priority"), right=True),
        Column(_("place")),
        Column(_("region")),
        Column(_("address")),
        Column(_("version")),
        Column(_("heard"), right=True),
    ]
    run.output.table(columns, [_row(node) for node in page.nodes])
    say_page(run, len(page.nodes), page.total, page.offset)


def show_node(run: Invocation, node: "AdminNode") -> None:
    """One relay in lines, or the document."""
    if run.output.as_json:
        from plg.contract.admin_nodes import AdminNodeDocument

        run.output.document(AdminNodeDocument(node=node))
        return
    lines = [
        (_("id"), f"{node.id} ({node.relay_id})"),
        (_("name"), node.name),
        (_("state"), _(STATES[node.state])),
        (_("place"), _place(node)),
        (_("region"), node.region or "-"),
        (_("priority"), _("{ms} ms").format(ms=node.priority_ms)),
        (_("address"), f"{node.host}:{node.port}"),
        (_("control address"), node.control_url or "-"),
        (_("version"), node.version or "-"),
        (_("load"), _load(node)),
        (_("sessions"), _("{here} by its own count, {known} known here, at most {most}").format(
            here="-" if node.sessions is None else node.sessions, known=node.running_sessions, most=node.max_sessions)),
        (_("heard"), _heard(node)),
        (_("cost a month"), node.monthly_cost or "-"),
        (_("browsers' pings"), node.web_ping_url or "-"),
        (_("enrolled"), node.created_at),
        (_("disabled"), node.disabled_at or "-"),
        (_("drained"), node.drained_at or "-"),
        (_("deleted"), node.deleted_at or "-"),
    ]  # fmt: skip
    run.output.table([Column(_("what")), Column(_("value"))], lines)


def show_new_node(run: Invocation, new: "NewNode", server: str) -> None:
    """The token, alone on standard output, and what to do with it."""
    if run.output.as_json:
        from plg.contract.admin_nodes import AdminNewNodeDocument

        run.output.document(AdminNewNodeDocument(name=new.name, token=new.token, expires_at=new.expires_at))
        return
    run.output.line(new.token)
    run.talk.say(_("This token lets one relay in as '{name}' until {end}. It is not shown again.").format(
        name=new.name, end=new.expires_at))  # fmt: skip
    run.talk.say(
        _("On the relay's machine: {command}").format(
            command=f"plg relay enrol --server {server} --token TOKEN --public-host ADDRESS --port 443"
        )
    )


def show_act(run: Invocation, act: str, done: "NodeAct") -> None:
    """What happened, or would, and which sessions it meets; or the document."""
    if run.output.as_json:
        from plg.contract.admin_nodes import AdminNodeActDocument

        run.output.document(
            AdminNodeActDocument(
                act=act,
                node=done.node,
                dry_run=done.dry_run,
                changed=done.changed,
                told=done.told,
                control_failure=done.control_failure,
                running=done.running,
                running_total=done.running_total,
            )
        )
    else:
        name = done.node.name
        if not done.changed:
            run.output.line(
                _("Nothing changes: {name} is {state}.").format(name=name, state=_(STATES[done.node.state]))
            )
        else:
            run.output.line(_((_WOULD if done.dry_run else _DONE)[act]).format(name=name))
        if done.running:
            run.output.line()
            columns = [Column(_("session")), Column(_("account")), Column(_("game")), Column(_("since (UTC)"))]
            run.output.table(columns, [(s.session_id, s.account_id, s.game, s.started_at) for s in done.running])
            if done.running_total > len(done.running):
                run.talk.say(_("and {n} more sessions").format(n=done.running_total - len(done.running)))
    if done.control_failure is not None:
        run.talk.warn(
            _("the relay itself was not told: {why}. The server holds to it all the same.").format(
                why=done.control_failure
            ),
            event="relay_not_told",
        )


def _row(node: "AdminNode") -> tuple[str, ...]:
    sessions = node.running_sessions if node.sessions is None else node.sessions
    return (
        node.id,
        node.name,
        _(STATES[node.state]),
        _load(node),
        f"{sessions}/{node.max_sessions}",
        str(node.priority_ms),
        _place(node),
        node.region,
        f"{node.host}:{node.port}",
        node.version or "-",
        _heard(node),
    )


def _place(node: "AdminNode") -> str:
    return ", ".join(part for part in (node.city, node.country) if part) or "-"


def _load(node: "AdminNode") -> str:
    return "-" if node.load_percent is None else f"{node.load_percent:.0f} %"


def _heard(node: "AdminNode") -> str:
    return "-" if node.heard_seconds_ago is None else _("{seconds} s ago").format(seconds=round(node.heard_seconds_ago))
