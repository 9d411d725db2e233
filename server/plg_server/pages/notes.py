"""What a page says after something was done: short lines, named in the address (`?note=signed_out`), so that nothing foreign can be shown."""

from plg_server.pages.language import N_

NOTES: dict[str, str] = {
    "signed_out": N_("You are signed out."),
}
