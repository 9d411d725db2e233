"""Two families: our caller is wrong (raise), the peer is wrong (drop and count by reason)."""

from enum import IntEnum, StrEnum


class ProtocolMisuse(Exception):
    """Our own code called the protocol wrongly. Never raised for bytes from the network."""


class DropReason(StrEnum):
    """Why a datagram was dropped. The value is the label of the drop counter."""

    MALFORMED = "malformed"
    WRONG_TYPE = "wrong_type"
    WRONG_VERSION = "wrong_version"
    UNKNOWN_SESSION = "unknown_session"
    TOMBSTONE = "tombstone"
    NOT_ESTABLISHED = "not_established"
    FORGED = "forged"
    DUPLICATE = "duplicate"
    STALE = "stale"
    TICKET_FORGED = "ticket_forged"
    TICKET_MALFORMED = "ticket_malformed"
    TICKET_EXPIRED = "ticket_expired"
    TICKET_NOT_YET_VALID = "ticket_not_yet_valid"
    HELLO_FORGED = "hello_forged"
    HELLO_STALE = "hello_stale"
    HELLO_SKEW = "hello_skew"
    HELLO_RATE = "hello_rate"
    COOKIE_FORGED = "cookie_forged"
    PROBE_FORGED = "probe_forged"
    PROBE_EXPIRED = "probe_expired"
    PROBE_RATE = "probe_rate"
    REVOKED = "revoked"
    UNKNOWN_FLOW = "unknown_flow"
    FLOW_DENIED = "flow_denied"
    FOREIGN_REPLY = "foreign_reply"
    FOREIGN_PATH = "foreign_path"
    TRANSIT_FOREIGN = "transit_foreign"
    TRANSIT_UNPROVED = "transit_unproved"
    OVERSIZED = "oversized"
    FRAGMENT_LOST = "fragment_lost"
    RATE_PACKETS = "rate_packets"
    RATE_BYTES_UP = "rate_bytes_up"
    RATE_BYTES_DOWN = "rate_bytes_down"
    RATE_DESTINATION = "rate_destination"
    RATE_CONTROL = "rate_control"
    RATE_COPIES = "rate_copies"
    SEND_BUFFER = "send_buffer"
    SEND_ERROR = "send_error"


class FlowDenial(IntEnum):
    """Reason byte of FLOW_DENY. Specification."""

    NOT_ALLOWED = 1  # the profile does not list the destination
    HARD_DENIED = 2  # never allowed, whatever a profile says
    LIMIT = 3  # too many flows or local ports
    RATE = 4  # flows opened too fast
    UNKNOWN_FLOW = 5  # DATA on a flow that the relay does not know: open it again
    NO_PORT = 6  # the relay has no free port


class WelcomeStatus(IntEnum):
    """Status byte of WELCOME. Specification."""

    OK = 0
    UNKNOWN_PROFILE = 1
    FULL = 2
    DRAINING = 3
    REVOKED = 4
    EXPIRED = 5
    TOO_MANY_SESSIONS = 6
    NO_TRANSIT = 7  # this relay does not forward, or is the exit of this very session
    NEXT_HOP_DENIED = 8  # not a relay that this one knows


class CloseReason(IntEnum):
    """Reason byte of CLOSE. Specification."""

    USER = 1
    IDLE = 2
    EXPIRED = 3
    REVOKED = 4
    DRAINED = 5
    REPLACED = 6
