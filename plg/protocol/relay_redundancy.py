"""The relay's half of redundancy: the ladder of the downlink, fed by the client's wishes and reports."""

from plg.protocol.constants import MAX_PATHS
from plg.protocol.direction_meter import STATS_SPACING_S, DirectionMeter
from plg.protocol.frames import PathChoice, Stats
from plg.protocol.payload_sender import PayloadSender, make_plan
from plg.protocol.redundancy import MAX_OVERHEAD, MODES, Ladder, Level, RedundancyMode
from plg.protocol.relay_paths import RelayPaths


class RelayRedundancy:
    """Decides how the downlink of one session is sent. Without a wish of the client: one copy."""

    def __init__(self, sender: PayloadSender) -> None:
        self._sender = sender
        self._ladder = Ladder(RedundancyMode.OFF)
        self._meter = DirectionMeter()
        self._in_doubt = False
        self._told_at_s = [float("-inf")] * MAX_PATHS
        self.is_redundant = False
        """Whether the plan of the moment has copies or repeats."""

    @property
    def level(self) -> Level:
        return self._ladder.level

    def restart(self) -> None:
        """A new hand-shake: what was measured is about other counts."""
        self._meter = DirectionMeter()
        self._in_doubt = False

    def wish(self, choice: PathChoice) -> None:
        """What the client said with its last PING."""
        self._in_doubt = choice.in_doubt
        mode = MODES[choice.mode]
        if mode is not self._ladder.mode:
            self._ladder = Ladder(mode)
        self._sender.budget.max_overhead = min(choice.max_overhead_percent / 100, MAX_OVERHEAD)

    def flow_started(self, now: float) -> None:
        self._ladder.flow_started(now)

    def report_is_due(self, path: int, now: float) -> bool:
        """Whether the client should hear how its direction fares on a path; once a second at most."""
        if self._ladder.mode is RedundancyMode.OFF or now - self._told_at_s[path] < STATS_SPACING_S:
            return False
        self._told_at_s[path] = now
        return True

    def take_stats(self, stats: Stats, primary: int, now: float) -> None:
        """The client's report on one path of the downlink."""
        if stats.path >= MAX_PATHS:
            return
        self._meter.take_path(stats.path, stats.sent_echo, stats.arrived, now)
        self._meter.take_jitter(stats.path, stats.jitter_us / 1000)
        self._meter.take_session(stats.highest, stats.lost, now)
        carrying = {primary, *(copy.path for copy in self._sender.plan.copies)}
        if self._ladder.report(self._meter.losses(carrying, self._ladder.level, now), now):
            self._meter.forget_residual()

    def plan(self, paths: RelayPaths, now: float) -> None:
        """Which paths carry what from now on."""
        plan = make_plan(self._ladder.level, paths.primary, paths.others(now), in_doubt=self._in_doubt)
        self._sender.change_plan(plan)
        self.is_redundant = bool(plan.copies or plan.repeats)
