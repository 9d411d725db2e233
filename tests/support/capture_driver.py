"""A stand-in for the tunnel: opens a PacketSource where it is started and obeys orders, one JSON object a line.

Orders on stdin: {"do": "observe", "seconds": s}, {"do": "divert", "mode": m}, {"do": "stats"}, {"do": "close"}. Modes: "tunnel"
answers each payload itself ("tunnel NUMBER"), "direct" lets everything go, "keep-old" lets flows go that were observed and
answers the rest, "hold" takes payloads and sends them on 50 ms later.
"""

import asyncio
import json
import os
import resource
import sys
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from plg.capture.choose import open_source
from plg.capture.packet_source import (
    CaptureRule,
    CaptureSpec,
    CaptureUnavailable,
    FlowKey,
    PacketSource,
    PortSpan,
    Verdict,
)


def read_spec(document: dict[str, Any]) -> CaptureSpec:
    return CaptureSpec(
        rules=tuple(
            CaptureRule(
                prefixes=tuple(ip_network(prefix) for prefix in rule.get("prefixes", ())),
                ports=tuple(PortSpan(*span) for span in rule.get("ports", ())),
            )
            for rule in document["rules"]
        ),
        executables=tuple(document.get("executables", ())),
        excluded=tuple(document.get("excluded", ())),
    )


class Driver:
    def __init__(self, source: PacketSource) -> None:
        self.source = source
        self.mode = "tunnel"
        self.old: frozenset[FlowKey] = frozenset()
        self.flows: set[FlowKey] = set()

    def handle(self, flow: FlowKey, payload: bytes) -> Verdict:
        self.flows.add(flow)
        if self.mode == "direct" or (self.mode == "keep-old" and flow in self.old):
            return Verdict.DIRECT
        if self.mode == "hold":
            asyncio.get_running_loop().call_later(0.05, self.source.send_direct, flow, payload)
        else:
            self.source.deliver(flow, (b"tunnel " + payload[:8]).ljust(len(payload)))
        return Verdict.TAKEN

    async def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        match order["do"]:
            case "observe":
                self.old = await self.source.observe(order["seconds"])
                return {"flows": sorted(self.old)}
            case "divert":
                self.mode = order["mode"]
                await self.source.divert(self.handle)
                return {}
            case "stats":
                stats = self.source.stats
                usage = resource.getrusage(resource.RUSAGE_SELF)
                return {
                    "captured": stats.captured,
                    "passed_direct": stats.passed_direct,
                    "delivered": stats.delivered,
                    "leaked": stats.leaked,
                    "fragments_direct": stats.fragments_direct,
                    "other_process": stats.other_process,
                    "errors": stats.errors,
                    "flows": sorted(self.flows),
                    "cpu_s": usage.ru_utime + usage.ru_stime,
                }
            case "block":
                import time

                time.sleep(order["seconds"])  # noqa: ASYNC251 - a stuck loop is the point
                return {}
            case "close":
                await self.source.close()
                return {}
        raise ValueError(order)


async def main() -> None:
    preference, spec, runtime_directory = sys.argv[1:4]
    try:
        wanted, directory = read_spec(json.loads(spec)), Path(runtime_directory)
        if os.environ.get("DRIVER_BACKEND") == "windows":
            source = await open_windows_path(wanted, directory)
        else:
            source = await open_source(preference, wanted, runtime_directory=directory)
    except CaptureUnavailable as error:
        print(json.dumps({"unavailable": str(error), "next_step": error.next_step}), flush=True)
        return
    driver = Driver(source)
    address = getattr(source, "listen_address", None)
    print(json.dumps({"name": source.name, "pid": os.getpid(), "listen_address": address}), flush=True)
    loop = asyncio.get_running_loop()
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    try:
        while line := await orders.readline():
            print(json.dumps(await driver.obey(json.loads(line))), flush=True)
    finally:
        await source.close()


async def open_windows_path(spec: CaptureSpec, runtime_directory: Path) -> PacketSource:
    """The Windows code over pydivert's public methods, which are the same here."""
    from plg.capture.divert_source import DivertSource
    from plg.capture.divert_windows import WindowsDivert

    source = DivertSource(runtime_directory, lambda expressions, stats, _directory: WindowsDivert(expressions, stats))
    await source.open(spec)
    return source


def use_public_methods() -> None:
    """As if this pydivert kept nothing where the fast way looks for it."""
    from plg.capture.divert_linux_handle import FastHandle

    FastHandle.available = staticmethod(lambda: False)  # type: ignore[method-assign]  # the point of the exercise


if __name__ == "__main__":
    if os.environ.get("DRIVER_BACKEND") == "public":
        use_public_methods()
    if os.environ.get("DRIVER_UVLOOP"):
        import uvloop

        uvloop.run(main())
    else:
        asyncio.run(main())
