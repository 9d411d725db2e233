"""What reaches the app from the live feed's thread. A newer status takes the place of one that still waits."""

from textual.message import Message

from plg.contract.cli_output import StatusDocument


class TunnelSeen(Message):
    """A status of the running tunnel."""

    def __init__(self, status: StatusDocument) -> None:
        super().__init__()
        self.status = status

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, TunnelSeen)


class TunnelGone(Message):
    """No tunnel runs (any more)."""


class TunnelTrouble(Message):
    """A tunnel is there but does not answer; `why` is one line."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why
