"""An account on a terminal and as a document."""

from plg.cli.invocation import Invocation
from plg.cli.language import _, ngettext
from plg.contract.accounts import Account
from plg.contract.cli_output import AccountDocument


def show_account(run: Invocation, account: Account, *, server: str, token_store: str) -> None:
    """Writes the account; `token_store` says where its tokens are kept: keyring, file, or environment."""
    if run.output.as_json:
        run.output.document(AccountDocument(account=account, server=server, token_store=token_store))
        return
    places = {
        "keyring": _("in the system's keyring"),
        "file": _("in a file that only you may read"),
        "environment": _("in PLG_TOKEN"),
    }
    rows = [
        (_("Account"), f"{account.display_name} <{account.email}>"),
        (_("Server"), server),
        (_("Plan"), plan_text(account)),
        (_("Played"), totals_text(account)),
        (_("Login"), places.get(token_store, token_store)),
    ]
    width = max(len(title) for title, _text in rows)
    for title, text in rows:
        run.output.line(f"{title + ':':<{width + 1}}  {text}")


def plan_text(account: Account) -> str:
    """The plan's name, its end and how many sessions it allows at once."""
    count = account.plan.max_sessions
    sessions = ngettext("{n} session at a time", "{n} sessions at a time", count).format(n=count)
    if account.plan.expires_at is None:
        return f"{account.plan.name}, {sessions}"
    return _("{plan} until {date}, {sessions}").format(
        plan=account.plan.name, date=account.plan.expires_at[:10], sessions=sessions
    )


def totals_text(account: Account) -> str:
    """The sums over all ended sessions."""
    totals = account.totals
    if totals.sessions == 0:
        return _("nothing yet")
    sessions = ngettext("{n} session", "{n} sessions", totals.sessions).format(n=totals.sessions)
    minutes = round(totals.seconds / 60)
    length = ngettext("{n} minute", "{n} minutes", minutes).format(n=minutes)
    megabytes = _("{n} MB").format(n=f"{totals.bytes / 1e6:.1f}")
    return f"{sessions}, {length}, {megabytes}"
