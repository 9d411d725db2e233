"""Every page of the server."""

from plg_server.pages.account import sign_in, sign_out
from plg_server.pages.page import Page
from plg_server.pages.public import home, look


def all_pages() -> tuple[Page, ...]:
    """In the order of the menu."""
    subjects = (home, look, sign_in, sign_out)
    return tuple(page for subject in subjects for page in subject.PAGES)
