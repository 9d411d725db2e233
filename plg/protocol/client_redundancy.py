"""The client's half of redundancy: its own direction's ladder and sender, its reports on the other, and what both are worth."""

from dataclasses import dataclass

from plg.protocol.client_paths import ClientPath, ClientPaths
from plg.protocol.constants import MAX_PATHS
from plg.protocol.direction_meter import STATS_SPACING_S, DirectionMeter
from plg.protocol.frames import PathChoice, Stats
from plg.protocol.path_watch import Health
from plg.protocol.payload_sender import PayloadSender, make_plan
from plg.protocol.reception import Reception
from plg.protocol.redundancy import MODES, Ladder, Level, Redundancy, RedundancyMode


@dataclass(frozen=True, slots=True)
class RedundancyFigures:
    """What copies cost and bought since the session began. Ratios are bytes sent per byte of one copy, 1.0 without copies."""

    mode: RedundancyMode
    level_up: Level
    saved_up: int
    saved_down: int
    lost_up: int
    lost_down: int
    bytes_ratio_up: float
    bytes_ratio_down: float


class ClientRedundancy:
    """Made once per session; survives hand-shakes."""

    def __init__(self, redundancy: Redundancy) -> None:
        self._redundancy = redundancy
        self._ladder = Ladder(redundancy.mode)
        self._meter = DirectionMeter()
        self.sender = PayloadSender(redundancy.max_overhead)
        self._told_at_s = [float("-inf")] * MAX_PATHS
        self._saved_up_before = 0
        self._saved_up = 0
        self._lost_up_before = 0
        self._lost_up = 0
        self._reported_highest = 0
        self._saved_down_before = 0
        self._lost_down_before = 0
        self._first_bytes_down = 0
        self._all_bytes_down = 0

    @property
    def reports(self) -> bool:
        """Whether the relay is to be told how its direction fares: without copies it has no use for it."""
        return self._redundancy.mode is not RedundancyMode.OFF

    def replace(self, redundancy: Redundancy) -> None:
        """Another mode or bound from now on."""
        self._redundancy = redundancy
        if redundancy.mode is not self._ladder.mode:
            self._ladder = Ladder(redundancy.mode)
        self.sender.budget.max_overhead = redundancy.max_overhead

    def restart(self, reception: Reception, paths: ClientPaths) -> None:
        """A new hand-shake: counts begin at zero on both sides."""
        self._saved_up_before += self._saved_up
        self._lost_up_before += self._lost_up
        self._saved_down_before += reception.saved
        self._lost_down_before += self._lost_down(reception, paths)
        self._saved_up = self._lost_up = self._reported_highest = 0
        self._meter = DirectionMeter()
        self.sender.restart()

    def flow_started(self, now: float) -> None:
        self._ladder.flow_started(now)

    def plan(self, paths: ClientPaths) -> None:
        """Decide anew which paths carry what."""
        usable = paths.usable()
        others = tuple(path for path in usable if path != paths.primary)
        in_doubt = paths.first.watch.health is not Health.ALIVE
        self.sender.change_plan(make_plan(self._ladder.level, paths.primary, others, in_doubt=in_doubt))
        carrying = {paths.primary, *(copy.path for copy in self.sender.plan.copies)}
        for path in paths:
            path.carries = path.path in carrying

    # --- the direction up --------------------------------------------------------------------------------------------

    def take_pong(self, path: ClientPath, now: float) -> None:
        """The path's newest PONG: the exit's count of what came over it."""
        sample = path.meter.last_sample
        if sample is None or not self.reports:
            return
        self._meter.take_path(path.path, sample.sent_count, sample.peer_received_count, now)
        spread = path.meter.spread_up_ms(now)
        if spread is not None:
            self._meter.take_jitter(path.path, spread)

    def take_stats(self, stats: Stats, paths: ClientPaths, now: float) -> None:
        """The exit's report on our direction."""
        lost = max(0, stats.lost - paths.pings_given_up)
        self._meter.take_session(stats.highest, lost, now)
        if stats.highest >= self._reported_highest:  # a report may overtake the one before
            self._reported_highest = stats.highest
            self._saved_up, self._lost_up = stats.saved, lost

    def climb(self, paths: ClientPaths, now: float) -> bool:
        """Let the ladder see the last two seconds; True when the level changed."""
        if not self.reports:
            return False
        carrying = [path.path for path in paths if path.carries]
        changed = self._ladder.report(self._meter.losses(carrying, self._ladder.level, now), now)
        if changed:
            self._meter.forget_residual()
        return changed

    # --- the direction down ------------------------------------------------------------------------------------------

    def choice(self, paths: ClientPaths) -> PathChoice | None:
        """What every PING says about the downlink; None where there never was anything to choose: one path and no copies."""
        if not paths.were_several and not self.reports:
            return None
        mode, percent = self._redundancy.mode, round(100 * self._redundancy.max_overhead)
        return PathChoice(paths.primary, paths.first.watch.health is not Health.ALIVE, MODES.index(mode), percent)

    def report(self, path: ClientPath, paths: ClientPaths, reception: Reception, now: float) -> Stats | None:
        """The report that is due on one path, if one is."""
        if not self.reports or path.pong_sent_count is None or now - self._told_at_s[path.path] < STATS_SPACING_S:
            return None
        self._told_at_s[path.path] = now
        spread_us = int(1000 * (path.meter.spread_down_ms(now) or 0.0))
        lost = self._lost_down(reception, paths)
        return reception.stats(path.path, path.pong_sent_count, path.pong_arrived, spread_us, lost)

    @staticmethod
    def _lost_down(reception: Reception, paths: ClientPaths) -> int:
        """A PING without answer may have been a PONG that was lost: no payload."""
        return max(0, reception.lost - paths.pings_given_up)

    def received(self, length: int, *, is_first: bool) -> None:
        """An authentic datagram with a payload, or a copy of one, came."""
        self._all_bytes_down += length
        if is_first:
            self._first_bytes_down += length

    def figures(self, reception: Reception, paths: ClientPaths) -> RedundancyFigures:
        down = self._all_bytes_down / self._first_bytes_down if self._first_bytes_down else 1.0
        return RedundancyFigures(
            mode=self._redundancy.mode,
            level_up=self._ladder.level,
            saved_up=self._saved_up_before + self._saved_up,
            saved_down=self._saved_down_before + reception.saved,
            lost_up=self._lost_up_before + self._lost_up,
            lost_down=self._lost_down_before + self._lost_down(reception, paths),
            bytes_ratio_up=self.sender.budget.ratio,
            bytes_ratio_down=down,
        )
