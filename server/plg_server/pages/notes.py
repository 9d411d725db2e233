"""What a page says after something was done: short lines, named in the address (`?note=signed_out`), so that nothing foreign can be shown."""

from plg_server.pages.language import N_

NOTES: dict[str, str] = {
    "signed_out": N_("You are signed out."),
    "welcome": N_("Welcome! Your account is made, and you are signed in."),
    "welcome_with_code": N_("Welcome! Your account is made, and your code is taken."),
    "welcome_without_code": N_(
        "Welcome! Your account is made. The code was wrong, has ended or cannot be used by you."
    ),
    "welcome_code_later": N_(
        "Welcome! Your account is made. The code could not be looked up now: enter it again on the page of your plan."
    ),
    "reset_sent": N_("If there is an account with this address, an e-mail with a code is on its way."),
    "password_set": N_("The password is set. Sign in with it."),
    "email_verified": N_("Your e-mail address is confirmed."),
    "email_undone": N_("The old address is back. Choose a new password now: an e-mail helps."),
    "code_sent": N_("An e-mail with a code is on its way."),
    "password_changed": N_("The password is changed. All other browsers and devices have to sign in again."),
    "totp_off": N_("The second factor is off."),
    "device_ended": N_("That device is signed out."),
    "devices_ended": N_("All other devices are signed out."),
    "token_revoked": N_("The token works no more."),
    "trial_begun": N_("Your trial has begun. Have fun!"),
    "code_used": N_("The code is taken."),
    "plan_cancelled": N_("Cancelled. What you have works to its end, and nobody asks you to pay again."),
    "telegram_unlinked": N_("The chat is linked no more."),
    "language_set": N_("E-mails come in this language from now on."),
    "account_deleted": N_("Your account is deleted. Thank you for having been here."),
    "saved": N_("Saved."),
    "node_enabled": N_("The relay takes sessions again from its next heartbeat on."),
    "node_disabled": N_("The relay gets no new sessions."),
    "node_drained": N_("The relay drains."),
    "node_not_told": N_(
        "The relay gets no new sessions, but could not be told to drain: its control address does not answer."
    ),
    "node_deleted": N_("The relay is deleted."),
    "user_banned": N_("The account is banned."),
    "user_unbanned": N_("The account may come in again."),
    "user_signed_out": N_("The account is signed out everywhere."),
    "session_ended": N_("The session has ended."),
    "payment_matched": N_("The payment is credited."),
    "payment_dismissed": N_("The payment is out of the queue."),
    "payment_refunded": N_("The payment is marked as refunded."),
    "games_changed": N_("The games are changed; they count at once."),
    "code_ended": N_("Ended."),
    "any_token_revoked": N_("The token is revoked."),
    "benchmark_deleted": N_("The report is deleted."),
    "claimed": N_("You are the admin of this server."),
    "test_mail": N_("An e-mail waits to be sent to your address."),
}
