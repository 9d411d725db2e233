"""Every code that a finding may carry: stable names for scripts, and the list that the words in plg.cli must cover."""

from enum import StrEnum


class Code(StrEnum):
    """Named by the check first; the facts that each brings are those that its check makes."""

    CHECK_CRASHED = "check_crashed"
    CHECK_TIMED_OUT = "check_timed_out"
    NO_SERVER = "no_server"
    NO_RELAY_ANSWERS = "no_relay_answers"
    NOT_ON_THIS_SYSTEM = "not_on_this_system"

    RIGHTS_THERE = "rights_there"
    RIGHTS_MISSING_TUN_THERE = "rights_missing_tun_there"
    RIGHTS_MISSING = "rights_missing"

    KERNEL_COMPLETE = "kernel_complete"
    KERNEL_LACKS = "kernel_lacks"
    KERNEL_TUN_ONLY = "kernel_tun_only"

    FILTERS_NONE = "filters_none"
    FILTERS_NONE_SEEN = "filters_none_seen"
    FILTERS_OTHERS = "filters_others"
    FILTERS_UNREADABLE = "filters_unreadable"
    VPN_NONE = "vpn_none"
    VPN_UP = "vpn_up"
    VPN_CARRIES_RELAYS = "vpn_carries_relays"
    WINDOWS_FILTERS_NONE = "windows_filters_none"
    WINDOWS_FILTERS_FOUND = "windows_filters_found"
    ANTIVIRUS_NONE = "antivirus_none"
    ANTIVIRUS_FOUND = "antivirus_found"

    LEFTOVERS_NONE = "leftovers_none"
    LEFTOVERS_RUNNING = "leftovers_running"
    LEFTOVERS_FOUND = "leftovers_found"
    LEFTOVERS_UNREADABLE = "leftovers_unreadable"

    DNS_ANSWERS = "dns_answers"
    DNS_SLOW = "dns_slow"
    DNS_NOT_NEEDED = "dns_not_needed"
    DNS_FAILS = "dns_fails"

    CLOCK_RIGHT = "clock_right"
    CLOCK_OFF = "clock_off"
    CLOCK_FAR_OFF = "clock_far_off"
    CLOCK_NO_DATE = "clock_no_date"

    SERVER_ANSWERS = "server_answers"
    SERVER_PLAIN = "server_plain"
    SERVER_CERTIFICATE_ENDS = "server_certificate_ends"
    SERVER_NAME_UNKNOWN = "server_name_unknown"
    SERVER_REFUSED = "server_refused"
    SERVER_SILENT = "server_silent"
    SERVER_NO_ROUTE = "server_no_route"
    SERVER_CERTIFICATE_BAD = "server_certificate_bad"
    SERVER_TLS_FAILED = "server_tls_failed"
    SERVER_NOT_HTTP = "server_not_http"
    SERVER_ERROR = "server_error"
    SERVER_BROKEN_OFF = "server_broken_off"

    LOGIN_GOOD = "login_good"
    LOGIN_NONE = "login_none"
    LOGIN_OVER = "login_over"
    LOGIN_DAMAGED = "login_damaged"
    LOGIN_KEYRING = "login_keyring"
    LOGIN_REFUSED = "login_refused"

    RELAYS_ANSWER = "relays_answer"
    RELAYS_LOSSY = "relays_lossy"
    RELAYS_SOME_SILENT = "relays_some_silent"
    RELAYS_ALL_SILENT = "relays_all_silent"
    RELAYS_NONE_LISTED = "relays_none_listed"
    RELAYS_NO_TOKENS = "relays_no_tokens"

    MTU_FITS = "mtu_fits"
    MTU_SMALL = "mtu_small"
    MTU_NO_ANSWER = "mtu_no_answer"
    MTU_MASKED = "mtu_masked"

    NAT_NONE = "nat_none"
    NAT_CARRIER_GRADE = "nat_carrier_grade"
    NAT_DOUBLE = "nat_double"
    NAT_TYPE_NOT_TOLD = "nat_type_not_told"

    IPV6_THERE = "ipv6_there"
    IPV6_NONE = "ipv6_none"
    IPV6_BROKEN = "ipv6_broken"
    IPV6_RELAY_UNREACHABLE = "ipv6_relay_unreachable"

    WIRELESS_NOT_USED = "wireless_not_used"
    WIRELESS_GOOD = "wireless_good"
    WIRELESS_WEAK = "wireless_weak"
    WIRELESS_BAD = "wireless_bad"
    WIRELESS_UNREADABLE = "wireless_unreadable"

    LINE_CLEAN = "line_clean"
    LINE_TROUBLE_ROUTER = "line_trouble_router"
    LINE_TROUBLE_WIFI = "line_trouble_wifi"
    LINE_TROUBLE_PROVIDER = "line_trouble_provider"
    LINE_TROUBLE_BEYOND = "line_trouble_beyond"
    LINE_TROUBLE_RELAY = "line_trouble_relay"
    LINE_TROUBLE_GAME = "line_trouble_game"
    LINE_NOT_MEASURED = "line_not_measured"

    LOAD_STEADY = "load_steady"
    LOAD_DELAYS = "load_delays"
    LOAD_DELAYS_BADLY = "load_delays_badly"
