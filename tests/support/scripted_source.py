"""A packet source in memory: the test is the game."""

from plg.capture.packet_source import CaptureSpec, CaptureStats, FlowKey, PacketHandler, Verdict


class ScriptedSource:
    """`alive` are flows that `observe` sees. What goes direct and what reaches the game is kept in order."""

    def __init__(self, alive: frozenset[FlowKey] = frozenset(), name: str = "scripted") -> None:
        self._name = name
        self._alive = alive
        self._stats = CaptureStats()
        self.spec: CaptureSpec | None = None
        self.handler: PacketHandler | None = None
        self.direct: list[tuple[FlowKey, bytes]] = []
        self.delivered: list[tuple[FlowKey, bytes]] = []
        self.closed = False

    @property
    def name(self) -> str:
        return self._name

    @property
    def stats(self) -> CaptureStats:
        return self._stats

    async def open(self, spec: CaptureSpec) -> None:
        self.spec = spec

    async def observe(self, seconds: float) -> frozenset[FlowKey]:
        return self._alive

    async def divert(self, handler: PacketHandler) -> None:
        self.handler = handler

    def deliver(self, flow: FlowKey, payload: bytes) -> None:
        self.delivered.append((flow, payload))

    def send_direct(self, flow: FlowKey, payload: bytes) -> None:
        self.direct.append((flow, payload))

    async def close(self) -> None:
        self.handler = None
        self.closed = True

    def game_sends(self, flow: FlowKey, payload: bytes) -> Verdict:
        """One packet of the game; before `divert` and after `close` it goes its own way."""
        verdict = Verdict.DIRECT if self.handler is None else self.handler(flow, payload)
        if verdict is Verdict.DIRECT:
            self.direct.append((flow, payload))
        return verdict

    def replies(self) -> list[bytes]:
        return [payload for _, payload in self.delivered]
