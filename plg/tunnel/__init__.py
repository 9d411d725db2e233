"""The running client: packets from the capture go through a session to a relay and back; live numbers come out as snapshots.

`plg.cli` and `plg_tui` may import it. It never writes to a terminal, never touches the operating system's packets itself (that is
`plg.capture`), and never leaves a flow without a way: whatever fails, the game's packets go straight to the game again.
"""
