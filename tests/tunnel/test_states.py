"""The tunnel's states on paper."""

from datetime import UTC, datetime

from plg.tunnel.states import off_document, rfc3339

AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def test_times_are_rfc_3339_in_utc() -> None:
    assert rfc3339(AT) == "2026-01-02T03:04:05.678Z"


def test_no_tunnel_is_a_status_too() -> None:
    document = off_document(AT)
    assert (document.schema, document.state, document.paths, document.traffic) == ("plg.status/1", "off", [], None)
