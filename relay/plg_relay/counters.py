"""What the data plane counts: integers that the packet path adds to, copied when somebody asks."""

from plg.protocol.errors import DropReason, FlowDenial


class Counters:
    """Since the start of the process."""

    __slots__ = (
        "bytes_down",
        "bytes_up",
        "cookies_sent",
        "copies_down",
        "denials",
        "drops",
        "handshakes",
        "packets_down",
        "packets_up",
        "probes_answered",
        "sessions_closed",
        "sessions_opened",
        "transit_bytes_down",
        "transit_bytes_up",
        "transit_packets_down",
        "transit_packets_up",
        "transits_closed",
        "transits_opened",
    )

    def __init__(self) -> None:
        self.packets_up = 0
        self.packets_down = 0
        self.copies_down = 0
        """Further copies of downlink datagrams; `packets_down` counts the first ones."""
        self.bytes_up = 0
        self.bytes_down = 0
        self.handshakes = 0
        self.cookies_sent = 0
        self.probes_answered = 0
        self.sessions_opened = 0
        self.sessions_closed = 0
        self.transit_packets_up = 0
        self.transit_packets_down = 0
        self.transit_bytes_up = 0
        self.transit_bytes_down = 0
        self.transits_opened = 0
        self.transits_closed = 0
        self.drops: dict[DropReason, int] = dict.fromkeys(DropReason, 0)
        self.denials: dict[FlowDenial, int] = dict.fromkeys(FlowDenial, 0)
