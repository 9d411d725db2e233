"""How often one caller may call: per class of route, by account when signed in, else by address.

When Redis does not answer, the limits go on in this process's memory: a player is not locked out by our cache, and an
attacker still meets a limit (times the number of replicas). That is counted and logged.
"""

import ipaddress
import time
from collections.abc import Sequence

import structlog
from aiohttp import web
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.storage.redis.redispy import RedispyBridge
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from plg.contract.problem import ErrorCode
from plg_server.config import RateLimits, ServerConfig
from plg_server.metrics import Metrics
from plg_server.problems import ApiError
from plg_server.routes import Limit
from plg_server.store import KEY_PREFIX, OPERATION_TIMEOUT_S

STORE_RETRY_S = 5.0
"""After a failure Redis is left alone for so long: otherwise every request would wait for its timeout."""

IPV6_PREFIX_BITS = 64
"""A household or a rented machine gets at least a /64 of IPv6: counting single addresses would limit nobody."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class RateLimiter:
    """Counts calls. Made by the application, closed by it."""

    def __init__(self, config: ServerConfig, metrics: Metrics) -> None:
        self._on = config.rate_limits_on
        self._items = {Limit(name): parse(getattr(config.rate_limits, name)) for name in RateLimits.__struct_fields__}
        self._metrics = metrics
        self._local = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._redis: RedisStorage | None = None
        self._shared: SlidingWindowCounterRateLimiter | None = None
        self._shared_again_at = 0.0
        if config.store_url is not None:
            self._redis = RedisStorage(
                f"async+{config.store_url}",
                implementation="redispy",
                key_prefix=f"{KEY_PREFIX}rate",
                socket_timeout=OPERATION_TIMEOUT_S,
                socket_connect_timeout=OPERATION_TIMEOUT_S,
            )
            self._shared = SlidingWindowCounterRateLimiter(self._redis)

    async def check(self, limit: Limit, caller: str) -> None:
        """Count one call. Raises ApiError 429 with the seconds to wait."""
        if limit is Limit.NONE or not self._on:
            return
        item = self._items[limit]
        if self._shared is not None and time.monotonic() >= self._shared_again_at:
            try:
                await self._count(self._shared, item, limit, caller)
            except (RedisError, OSError) as error:
                self._shared_again_at = time.monotonic() + STORE_RETRY_S
                structlog.get_logger().warning("rate_limits_in_memory", reason=type(error).__name__)
            else:
                return
        if self._shared is not None:
            self._metrics.rate_limit_fallbacks.inc()
        await self._count(self._local, item, limit, caller)

    async def _count(
        self, strategy: SlidingWindowCounterRateLimiter, item: RateLimitItem, limit: Limit, caller: str
    ) -> None:
        if await strategy.hit(item, limit.value, caller):
            return
        window = await strategy.get_window_stats(item, limit.value, caller)
        wait_s = max(1.0, window.reset_time - time.time())
        raise ApiError(
            ErrorCode.RATE_LIMITED, f"too many requests; try again in {wait_s:.0f} s", retry_after_s=round(wait_s, 1)
        )

    async def close(self) -> None:
        """Let go of the Redis connections."""
        if self._redis is not None:
            bridge = self._redis.bridge
            if isinstance(bridge, RedispyBridge):
                await bridge.storage.aclose()


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """The configured networks; the configuration has checked them."""
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)


def client_address(request: web.Request, trusted: tuple[Network, ...]) -> str:
    """The caller's address: the peer's, or, when the peer is a trusted proxy, the last hop in X-Forwarded-For that is
    not. Everything left of it is what the caller wrote itself and is not believed."""
    address = request.remote or "unknown"
    if not is_inside(address, trusted):
        return address
    hops = [hop.strip() for value in request.headers.getall("X-Forwarded-For", []) for hop in value.split(",")]
    for hop in reversed(hops):
        try:
            ipaddress.ip_address(hop)
        except ValueError:
            return address
        address = hop
        if not is_inside(hop, trusted):
            return address
    return address


def is_inside(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether the address is in one of the networks."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in networks)


def caller_of(address: str) -> str:
    """The unit that is counted for an address: itself for IPv4, its /64 for IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, IPV6_PREFIX_BITS), strict=False))
    return str(parsed)
