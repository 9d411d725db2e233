"""The lab: a whole network on one machine, to show and to prove what the booster does.

Network namespaces as small machines, links that delay and lose packets in a repeatable way, and a stand-in for a game.
`plg demo` and the end-to-end tests are built on it. It may be imported by `plg.cli` and by tests; all but `simulation` imports
`plg.contract` and the standard library only, so that what it measures never shares code with what is measured. It never
touches the machine's own network: everything happens on loopback or in namespaces that it made itself, or, in `simulation`,
in fake time and memory.
"""
