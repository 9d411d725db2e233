"""The public pages with something to show: voices of players, prices, and what a browser has to fetch for a page."""

import gzip
import re
from urllib.parse import urlsplit

from plg_server import app_keys
from plg_server.ids import new_id, utc_now
from plg_server.models.accounts import Account
from plg_server.models.benchmarks import Benchmark
from support.api_driver import ApiDriver

SELLING: dict[str, object] = {
    "billing": "on",
    "robokassa_login": "shop",
    "robokassa_password_1": "first-password",
    "robokassa_password_2": "second-password",
}
"""Plans are sold, by a provider that is asked nothing until somebody pays."""

_REFERENCE = re.compile(r'(?:href|src)="(/static/[^"#]+)')


async def hand_in(api: ApiDriver, game: str, region: str, *verdicts: str) -> None:
    """One voice for each verdict: "improved", "no_difference" or "worse"."""
    differences = {"improved": -20.0, "no_difference": 0.0, "worse": 5.0}
    now = utc_now()
    with api.app[app_keys.DATABASE].active():
        for verdict in verdicts:
            name = new_id()
            account = Account(id=name, email=f"{name}@example.org", display_name="x", password_hash="!", created_at=now)
            await account.save(force_create=True)
            row = Benchmark(
                id=new_id(),
                account_id=account.id,
                game=game,
                region=region,
                day=now.strftime("%Y-%m-%d"),
                created_at=now,
                mode="off",
                method="icmp",
                blocks=20,
                seconds=60.0,
                verdict=verdict,
                difference_ms=differences[verdict],
                ci_low_ms=differences[verdict] - 1,
                ci_high_ms=differences[verdict] + 1,
                confidence=0.95,
                direct_ms=60.0,
                boosted_ms=60.0 + differences[verdict],
                direct_loss_percent=1.0,
                boosted_loss_percent=0.0,
                arms="[]",
            )
            await row.save(force_create=True)
    api.app[app_keys.BENCHMARKS].forget_sums()


async def page_weight_bytes(api: ApiDriver, url: str) -> int:
    """What a browser that takes gzip fetches for a page: its HTML and every file of ours that it names, as sent."""
    html, sent = await _fetched(api, url)
    for reference in sorted(set(_REFERENCE.findall(html.decode()))):
        sent += (await _fetched(api, reference))[1]
    return sent


async def _fetched(api: ApiDriver, url: str) -> tuple[bytes, int]:
    headers = {"Accept": "text/html", "Accept-Encoding": "gzip"}
    async with api.client.get(url, headers=headers, auto_decompress=False) as reply:
        assert reply.status == 200, urlsplit(url).path
        body = await reply.read()
    plain = gzip.decompress(body) if reply.headers.get("Content-Encoding") == "gzip" else body
    return plain, len(body)
