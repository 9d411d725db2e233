"""DonatePay's API as far as public clients describe it: a list of transactions, a key, and one call in 20 seconds."""

from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from plg_server.services.subscriptions import Clock

KEY = "donatepay-key"
LEAST_BETWEEN = timedelta(seconds=20)


class FakeDonatePay:
    """Serve `app()`. Donations are made with `give`, and everything that was asked is in `asked`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rows: list[dict[str, Any]] = []
        self.asked: list[tuple[datetime, dict[str, str]]] = []
        self.refused = 0
        self.broken: web.Response | None = None

    def app(self) -> web.Application:
        """The server."""
        app = web.Application()
        app.router.add_get("/api/v1/transactions", self._transactions)
        return app

    def give(self, amount: str, comment: str, *, status: str = "success", **more: Any) -> int:
        """Somebody donates; gives the transaction's number."""
        number = 1000 + len(self._rows)
        self._rows.append(
            {
                "id": number,
                "what": "Somebody",
                "sum": amount,
                "to_cash": amount,
                "commission": "0.00",
                "status": status,
                "type": "donation",
                "vars": {"name": "Somebody", "comment": comment},
                "comment": comment,
                "created_at": (self._clock() + timedelta(hours=3)).strftime("%Y-%m-%d %H:%M:%S"),
                **more,
            }
        )
        return number

    def change(self, number: int, **fields: Any) -> None:
        """Its state changes later."""
        self._rows[number - 1000].update(fields)

    async def _transactions(self, request: web.Request) -> web.Response:
        now = self._clock()
        if self.asked and abs(now - self.asked[-1][0]) < LEAST_BETWEEN:
            self.refused += 1
            return web.json_response({"status": "error", "message": "Too many requests"}, status=429)
        query = dict(request.query)
        self.asked.append((now, query))
        if self.broken is not None:
            return self.broken
        if query.get("access_token") != KEY:
            return web.json_response({"status": "error", "message": "Incorrect token"})
        rows = [row for row in self._rows if query.get("type") in (None, row["type"])]
        if "before" in query:
            rows = [row for row in rows if row["id"] < int(query["before"])]
        if query.get("order", "DESC") == "DESC":
            rows.reverse()
        rows = rows[: int(query.get("limit", "25"))]
        return web.json_response({"status": "success", "message": "", "time": 0, "count": len(rows), "data": rows})
