"""`nox -s bench`: every benchmark in turn, or the ones named. Exits 1 when a target is missed or a benchmark breaks."""

import importlib
import sys

from benchmarks.figures import talk

BENCHMARKS = (
    "cli_startup",
    "package_size",
    "dashboard",
    "api_load",
    "api_load_replicas",
    "landing_load",
    "first_paint",
    "relay_forwarding",
    "transit_forwarding",
    "added_rtt",
    "relay_sessions",
    "relay_restart",
    "client_tunnel",
    "route_prediction",
    "multipath",
    "multipath_relays",
)


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        talk(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
        return 2
    missed = [name for name in names or BENCHMARKS if not importlib.import_module(f"benchmarks.{name}").main()]
    print(f"\nTargets missed in: {', '.join(missed)}" if missed else "\nEvery target met.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
