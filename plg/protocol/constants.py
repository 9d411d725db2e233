"""Every number of the protocol, with its unit and reason.

Specification constants bind both sides of the wire: changing one breaks the peer and needs a new VERSION.
Implementation constants are ours to tune; a peer with other values still works.
"""

from typing import Final

# --- Specification: outer byte T -------------------------------------------------------------------------------------
VERSION: Final = 1
VERSION_BITS: Final = VERSION << 6  # bits 7-6 of T
VERSION_MASK: Final = 0b1100_0000
TYPE_SHIFT: Final = 3  # bits 5-3 of T
TYPE_MASK: Final = 0b0011_1000
TYPE_DATA: Final = 0
TYPE_HELLO: Final = 1
TYPE_WELCOME: Final = 2
TYPE_COOKIE: Final = 3
TYPE_NO_SESSION: Final = 4
TYPE_LPING: Final = 5
TYPE_LPONG: Final = 6
PHASE_BIT: Final = 0b100  # key phase of DATA, flips at each rekey
DOWN_BIT: Final = 0b010  # direction: set from relay to client

# --- Specification: lengths, bytes -----------------------------------------------------------------------------------
CID_LENGTH: Final = 8
HEADER_LENGTH: Final = 14  # T 1, CID 8, P 1, SEQ 4: also the associated data of DATA
TAG_LENGTH: Final = 16
DATA_OVERHEAD: Final = HEADER_LENGTH + 1 + TAG_LENGTH  # 31: the 1 is the sealed flow id
NONCE_LENGTH: Final = 12
KEY_LENGTH: Final = 32
HELLO_LENGTH: Final = 640  # always padded to it: no unauthenticated request is smaller than its answer
HELLO_FIXED_LENGTH: Final = 60
MAC_LENGTH: Final = 16
WELCOME_MAX_LENGTH: Final = 512
COOKIE_LENGTH: Final = 30
NO_SESSION_LENGTH: Final = 9
PROBE_LENGTH: Final = 64  # LPING and LPONG alike: the answer never outweighs the question
PROBE_TOKEN_LENGTH: Final = 28  # expiry 4, serial 8, mac 16
HANDSHAKE_NONCE_LENGTH: Final = 16
MAX_TICKET_LENGTH: Final = 448
MAX_RESUME_TOKEN_LENGTH: Final = 112

# --- Specification: flows, paths, sequence ---------------------------------------------------------------------------
CONTROL_FLOW: Final = 0
FIRST_FLOW: Final = 1
LAST_FLOW: Final = 254  # 255 is reserved
MAX_PATHS: Final = 8
MAX_COPIES: Final = 4
MAX_FRAMES: Final = 16  # in one control body: each may be answered, and an answer costs more than a question
SEQ_BITS: Final = 32
REPLAY_WINDOW: Final = 2048  # sequence numbers; 2 s at 1000 packets/s, so late copies still count as duplicates

# --- Specification: suites -------------------------------------------------------------------------------------------
SUITE_AES_256_GCM: Final = 1
SUITE_CHACHA20_POLY1305: Final = 2

# --- Specification: time ---------------------------------------------------------------------------------------------
CLOCK_SKEW_S: Final = 60.0  # tolerated between server, relay and client clocks: unsynchronised home computers
CLOSE_TOMBSTONE_S: Final = 15.0  # DATA of a closed session is dropped in silence that long

# --- Implementation: rekey -------------------------------------------------------------------------------------------
REKEY_AFTER_SEQUENCES: Final = 1 << 20  # eight copies of each stay within AES-GCM's 2^23 packets (RFC 9001, 6.6)
REKEY_AFTER_S: Final = 3600.0

# --- Implementation: sizes -------------------------------------------------------------------------------------------
MAX_PAYLOAD_PER_DATAGRAM: Final = 1341  # bytes: fits a 1400-byte link (mobile, PPPoE in tunnels) under IPv4 + UDP
MAX_PAYLOAD: Final = 2 * MAX_PAYLOAD_PER_DATAGRAM - 32  # two fragments; larger game datagrams go direct
FRAGMENT_TIMEOUT_S: Final = 1.0
MAX_PENDING_FRAGMENTS: Final = 16  # per direction; more means that halves are being lost

# --- Implementation: timers ------------------------------------------------------------------------------------------
PING_INTERVAL_ACTIVE_S: Final = 0.25
PING_INTERVAL_IDLE_S: Final = 1.0
ACTIVE_FOR_S: Final = 5.0  # after the last game payload
METER_WINDOW_S: Final = 10.0
HELLO_RETRY_S: Final = 0.25  # first repeat; doubles to HELLO_RETRY_MAX_S
HELLO_RETRY_MAX_S: Final = 1.0
HELLO_ATTEMPT_S: Final = 4.0  # then a fresh nonce, so that a lost pair of answers cannot wedge the attempt
HANDSHAKE_TIMEOUT_S: Final = 6.0  # first connect: the caller tries the next relay
SUSPECT_AFTER_S: Final = 1.0  # silence after which the client says HELLO again (pings come every 0.25 s in play)
SUSPECT_IDLE_AFTER_S: Final = 3.5
LOST_AFTER_S: Final = 10.0  # silence after which the relay counts as lost
CLOSE_REPEATS: Final = 3
CLOSE_SPACING_S: Final = 0.020
FLOW_IDLE_S: Final = 180.0  # both sides; RFC 4787 asks at least 120 s of a NAT
FLOW_REUSE_AFTER_S: Final = 240.0  # the client gives a flow id away only after the relay has surely forgotten it
SESSION_IDLE_S: Final = 60.0
PATH_VALIDATION_S: Final = 1.0
PATH_VALIDATION_TRIES: Final = 3
UNVALIDATED_FACTOR: Final = 3  # bytes to a new address per byte from it (RFC 9000, section 8)
COOKIE_ROTATION_S: Final = 120.0
COOKIE_MAX_AGE_S: Final = 10.0
