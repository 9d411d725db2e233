"""Every page of the server."""

from plg_server.pages.account import (
    benchmarks,
    dashboard,
    devices,
    history,
    mail_links,
    own_data,
    payments,
    plan,
    second_factor,
    security,
    sign_in,
    sign_out,
    sign_up,
    telegram,
)
from plg_server.pages.admin.all_subjects import SUBJECTS as ADMIN_SUBJECTS
from plg_server.pages.page import Page
from plg_server.pages.public import download, games, home, legal, look, plans, results, status

CABINET = (
    sign_up,
    mail_links,
    dashboard,
    history,
    benchmarks,
    plan,
    payments,
    security,
    second_factor,
    devices,
    telegram,
    own_data,
)


def all_pages() -> tuple[Page, ...]:
    """In the order of the menu."""
    subjects = (
        home,
        games,
        results,
        plans,
        status,
        download,
        legal,
        look,
        sign_in,
        sign_out,
        *CABINET,
        *ADMIN_SUBJECTS,
    )
    return tuple(page for subject in subjects for page in subject.PAGES)
