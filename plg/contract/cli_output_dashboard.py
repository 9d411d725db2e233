"""What `plg dashboard --web --json` prints."""

from plg.contract.cli_output import Document


class DashboardWebDocument(Document, frozen=True, kw_only=True):
    """Once, as soon as a browser can open `url`. The address holds the key: who knows it controls the dashboard."""

    url: str
    port: int
    schema: str = "plg.dashboard_web/1"
