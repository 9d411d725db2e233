"""Filters and pages of operators' lists."""

from datetime import UTC, datetime

import pytest

from plg.contract.admin_users import UserPage, UserQuery
from plg_server.ids import utc_now
from plg_server.pages.admin.lists import day_begins, paging
from plg_server.problems import ApiError
from support.desk_visitor import Desk
from support.operator_rows import account_row


def page_of(query: UserQuery, total: int) -> UserPage:
    return UserPage(users=[], total=total, limit=query.limit, offset=query.offset)


@pytest.mark.parametrize(
    ("total", "offset", "expected"),
    [
        (0, 0, (0, 0, None, None)),
        (10, 0, (1, 10, None, None)),
        (51, 0, (1, 50, None, 50)),
        (120, 50, (51, 100, 0, 100)),
        (120, 100, (101, 120, 50, None)),
        (120, 500, (120, 120, 450, None)),
        (60, 10, (11, 60, 0, None)),
    ],
)
def test_the_way_through_a_list(total: int, offset: int, expected: tuple[object, ...]) -> None:
    query = UserQuery(offset=offset)
    shown = paging(query, page_of(query, total))
    assert (shown.first, shown.last, shown.before, shown.after) == expected


def test_filters_stay_in_the_address_but_for_what_is_usual_anyway() -> None:
    query = UserQuery(query="a b", banned=False, sort="email", offset=50)
    assert paging(query, page_of(query, 200)).filters == {"query": "a b", "banned": "false", "sort": "email"}


def test_a_day_begins_at_midnight_utc() -> None:
    assert day_begins("2026-11-22") == datetime(2026, 11, 22, tzinfo=UTC)
    assert day_begins(None) is None
    with pytest.raises(ApiError, match="no day"):
        day_begins("2026-13-45")


async def test_pages_are_linked_with_their_filters_and_an_empty_filter_is_none(desk: Desk) -> None:
    with desk.active:
        for number in range(52):
            await account_row(f"many{number:02}@example.org", utc_now())
    shown = await desk.admin.open("/en/admin/users?query=many&role=&plan=")
    assert "1 to 50 of 52" in shown.text
    after = next(link for link in shown.links if "offset=50" in link)
    assert "query=many" in after
    last = await desk.admin.open(after)
    assert "51 to 52 of 52" in last.text
    typed = await desk.admin.submit(last.form("filters"), query="many00@")
    assert "1 to 1 of 1" in typed.text


async def test_a_filter_that_cannot_be_is_refused_as_a_page(desk: Desk) -> None:
    for address in ("/en/admin/audit?since=2026-13-45", "/en/admin/users?limit=0", "/en/admin/audit?until=yesterday"):
        assert (await desk.admin.open(address)).status == 422
