"""A synthetic Internet of players, relays and game regions: what a round trip truly takes, and what a ping sees of it.

How it is made (every number is drawn from one seeded generator):
- Places are real cities by latitude and longitude; players live within 400 km of one of 30 cities.
- A round trip along the earth's surface takes 1 ms per 100 km (light in fibre, both ways). Real routes are longer: each pair has
  its own inflation, lognormal. Between data centres 1.10 + LogN(-1.6, 0.6) (median 1.30, some above 1.7); from players to data
  centres 1.15 + LogN(-1.0, 0.7) (median 1.52); from players to game servers the same, with 1 pair in 8 half as long again (routes
  that follow money). So triangles are broken, often by a little and sometimes by much, as on the Internet.
- A player's last mile adds 2 to 18 ms, data centres 0.3 ms. Inside a region server and ping host are up to 2 ms apart.
- Each ping waits in queues: exponential, 0.5 to 4 ms on average at a player's line, 0.15 ms between data centres, and 2 % of the
  pings of a player's line meet 20 ms more. Loss is 0 to 1 % at a player's line, 0.02 % between data centres.
- Between prediction and session the ways drift: each by LogN(0, 0.03), and 3 % of them are routed anew (up to 40 % longer or
  15 % shorter).
It knows nothing of congestion that many share, of day and night, or of asymmetric loss. It is no measurement of the Internet.
"""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from plg_server.services.path_score import Figure

EARTH_RADIUS_KM = 6371.0
KM_PER_MS = 100.0
RELAY_INSIDE_MS = 0.15
"""What a relay adds to a round trip (benchmark `added_rtt`)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees north and east."""

    latitude: float
    longitude: float
    country: str = ""


RELAYS: Mapping[str, Place] = {
    "Frankfurt": Place(50.1, 8.7, "DE"), "Amsterdam": Place(52.4, 4.9, "NL"), "London": Place(51.5, -0.1, "GB"),
    "Paris": Place(48.9, 2.4, "FR"), "Stockholm": Place(59.3, 18.1, "SE"), "Warsaw": Place(52.2, 21.0, "PL"),
    "Moscow": Place(55.8, 37.6, "RU"), "Istanbul": Place(41.0, 29.0, "TR"), "Almaty": Place(43.2, 76.9, "KZ"),
    "Dubai": Place(25.2, 55.3, "AE"), "Mumbai": Place(19.1, 72.9, "IN"), "Singapore": Place(1.35, 103.8, "SG"),
    "Hong Kong": Place(22.3, 114.2, "HK"), "Tokyo": Place(35.7, 139.7, "JP"), "Sydney": Place(-33.9, 151.2, "AU"),
    "Los Angeles": Place(34.1, -118.2, "US"), "Chicago": Place(41.9, -87.6, "US"), "New York": Place(40.7, -74.0, "US"),
    "Sao Paulo": Place(-23.6, -46.6, "BR"), "Johannesburg": Place(-26.2, 28.0, "ZA"),
}  # fmt: skip

REGIONS: Mapping[str, Place] = {
    "eu-west": Place(50.0, 8.6), "eu-north": Place(59.4, 17.9), "eu-east": Place(52.3, 21.1), "russia": Place(55.7, 37.5),
    "me": Place(25.3, 55.4), "india": Place(19.0, 73.0), "asia": Place(1.3, 103.9), "japan": Place(35.6, 139.8),
    "us-east": Place(39.0, -77.5), "us-west": Place(37.4, -121.9),
}  # fmt: skip

PLAYERS_NEAR = (
    *RELAYS.values(),
    Place(59.9, 30.3), Place(56.8, 60.6), Place(55.0, 82.9), Place(50.5, 30.5), Place(40.4, -3.7),
    Place(41.9, 12.5), Place(44.4, 26.1), Place(30.0, 31.2), Place(13.8, 100.5), Place(37.6, 127.0),
)  # fmt: skip


