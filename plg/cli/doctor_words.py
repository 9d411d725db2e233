"""What each code of the doctor means to a person: what was seen, and the next step."""

from typing import Final, NamedTuple

from plg.cli.language import N_
from plg.doctor.codes import Code


class Words(NamedTuple):
    """Marked for translation; the blanks are the finding's facts. `step` None: nothing to do."""

    seen: str
    step: str | None = None


_OPERATOR: Final = N_("check the address (--server, PLG_SERVER), and tell the server's operator")

WORDS: Final[dict[str, Words]] = {
    Code.CHECK_CRASHED: Words(
        N_("the check itself broke off: {why}"), N_("tell the developers, with: plg doctor --bundle FILE.zip")
    ),
    Code.CHECK_TIMED_OUT: Words(
        N_("no result within {limit_s} s"), N_("give the command again; if it stays so, see the checks that fail")
    ),
    Code.NO_SERVER: Words(N_("cannot be told: the server does not answer")),
    Code.NO_RELAY_ANSWERS: Words(N_("cannot be told: no relay answers")),
    Code.NOT_ON_THIS_SYSTEM: Words(N_("cannot be looked at on this system ({system})")),
    Code.RIGHTS_THERE: Words(N_("this process may capture by: {ways}")),
    Code.RIGHTS_MISSING_TUN_THERE: Words(N_("{what}; tun works and is taken instead")),
    Code.RIGHTS_MISSING: Words(
        N_("only the local proxy works: {what}"), N_("{remedy}; or use --capture proxy, which needs no rights")
    ),
    Code.KERNEL_COMPLETE: Words(N_("Linux {release} has BPF with its types, clsact and TUN; control groups: {cgroup}")),
    Code.KERNEL_TUN_ONLY: Words(
        N_("Linux {release} lacks for --capture divert: {lacks}; tun works"),
        N_("nothing must be done; a newer kernel of your distribution brings the quicker way"),
    ),
    Code.KERNEL_LACKS: Words(
        N_("Linux {release} lacks: {lacks}"),
        N_("load the driver with `sudo modprobe tun`, or use --capture proxy"),
    ),
    Code.FILTERS_NONE: Words(N_("no other program's filters or packet queues (further routing rules: {rules})")),
    Code.FILTERS_NONE_SEEN: Words(
        N_("no other program's filters; packet queues are shown to root only (further routing rules: {rules})")
    ),
    Code.FILTERS_OTHERS: Words(
        N_("other programs see packets too: filters {filters}; queues {queues}; routing rules {rules}"),
        N_("if the game's packets are not captured, end that program or use --capture tun"),
    ),
    Code.FILTERS_UNREADABLE: Words(N_("the kernel does not tell: {why}"), N_("run it with sudo")),
    Code.VPN_NONE: Words(N_("no VPN is up")),
    Code.VPN_UP: Words(N_("up: {interfaces}; the way to the relays does not lead through it")),
    Code.VPN_CARRIES_RELAYS: Words(
        N_("the way to the relays leads through the VPN {interface}"),
        N_("end the VPN while you play, or exempt the relays from it: every packet takes a detour"),
    ),
    Code.WINDOWS_FILTERS_NONE: Words(N_("no other packet filter driver is known to run")),
    Code.WINDOWS_FILTERS_FOUND: Words(
        N_("packet filter drivers run: {drivers}"),
        N_("if the game's packets are not captured, end the programs that they belong to"),
    ),
    Code.ANTIVIRUS_NONE: Words(N_("no antivirus program but the system's own")),
    Code.ANTIVIRUS_FOUND: Words(N_("antivirus: {programs}; if it stops the capture, exempt plg in it")),
    Code.LEFTOVERS_NONE: Words(N_("nothing is left of earlier runs")),
    Code.LEFTOVERS_RUNNING: Words(N_("in use now: captures {captures}, changes {changes}")),
    Code.LEFTOVERS_FOUND: Words(
        N_("left by a run that broke off: captures {captures}, changes {changes}"), N_("run: plg restore")
    ),
    Code.LEFTOVERS_UNREADABLE: Words(
        N_("records that cannot be read: {why}"), N_("look at that directory's owner and rights; then run: plg restore")
    ),
    Code.DNS_ANSWERS: Words(N_("{host} is {address}, found in {took_ms} ms")),
    Code.DNS_SLOW: Words(
        N_("{host} is {address}, but finding that took {took_ms} ms"), N_("use a nearer or quicker name server")
    ),
    Code.DNS_NOT_NEEDED: Words(N_("{host} is an address: no name to look up")),
    Code.DNS_FAILS: Words(
        N_("the name {host} is not found: {why}"),
        N_("check the address (--server, PLG_SERVER), the network and its name server"),
    ),
    Code.CLOCK_RIGHT: Words(N_("{ahead_s} s from the server's clock ({tolerated_s} s are tolerated)")),
    Code.CLOCK_OFF: Words(
        N_("{ahead_s} s from the server's clock; sessions work, times shown are wrong"),
        N_("let the system set the clock (on Linux: timedatectl set-ntp true)"),
    ),
    Code.CLOCK_FAR_OFF: Words(
        N_("{ahead_s} s from the server's clock: certificates look invalid"),
        N_("let the system set the clock (on Linux: timedatectl set-ntp true)"),
    ),
    Code.CLOCK_NO_DATE: Words(N_("the server does not tell its time")),
    Code.SERVER_ANSWERS: Words(
        N_("{where} answers in {answer_ms} ms (connection {connect_ms} ms, {tls}, certificate good for {days} days)")
    ),
    Code.SERVER_PLAIN: Words(
        N_("{where} answers in {answer_ms} ms, without encryption"),
        N_("use https but for a server on this machine: passwords and tokens can be read on the way"),
    ),
    Code.SERVER_CERTIFICATE_ENDS: Words(
        N_("{where} answers in {answer_ms} ms; its certificate ends in {days} days"),
        N_("tell the server's operator to renew the certificate"),
    ),
    Code.SERVER_NAME_UNKNOWN: Words(
        N_("{where}: the name is not found ({why})"),
        N_("check the address (--server, PLG_SERVER), the network and its name server"),
    ),
    Code.SERVER_REFUSED: Words(N_("{where}: nothing listens there ({why})"), _OPERATOR),
    Code.SERVER_SILENT: Words(
        N_("{where} does not answer ({why})"), N_("check the network and any firewall; then the address (--server)")
    ),
    Code.SERVER_NO_ROUTE: Words(
        N_("{where}: no way there from this network ({why})"), N_("check the cable, the Wi-Fi and the router")
    ),
    Code.SERVER_CERTIFICATE_BAD: Words(
        N_("{where}: the certificate is not trusted ({why})"),
        N_("check this machine's clock and the address; on a foreign network sign in at its page first"),
    ),
    Code.SERVER_TLS_FAILED: Words(N_("{where}: no encrypted connection ({why})"), _OPERATOR),
    Code.SERVER_NOT_HTTP: Words(N_("{where} does not speak HTTP ({why})"), _OPERATOR),
    Code.SERVER_ERROR: Words(N_("{where} answers with HTTP {status}"), _OPERATOR),
    Code.SERVER_BROKEN_OFF: Words(N_("{where} broke the connection off ({why})"), _OPERATOR),
    Code.LOGIN_GOOD: Words(N_("logged in; the token is {token_age_min} min old and holds {token_left_min} min")),
    Code.LOGIN_NONE: Words(N_("not logged in"), N_("run: plg login")),
    Code.LOGIN_OVER: Words(N_("the login is over or not accepted"), N_("run: plg login (and unset PLG_TOKEN)")),
    Code.LOGIN_DAMAGED: Words(N_("the login cannot be read: {why}"), N_("run: plg login")),
    Code.LOGIN_KEYRING: Words(
        N_("the login is in the system's keyring, which does not answer"),
        N_("unlock the keyring, or run: PLG_TOKEN_STORE=file plg login"),
    ),
    Code.LOGIN_REFUSED: Words(N_("the server does not take the login ({why})"), N_("run: plg login")),
    Code.RELAYS_ANSWER: Words(
        N_("{answered} of {asked} relays answer; nearest: {nearest}, {rtt_ms} ms, {loss_percent} % lost")
    ),
    Code.RELAYS_LOSSY: Words(
        N_("the nearest relay {nearest} ({rtt_ms} ms) loses {loss_percent} % of the pings"),
        N_("see the check 'line' for where; give the command again to rule out chance"),
    ),
    Code.RELAYS_SOME_SILENT: Words(
        N_("{answered} of {asked} relays answer (nearest: {nearest}, {rtt_ms} ms); silent: {silent}"),
        N_("nothing must be done: the others are used; a firewall may block UDP to the silent ones"),
    ),
    Code.RELAYS_ALL_SILENT: Words(
        N_("none of {asked} relays answers over UDP"),
        N_("let UDP to the relays' ports out in the firewall and the router; try another network"),
    ),
    Code.RELAYS_NONE_LISTED: Words(N_("the server knows no relay that is up"), N_("tell the server's operator")),
    Code.RELAYS_NO_TOKENS: Words(
        N_("{listed} relays are listed, but only who is logged in may ping them"), N_("run: plg login")
    ),
    Code.MTU_FITS: Words(N_("packets of {packet_bytes} bytes reach {relay} in one piece; PLG needs {needed_bytes}")),
    Code.MTU_SMALL: Words(
        N_("only packets of up to {packet_bytes} bytes reach {relay} in one piece; PLG needs {needed_bytes}"),
        N_("raise the MTU of the VPN, the tunnel or the router's uplink; large game packets may be lost"),
    ),
    Code.MTU_NO_ANSWER: Words(N_("{relay} does not answer such probes (it answers strangers only so often)")),
    Code.MTU_MASKED: Words(N_("{relay} hides what it is and so does not answer such probes")),
    Code.NAT_NONE: Words(N_("this machine has the public address {address}: no address translation")),
    Code.NAT_NONE_ON_THE_WAY: Words(
        N_("{told} of {asked} relays see this machine's own address {address}: no address translation on the way")
    ),
    Code.NAT_ENDPOINT_INDEPENDENT: Words(
        N_(
            "address translation with one mapping for all destinations ({mapping}, RFC 4787): {told} relays see {address} as {seen}; games that players host work best with it"
        )
    ),
    Code.NAT_SYMMETRIC: Words(
        N_(
            'address translation with another mapping for each destination ({mapping}, RFC 4787; "symmetric"): {told} relays see {address} as {seen}'
        ),
        N_(
            "PLG works behind it; for games that players host, look in the router for full cone or endpoint-independent NAT, switch UPnP on, or use IPv6"
        ),
    ),
    Code.NAT_CARRIER_GRADE: Words(
        N_("the provider shares one address among customers ({router} on the way; mapping: {mapping})"),
        N_("PLG works behind it; for games that players host, ask the provider for an address of your own or use IPv6"),
    ),
    Code.NAT_DOUBLE: Words(
        N_(
            "private routers stand one behind the other ({routers}): likely two address translations (mapping of both together: {mapping})"
        ),
        N_("PLG works behind them; for games that players host, put one of the routers into bridge mode"),
    ),
    Code.NAT_ONE_RELAY: Words(
        N_(
            "behind address translation ({address} is seen as {seen}); its type needs two relays at different addresses that tell, {told} did"
        )
    ),
    Code.NAT_RELAYS_TOO_OLD: Words(
        N_(
            "whether there is address translation cannot be told (own address {address}): none of {asked} relays says which address it sees, they are too old"
        ),
        N_("tell the server's operator to update the relays"),
    ),
    Code.NAT_TYPE_NOT_TOLD: Words(
        N_(
            "whether there is address translation cannot be told (own address {address}): no relay answers that could say which address it sees"
        )
    ),
    Code.IPV6_THERE: Words(N_("works, from {address}")),
    Code.IPV6_NONE: Words(N_("not here; PLG works over IPv4")),
    Code.IPV6_BROKEN: Words(
        N_("there is a way ({address}), but the server's IPv6 address does not answer"),
        N_("check the router's IPv6, or switch IPv6 off: connections wait for it"),
    ),
    Code.IPV6_RELAY_UNREACHABLE: Words(
        N_("not here, and some relays have IPv6 only: {relays}"), N_("choose other relays, or get IPv6")
    ),
    Code.WIRELESS_NOT_USED: Words(N_("the way out is not wireless ({interface})")),
    Code.WIRELESS_GOOD: Words(N_("{interface}: {level_dbm} dBm, a good signal")),
    Code.WIRELESS_WEAK: Words(
        N_("{interface}: {level_dbm} dBm, a weak signal ({retry_discards} packets given up)"),
        N_("go nearer to the router, use its 5 GHz network, or a cable"),
    ),
    Code.WIRELESS_BAD: Words(
        N_("{interface}: {level_dbm} dBm, a very weak signal ({retry_discards} packets given up)"),
        N_("use a cable, or go nearer to the router"),
    ),
    Code.WIRELESS_UNREADABLE: Words(N_("{interface} is wireless; its driver does not tell the signal")),
    Code.LINE_CLEAN: Words(N_("no trouble on the way: {places}")),
    Code.LINE_TROUBLE_ROUTER: Words(
        N_(
            "trouble begins between this machine and its router: {loss_percent} % lost, jitter {jitter_ms} ms ({places})"
        ),
        N_("change the cable or the router's port; see who else fills the line"),
    ),
    Code.LINE_TROUBLE_WIFI: Words(
        N_("trouble begins in the Wi-Fi: {loss_percent} % lost, jitter {jitter_ms} ms ({places})"),
        N_("use a cable, or the router's 5 GHz network near to it"),
    ),
    Code.LINE_TROUBLE_PROVIDER: Words(
        N_("trouble begins at the provider: {loss_percent} % lost, jitter {jitter_ms} ms ({places})"),
        N_("end downloads at home and measure again; then tell the provider, with these numbers"),
    ),
    Code.LINE_TROUBLE_BEYOND: Words(
        N_(
            "trouble begins behind the provider's first router: {loss_percent} % lost, jitter {jitter_ms} ms ({places})"
        ),
        N_(
            "try another relay (plg nodes, plg connect --node) or another time; two paths at once help (--mode redundant)"
        ),
    ),
    Code.LINE_TROUBLE_RELAY: Words(
        N_("trouble on the way to the relay alone: {loss_percent} % lost, jitter {jitter_ms} ms ({places})"),
        N_("take another relay: plg nodes, then plg connect --node NAME"),
    ),
    Code.LINE_TROUBLE_GAME: Words(
        N_("trouble on the direct way to the game alone: {loss_percent} % lost, jitter {jitter_ms} ms ({places})"),
        N_("this is what PLG is for: see plg explain for the game"),
    ),
    Code.LINE_NOT_MEASURED: Words(N_("cannot be told: nothing on the way answers")),
    Code.LOAD_STEADY: Words(
        N_("a ping takes {loaded_ms} ms while {sent_mbit_per_s} Mbit/s are sent, {idle_ms} ms otherwise")
    ),
    Code.LOAD_DELAYS: Words(
        N_("sending {sent_mbit_per_s} Mbit/s makes a ping {more_ms} ms longer ({idle_ms} -> {loaded_ms} ms)"),
        N_("switch queue management (SQM, CAKE, fq_codel) on in the router, or limit uploads while you play"),
    ),
    Code.LOAD_DELAYS_BADLY: Words(
        N_("sending {sent_mbit_per_s} Mbit/s makes a ping {more_ms} ms longer and loses {loss_percent} %"),
        N_("switch queue management (SQM, CAKE, fq_codel) on in the router, or limit uploads while you play"),
    ),
}
"""One entry for each code."""
