"""Starts the work that the server does by itself, for all replicas together: each round is one replica's (`services.leases`).

What belongs to one subject alone is started where that subject is made (`game_network`, `billing_network`).
"""

from aiohttp import web

from plg_server import app_keys
from plg_server.background import BackgroundJobs
from plg_server.jobs import cleaning, node_checks, reconciliation, reminders


def start_periodic_work(app: web.Application, jobs: BackgroundJobs) -> None:
    """Needs everything about games and billing in `app`."""
    clock = app[app_keys.CLOCK]
    checks = node_checks.NodeChecks(app[app_keys.RELAY_STATES], app[app_keys.REVOCATIONS], app[app_keys.LEASES], clock)
    jobs.shared(node_checks.EVERY, node_checks.NAME, checks.tick)
    jobs.shared(cleaning.EVERY, "clean_up", cleaning.Cleaning(clock).tick)
    if app[app_keys.CONFIG].billing.on:
        jobs.shared(reminders.EVERY, "remind_of_plans", reminders.PlanReminders(clock).tick)
        jobs.shared(reconciliation.EVERY, "reconcile", reconciliation.Reconciliation(clock).tick)
