"""What an operator may set about graphs of Grafana's on the operators' pages; `config` reads these keys beside its own."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

PANELS_LIMIT = 24
"""One page of graphs; more are dashboards, and those Grafana shows itself."""


class GrafanaConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where Grafana answers to operators' browsers, and which panels are shown. Without `grafana_url` none are."""

    grafana_url: str | None
    grafana_panels: list[str]

    @property
    def panel_urls(self) -> list[str]:
        """The panels' addresses; empty while there is no Grafana."""
        base = (self.grafana_url or "").rstrip("/")
        return [f"{base}{path}" for path in self.grafana_panels] if base else []

    @property
    def origin(self) -> str | None:
        """What pages must be allowed to show in frames."""
        if self.grafana_url is None:
            return None
        parts = urlsplit(self.grafana_url)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True)
class GrafanaSetting:
    """One key: a text, or a list of texts."""

    default: str | list[str] | None
    allowed: str
    holds: Callable[[object], bool]
    secret: bool = False


def _is_url(value: object) -> bool:
    try:
        parts = urlsplit(str(value))
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return False
    is_plain = not (parts.query or parts.fragment or parts.username)
    # The origin goes into a header: nothing but a host and a port may stand in it.
    host_is_plain = all(letter.isascii() and (letter.isalnum() or letter in ".-:[]") for letter in parts.netloc)
    fits = isinstance(value, str) and len(value) <= 255 and value.isprintable()
    return fits and parts.scheme in ("http", "https") and bool(parts.hostname) and host_is_plain and port_is_fine and is_plain  # fmt: skip


def _are_panels(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= PANELS_LIMIT
        and all(
            isinstance(path, str)
            and path.startswith("/")
            and not path.startswith("//")
            and len(path) <= 500
            and path.isprintable()
            and " " not in path
            for path in value
        )
    )


GRAFANA_SETTINGS: dict[str, GrafanaSetting] = {
    "grafana_url": GrafanaSetting(None, "http://HOST[:PORT][/PATH] or https://..., without a password", _is_url),
    "grafana_panels": GrafanaSetting(
        [], 'a list of paths such as "/d-solo/plg/plg?orgId=1&panelId=1", each from / on, at most 24', _are_panels
    ),
}
