"""A whole match in fake time: the real protocol code of client and relay over calculated lines.

No socket, no clock, no sleep: an event heap moves the time, seeds give the chances, and the same scenario gives the same result. It
may be imported by `plg.cli`, benchmarks and tests; of the product it imports `plg.protocol` and the format of recordings.
"""
