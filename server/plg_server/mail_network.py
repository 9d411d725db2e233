"""Makes everything about e-mail and one's own account, and puts it under its keys. Called once, when the application starts."""

from aiohttp import web

from plg_server import app_keys
from plg_server.background import BackgroundJobs
from plg_server.jobs.outbox_sending import TICK_S, OutboxSending
from plg_server.mail_config import smtp_place
from plg_server.providers.smtp import SmtpSender
from plg_server.services.account_changes import AccountChanges
from plg_server.services.email_verification import EmailVerification
from plg_server.services.mail_codes import MailCodes
from plg_server.services.password_reset import PasswordReset
from plg_server.services.passwords import Passwords

CLEANING_INTERVAL_S = 3600.0
"""How often e-mails and codes that ended long ago are deleted."""


def make_email_verification(app: web.Application, codes: MailCodes) -> EmailVerification:
    """Needs config and clock in `app`. Made before the accounts: a new one is asked to confirm its address."""
    app[app_keys.EMAIL_VERIFICATION] = EmailVerification(app[app_keys.CONFIG], codes, app[app_keys.CLOCK])
    return app[app_keys.EMAIL_VERIFICATION]


def open_mail(app: web.Application, codes: MailCodes, passwords: Passwords, jobs: BackgroundJobs) -> None:
    """Needs config, clock, metrics, e-mail verification and an open database in `app`."""
    config = app[app_keys.CONFIG]
    clock = app[app_keys.CLOCK]
    app[app_keys.PASSWORD_RESET] = reset = PasswordReset(config, passwords, codes, clock)
    app[app_keys.ACCOUNT_CHANGES] = AccountChanges(config, passwords, codes, app[app_keys.EMAIL_VERIFICATION], clock)
    sender = None if config.mail.mail_url is None else SmtpSender(smtp_place(config.mail.mail_url))
    sending = OutboxSending(config.mail, config.public_url, sender, reset, app[app_keys.METRICS], clock)
    app[app_keys.OUTBOX_SENDING] = sending
    jobs.every(TICK_S, "send_outbox", sending.tick)
    jobs.every(CLEANING_INTERVAL_S, "clean_outbox", sending.clean)
