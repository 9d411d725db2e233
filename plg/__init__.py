"""PLGames Booster UP: the client side of an open game network booster.

Rooms, from the packet upwards: `protocol` (the wire, no I/O), `contract` (bodies of every API), `capture` (the operating
system's packets), `probe` (measurements), `api` (HTTP client of the server), `tunnel` (the running client), `cli` (commands).
The server, the relay and the dashboard are packages of their own: `plg_server`, `plg_relay`, `plg_tui`.
"""

__version__ = "0.1.0"
