"""Every check, in the order in which they are told: this machine, the server, the relays, the line."""

import sys
from collections.abc import Iterable
from typing import Final

from plg.doctor.address_translation import NAT, check_nat
from plg.doctor.addresses import IPV6, check_ipv6
from plg.doctor.capture_rights import KERNEL, RIGHTS, check_kernel, check_rights
from plg.doctor.fault_domain import LINE, check_line
from plg.doctor.leftovers import LEFTOVERS, check_leftovers
from plg.doctor.load_delay import LOAD, check_load
from plg.doctor.other_programs import FILTERS, VPN, check_filters, check_vpn
from plg.doctor.path_mtu import MTU, check_mtu
from plg.doctor.relay_health import RELAYS, check_relays
from plg.doctor.run import Check
from plg.doctor.server_health import CLOCK, DNS, LOGIN, SERVER, check_clock, check_dns, check_login, check_server
from plg.doctor.windows_programs import ANTIVIRUS, WINDOWS_FILTERS, check_antivirus, check_windows_filters
from plg.doctor.wireless import WIRELESS, check_wireless

QUICK_S: Final = 5.0
NETWORK_S: Final = 20.0
"""Implementation. Several steps of at most five seconds each, of which the first ones are shared."""
LONG_S: Final = 30.0

ALL: Final = (
    Check(RIGHTS, check_rights, QUICK_S),
    Check(KERNEL, check_kernel, QUICK_S),
    Check(FILTERS, check_filters, QUICK_S),
    Check(VPN, check_vpn, NETWORK_S),
    Check(WINDOWS_FILTERS, check_windows_filters, NETWORK_S),
    Check(ANTIVIRUS, check_antivirus, NETWORK_S),
    Check(LEFTOVERS, check_leftovers, QUICK_S),
    Check(DNS, check_dns, NETWORK_S),
    Check(SERVER, check_server, NETWORK_S),
    Check(CLOCK, check_clock, NETWORK_S),
    Check(LOGIN, check_login, NETWORK_S),
    Check(RELAYS, check_relays, NETWORK_S),
    Check(MTU, check_mtu, LONG_S),
    Check(NAT, check_nat, NETWORK_S),
    Check(IPV6, check_ipv6, NETWORK_S),
    Check(WIRELESS, check_wireless, QUICK_S),
    Check(LINE, check_line, LONG_S),
    Check(LOAD, check_load, LONG_S, opt_in=True, alone=True),
)
_WINDOWS_ONLY: Final = frozenset({WINDOWS_FILTERS, ANTIVIRUS})
_LINUX_ONLY: Final = frozenset({KERNEL, FILTERS, VPN, WIRELESS, MTU})


class UnknownCheck(Exception):
    """`name` is no check; the known ones are `check_names()`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def check_names() -> list[str]:
    """The checks that make sense on this system, in their order."""
    elsewhere = _LINUX_ONLY if sys.platform == "win32" else _WINDOWS_ONLY
    return [check.id for check in ALL if check.id not in elsewhere]


def choose_checks(only: Iterable[str] = (), *, with_load: bool = False) -> list[Check]:
    """The checks named, or all but those that must be asked for. Raises UnknownCheck."""
    here = check_names()
    wanted = list(dict.fromkeys(only))
    for name in wanted:
        if name not in here:
            raise UnknownCheck(name)
    if wanted:
        chosen = set(wanted) | ({LOAD} if with_load else set())
    else:
        chosen = {check.id for check in ALL if check.id in here and (not check.opt_in or with_load)}
    return [check for check in ALL if check.id in chosen]
