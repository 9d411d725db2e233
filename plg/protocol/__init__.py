"""The PLG wire protocol, sans-IO: bytes and time go in, bytes and events come out. Specified in SPEC.md.

Anybody may import it; it imports the standard library and `cryptography` only. It holds no sockets, no clock, no source of
randomness and no logging: the caller passes `now` (seconds of any monotonic clock) and an `entropy` function.

Order of the files is the order in which a packet meets them: `constants`, `errors`, `header`, `keys`, `ticket`, `probe`,
`handshake`, `frames`, `fragments`, `destination`, `sequence_window`, `packet_crypto`, `path_meter`, `events`,
`session_core`, `client_flows`, `client_session`, `relay_handshake`, `relay_session`, `mask`.
"""