class World:
    """One seeded world. `drift` moves every way from then on, `settle` takes that back."""

    def __init__(self, seed: int, clients: int) -> None:
        self._dice = random.Random(seed)
        self.clients = [f"client {number}" for number in range(clients)]
        self._places: dict[str, Place] = {**RELAYS}
        self._last_mile_ms: dict[str, float] = {}
        self._queue_ms: dict[str, float] = {}
        self._loss: dict[str, float] = {}
        for client in self.clients:
            near = self._dice.choice(PLAYERS_NEAR)
            self._places[client] = Place(
                near.latitude + self._dice.uniform(-3.5, 3.5), near.longitude + self._dice.uniform(-4.5, 4.5)
            )
            self._last_mile_ms[client] = self._dice.uniform(2.0, 18.0)
            self._queue_ms[client] = self._dice.uniform(0.5, 4.0)
            self._loss[client] = self._dice.choice((0.0, 0.0, 0.0, 0.001, 0.003, 0.01))
        for code, place in REGIONS.items():
            self._places[f"host {code}"] = self._places[f"server {code}"] = place
        self._inside_ms = {code: self._dice.uniform(0.0, 2.0) for code in REGIONS}
        self._ways_ms: dict[tuple[str, str], float] = {}
        self._drifted: dict[tuple[str, str], float] | None = None

    def distance_km(self, a: str, b: str) -> float:
        """Along the great circle."""
        one, other = self._places[a], self._places[b]
        lat_a, lat_b = math.radians(one.latitude), math.radians(other.latitude)
        half_lat, half_lon = (lat_b - lat_a) / 2, math.radians(other.longitude - one.longitude) / 2
        chord = math.sin(half_lat) ** 2 + math.cos(lat_a) * math.cos(lat_b) * math.sin(half_lon) ** 2
        return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(chord)))

    def true_ms(self, *stops: str) -> float:
        """The round trip along these stops without any queue; each relay in between adds its own time."""
        hops = list(pairwise(stops))
        return sum(self._hop_ms(a, b) for a, b in hops) + RELAY_INSIDE_MS * (len(hops) - 1)

    def pings(self, a: str, b: str, count: int) -> Figure:
        """What so many pings show: median and 95th percentile of those that came back, and the loss."""
        answered = sorted(ms for _ in range(count) if (ms := self._ping_ms(a, b)) is not None)
        loss_percent = 100.0 * (count - len(answered)) / count
        if not answered:
            return Figure(None, loss_percent)
        p95_ms = answered[int(len(answered) * 0.95)] if len(answered) >= 10 else None
        return Figure(median(answered), loss_percent, p95_ms)

    def session_ms(self, samples: int, *stops: str) -> float:
        """The median of what a client measures end to end through these stops."""
        hops = list(pairwise(stops))
        found = []
        for _ in range(samples):
            parts = [self._ping_ms(a, b) for a, b in hops]
            answered = [part for part in parts if part is not None]
            if len(answered) == len(parts):
                found.append(sum(answered) + RELAY_INSIDE_MS * (len(hops) - 1))
        return median(found)

    def drift(self) -> None:
        """Time passes: every way changes a little, some change much."""
        self._drifted = {}

    def settle(self) -> None:
        """Back to the moment of the predictions."""
        self._drifted = None

    def _ping_ms(self, a: str, b: str) -> float | None:
        client = a if a in self._last_mile_ms else b if b in self._last_mile_ms else None
        loss = 0.0002 if client is None else 0.0002 + self._loss[client]
        if self._dice.random() < loss:
            return None
        wait_ms = self._dice.expovariate(1 / (0.15 if client is None else self._queue_ms[client]))
        if client is not None and self._dice.random() < 0.02:
            wait_ms += 20.0
        return self._hop_ms(a, b) + wait_ms

    def _hop_ms(self, a: str, b: str) -> float:
        way = (a, b) if a < b else (b, a)
        base_ms = self._ways_ms.get(way)
        if base_ms is None:
            base_ms = self._ways_ms[way] = self._new_way_ms(*way)
        if self._drifted is None:
            return base_ms
        factor = self._drifted.get(way)
        if factor is None:
            factor = self._dice.lognormvariate(0.0, 0.03)
            if self._dice.random() < 0.03:
                factor *= self._dice.uniform(0.85, 1.4)
            self._drifted[way] = factor
        return base_ms * factor

    def _new_way_ms(self, a: str, b: str) -> float:
        ends = (a, b)
        servers = [end for end in ends if end.startswith("server ")]
        if servers:
            # Server and ping host of a region share the way to it; what differs is inside the region.
            code = servers[0].removeprefix("server ")
            other = a if b == servers[0] else b
            host = f"host {code}"
            way = (other, host) if other < host else (host, other)
            if way not in self._ways_ms:
                self._ways_ms[way] = self._new_way_ms(*way)
            return self._ways_ms[way] + self._inside_ms[code]
        base_ms = self.distance_km(a, b) / KM_PER_MS
        clients = [end for end in ends if end in self._last_mile_ms]
        if not clients:
            return 0.3 + base_ms * (1.10 + self._dice.lognormvariate(-1.6, 0.6))
        inflation = 1.15 + self._dice.lognormvariate(-1.0, 0.7)
        if any(end.startswith("host ") for end in ends) and self._dice.random() < 1 / 8:
            inflation *= 1.5
        return self._last_mile_ms[clients[0]] + base_ms * inflation
